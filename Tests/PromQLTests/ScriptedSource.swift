import PromQL
import Samples
import Text

/// Series in memory, given in the notation of rule unit tests.
struct ScriptedSource: SampleSource {
    var series: [Series] = []

    /// - Parameter seconds: the interval between values; the first is at time 0.
    init(every seconds: Int64 = 60, _ notations: KeyValuePairs<String, String> = [:]) throws {
        for (description, values) in notations {
            var points: [Point] = []
            for (index, item) in try SeriesNotation.values(values).enumerated() {
                switch item {
                case .value(let value): points.append(Point(t: Int64(index) * seconds * 1000, v: value))
                case .stale: points.append(Point(t: Int64(index) * seconds * 1000, v: StaleMarker.value))
                case .missing: break
                }
            }
            series.append(Series(try SeriesNotation.labels(description), points))
        }
    }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
        series.compactMap { one in
            guard matchers.allSatisfy({ $0.matches(one.labels) }) else { return nil }
            let points = one.points.filter { $0.t > start && $0.t <= end }
            return points.isEmpty ? nil : Series(one.labels, points)
        }
    }

    /// The result of an expression at a time in seconds, each element as text, in order: `a{b="c"} 1.5`.
    func lines(_ text: String, at seconds: Double = 0) throws -> [String] {
        switch try Evaluator(source: self).instant(try Expression.parse(text), at: Timestamp(seconds: seconds)) {
        case .scalar(let value): [goFormat(value)]
        case .string(let text): [text]
        case .vector(let samples): samples.map { "\($0.labels) \(goFormat($0.value))" }
        case .matrix(let series):
            series.map { one in "\(one.labels) " + one.points.map { "\(goFormat($0.v))@\($0.t)" }.joined(separator: " ")
            }
        }
    }
}

import Foundation
import PromQL
import Samples
import Testing
import Text
import YAML

/// Prometheus' own engine tests, in promtool's format. Conformance/README.md names their source.
struct ConformanceTests {
    static let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Conformance")

    static func files(_ sub: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.appending(path: sub).path)) ?? []
        return names.filter { $0.hasSuffix(".yaml") }.sorted().map { sub.isEmpty ? $0 : sub + "/" + $0 }
    }

    /// Without this, a moved folder would make the next two pass on nothing.
    @Test func filesAreThere() {
        #expect(ConformanceTests.files("").count >= 12)
        #expect(!ConformanceTests.files("newer").isEmpty && !ConformanceTests.files("must_fail").isEmpty)
    }

    @Test(arguments: files("") + files("newer"))
    func holds(file: String) throws {
        let failures = try run(file)
        #expect(failures.isEmpty, "\(failures.joined(separator: "\n"))")
    }

    @Test(arguments: files("must_fail"))
    func fails(file: String) throws {
        #expect(try !run(file).isEmpty)
    }

    private func run(_ file: String) throws -> [String] {
        let root = try Node.parse(
            Array(try Data(contentsOf: ConformanceTests.folder.appending(path: file))), file: file)
        var failures: [String] = []
        for test in root["tests"]?.sequence ?? [] {
            let interval = Duration(prometheus: test["interval"]?.scalar ?? "1m")?.milliseconds ?? 60_000
            var series: [Series] = []
            for input in test["input_series"]?.sequence ?? [] {
                let labels = try SeriesNotation.labels(input["series"]?.scalar ?? "")
                var points: [Point] = []
                for (index, item) in try SeriesNotation.values(input["values"]?.scalar ?? "").enumerated() {
                    switch item {
                    case .value(let value): points.append(Point(t: Int64(index) * interval, v: value))
                    case .stale: points.append(Point(t: Int64(index) * interval, v: StaleMarker.value))
                    case .missing: break
                    }
                }
                series.append(Series(labels, points))
            }
            let evaluator = Evaluator(source: Fixed(series: series))
            for check in test["promql_expr_test"]?.sequence ?? [] {
                let text = check["expr"]?.scalar ?? ""
                let at = Duration(prometheus: check["eval_time"]?.scalar ?? "0") ?? .zero
                let place = "\(check.position): \(text)"
                var expected: [Labels: [Double]] = [:]
                for sample in check["exp_samples"]?.sequence ?? [] {
                    let labels = try SeriesNotation.labels(sample["labels"]?.scalar ?? "{}")
                    expected[labels, default: []].append(ConformanceTests.number(sample["value"]?.scalar ?? "0"))
                }
                do {
                    let value = try evaluator.instant(
                        try Expression.parse(text), at: Timestamp(milliseconds: at.milliseconds))
                    var got: [Labels: [Double]] = [:]
                    switch value {
                    case .scalar(let number): got[.empty] = [number]
                    case .vector(let vector):
                        for sample in vector { got[sample.labels, default: []].append(sample.value) }
                    default: failures.append("\(place): not a vector")
                    }
                    if !ConformanceTests.same(expected, got) {
                        failures.append(
                            "\(place)\n  exp: \(ConformanceTests.show(expected))\n  got: \(ConformanceTests.show(got))")
                    }
                } catch {
                    failures.append("\(place): \(error)")
                }
            }
        }
        return failures
    }

    private static func number(_ text: String) -> Double {
        switch text.lowercased() {
        case ".inf", "+.inf", "inf", "+inf": .infinity
        case "-.inf", "-inf": -.infinity
        case ".nan", "nan": .nan
        default: Double(text) ?? .nan
        }
    }

    private static func same(_ a: [Labels: [Double]], _ b: [Labels: [Double]]) -> Bool {
        guard a.keys == b.keys || Set(a.keys) == Set(b.keys) else { return false }
        return a.allSatisfy { labels, values in
            let others = b[labels] ?? []
            return values.count == others.count
                && zip(values, others).allSatisfy { x, y in
                    if x.isNaN || y.isNaN { return x.isNaN && y.isNaN }
                    return x == y || abs(x - y) <= 1e-6 * max(abs(x), abs(y))
                }
        }
    }

    private static func show(_ values: [Labels: [Double]]) -> String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.map(goFormat).joined(separator: " "))" }.joined(
            separator: "; ")
    }

    private struct Fixed: SampleSource {
        let series: [Series]

        func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
            series.compactMap { one in
                guard matchers.allSatisfy({ $0.matches(one.labels) }) else { return nil }
                let points = one.points.filter { $0.t > start && $0.t <= end }
                return points.isEmpty ? nil : Series(one.labels, points)
            }
        }
    }
}

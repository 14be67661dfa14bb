import ArgumentParser
import PromQL
import Rules
import Samples
import Text

/// Recorded series from Prometheus' API, which an agent serves too.
struct ReplaySource {
    let client: AgentClient

    /// The time span of one request: its answer must fit the limits of an agent.
    private static let step = Duration.seconds(1800)
    /// How far before the span a rule may look; more would need another request.
    private static let reachLimit = Duration.seconds(86_400)

    private struct Answer: Decodable {
        struct Payload: Decodable { var result: [One] }
        struct One: Decodable {
            var metric: [String: String]
            var values: [QueryPoint]
        }
        var data: Payload
    }

    /// The series that rules read, with all points of the span and of the time before it that the rules look back.
    /// - Throws: `ExitCode`, after printing the reason.
    func series(of rules: RuleSet, _ from: Timestamp, _ to: Timestamp) async throws -> [Series] {
        let uses = rules.groups.flatMap(\.rules).flatMap(\.query.expression.selectors)
        let recorded = Set(rules.groups.flatMap(\.rules).filter { $0.kind == .recording }.map(\.name))
        var reaches: [String: Duration] = [:]
        for use in uses {
            guard let name = use.name else {
                Terminal.error("a selector without a metric's name would read everything; name the metric")
                throw ExitCode.failure
            }
            // What the rules record is computed again, and so are their alerts.
            guard !recorded.contains(name), name != "ALERTS", name != "ALERTS_FOR_STATE" else { continue }
            reaches[name] = max(reaches[name] ?? .zero, min(use.reach, ReplaySource.reachLimit))
        }
        var all: [Labels: [Point]] = [:]
        for (name, reach) in reaches.sorted(by: { $0.key < $1.key }) {
            var end = from - reach
            while end < to {
                let start = end
                end = min(end + ReplaySource.step, to)
                for one in try await points(name, start, end) { all[one.labels, default: []] += one.points }
            }
        }
        return all.map { Series($0.key, $0.value) }.sorted { $0.labels < $1.labels }
    }

    /// The points after the start, up to the end.
    private func points(_ name: String, _ start: Timestamp, _ end: Timestamp) async throws -> [Series] {
        let span = (end - start).prometheusDescription
        let selector = "{__name__=\(name.quotedAsInGo)}[\(span)]"
        let answer = try await client.query(
            Answer.self, "/api/v1/query?query=\(PercentCoding.encode(selector))&time=\(goFormatPlain(end.seconds))")
        return answer.data.result.map { one in
            let points = one.values.compactMap { point -> Point? in
                guard let value = Double(point.value), let time = Int64(exactly: (point.time * 1000).rounded()),
                    time > start.milliseconds
                else { return nil }
                return Point(t: time, v: value)
            }
            return Series(Labels(one.metric), points)
        }
    }
}

import ArgumentParser
import FoundationEssentials
import Platform
import Probes
import PromQL
import Samples
import Text
import TimeZones

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Evaluate a PromQL expression on a running agent.",
        discussion: """
            Exits with 1 if a metric of the expression does not exist, with 0 if it exists and nothing matches.
            --output=promtool prints what promtool query does, for scripts; json is the answer of the API.
            Examples:
              vaultwatch query 'vault_node_sealed == 1'
              vaultwatch query 'rate(vault_canary_reads_total[5m])' --range 1h --step 1m
            """)

    @Argument(help: "The PromQL expression.")
    var expression: String

    @OptionGroup var agent: AgentURLOptions

    @Option(help: "Evaluation time: RFC 3339 or seconds since the epoch.")
    var at: String?

    @Option(help: "Evaluate over this range up to then, such as 1h.")
    var range: String?

    @Option(help: "Step of a range query.")
    var step = "1m"

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, promtool
    }

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format.")
    var format: Format = .text

    /// The answer of Prometheus' query API.
    struct Answer: Decodable {
        struct Payload: Decodable {
            var resultType: String
            var result: Result
        }

        enum Result: Decodable {
            case series([Series])
            case scalar(QueryPoint)

            init(from decoder: any Decoder) throws {
                if let series = try? [Series](from: decoder) {
                    self = .series(series)
                } else {
                    self = .scalar(try QueryPoint(from: decoder))
                }
            }
        }

        struct Series: Decodable {
            var metric: [String: String]
            var value: QueryPoint?
            var values: [QueryPoint]?
        }

        var data: Payload
    }

    func run() async throws {
        // A syntax error is reported with its position, without a request.
        let parsed: PromQL.Expression
        do {
            parsed = try Expression.parse(expression)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
        if let at, QueryCommand.seconds(at) == nil {
            throw ValidationError("--at: expected RFC 3339 or seconds since the epoch, found \"\(at)\"")
        }
        var path = "/api/v1/query?query=\(PercentCoding.encode(expression))"
        if let range {
            guard let span = Duration(prometheus: range), let width = Duration(prometheus: step) else {
                throw ValidationError("--range and --step: expected durations such as 1h")
            }
            let end = at.flatMap(QueryCommand.seconds) ?? SystemTime().wall().seconds
            path =
                "/api/v1/query_range?query=\(PercentCoding.encode(expression))&start=\(end - span.seconds)&end=\(end)&step=\(width.seconds)"
        } else if let at {
            path += "&time=\(PercentCoding.encode(at))"
        }
        let client = try agent.client()
        let body = try await client.query(path)
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(body)) else {
            Terminal.error("query error: not an answer of Prometheus' API")
            throw ExitCode.failure
        }
        switch format {
        case .json: JSONOutput.print(body)
        case .promtool: for line in QueryCommand.promtool(answer.data.result) { print(line) }
        case .text:
            let display = Display.current()
            for line in QueryCommand.text(answer.data.result, display, LocalZone.current()) { print(line) }
        }
        guard case .series(let series) = answer.data.result, series.isEmpty else { return }
        let names = Set(parsed.selectors.compactMap(\.name))
        let unknown = try await unknown(names, client)
        for finding in unknown { Terminal.error(finding) }
        if !unknown.isEmpty { throw ExitCode.failure }
        if format == .text { Terminal.error("nothing matches: the expression has no series as its result") }
    }

    /// A sentence for each metric that neither the agent nor its probes know.
    private func unknown(_ names: Set<String>, _ client: AgentClient) async throws -> [String] {
        struct Names: Decodable { var data: [String] }
        let bytes = try await client.query("/api/v1/label/__name__/values")
        guard let known = try? JSONDecoder().decode(Names.self, from: Data(bytes)).data else { return [] }
        return QueryCommand.unknown(names, known: Set(known))
    }

    /// - Parameter known: the metrics that have series.
    static func unknown(_ names: Set<String>, known: Set<String>) -> [String] {
        let usual: Set<String> = ["ALERTS", "ALERTS_FOR_STATE"]
        return names.sorted().filter { name in
            !known.contains(name) && !usual.contains(name) && Catalogue.entry(forSeries: name) == nil
        }.map { name in
            let hint = nearest(name, in: known.union(Catalogue.entries.flatMap(\.seriesNames)))
            return "there is no metric \(name)" + (hint.map { "; did you mean \($0)?" } ?? "")
        }
    }

    /// As promtool prints it. Source: prometheus/prometheus, cmd/promtool, `query instant` and `query range`.
    private static func promtool(_ result: Answer.Result) -> [String] {
        switch result {
        case .scalar(let point): return ["scalar: \(point.value) @[\(goFormatPlain(point.time))]"]
        case .series(let series):
            return series.flatMap { one -> [String] in
                let labels = Labels(one.metric)
                let point = one.value.map { ["\(labels) => \($0.value) @[\(goFormatPlain($0.time))]"] } ?? []
                let points = one.values.map { values in
                    ["\(labels) =>"] + values.map { "\($0.value) @[\(goFormatPlain($0.time))]" }
                }
                return point + (points ?? [])
            }
        }
    }

    /// For people: the values beside their series, and the time once where all have the same.
    private static func text(_ result: Answer.Result, _ display: Display, _ zone: TimeZoneData) -> [String] {
        switch result {
        case .scalar(let point): return Paragraph("\(point.value)  at \(time(point, display, zone))").lines(display)
        case .series(let series):
            var lines: [String] = []
            let rows = series.compactMap { one in one.value.map { [Labels(one.metric).description, $0.value] } }
            if !rows.isEmpty {
                var table = TextTable(["Series", .rigid("Value")], texts: rows)
                table.hidesTitles = true
                lines += table.lines(display)
            }
            if let point = series.lazy.compactMap(\.value).first {
                lines += Paragraph("at \(time(point, display, zone))").lines(display)
            }
            for one in series {
                guard let points = one.values else { continue }
                lines += Paragraph(Labels(one.metric).description, style: .bold).lines(display)
                for point in points {
                    lines += Paragraph(point.value, lead: [.init("  \(time(point, display, zone))  ")]).lines(display)
                }
            }
            return lines
        }
    }

    /// On a terminal in its zone, else in UTC.
    private static func time(_ point: QueryPoint, _ display: Display, _ zone: TimeZoneData) -> String {
        let at = Timestamp(seconds: point.time)
        guard display.isTerminal, zone.offset(at: at) != 0 else { return at.amtoolText }
        let local = at + .seconds(zone.offset(at: at))
        return local.amtoolText.dropLast(3) + zone.abbreviation(at: at)
    }

    private static func seconds(_ text: String) -> Double? { Double(text) ?? Timestamp(rfc3339: text)?.seconds }
}

import ArgumentParser
import FoundationEssentials
import PromQL
import Samples
import Text

struct QueryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "query",
        abstract: "Evaluate a PromQL expression on a running agent.",
        discussion: """
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

    private struct Answer: Decodable {
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
        do {
            _ = try Expression.parse(expression)
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
            let end = at.flatMap(QueryCommand.seconds) ?? Date().timeIntervalSince1970
            path =
                "/api/v1/query_range?query=\(PercentCoding.encode(expression))&start=\(end - span.seconds)&end=\(end)&step=\(width.seconds)"
        } else if let at {
            path += "&time=\(PercentCoding.encode(at))"
        }
        let answer = try await agent.client().query(Answer.self, path)
        switch answer.data.result {
        case .scalar(let point): print("scalar: \(point.value) @[\(goFormatPlain(point.time))]")
        case .series(let series):
            for one in series {
                let labels = Labels(one.metric)
                if let point = one.value { print("\(labels) => \(point.value) @[\(goFormatPlain(point.time))]") }
                if let points = one.values {
                    print("\(labels) =>")
                    for point in points { print("\(point.value) @[\(goFormatPlain(point.time))]") }
                }
            }
        }
    }

    private static func seconds(_ text: String) -> Double? { Double(text) ?? Timestamp(rfc3339: text)?.seconds }
}

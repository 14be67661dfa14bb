import ArgumentParser
import Config
import Dispatching
import Platform
import Rules
import Samples
import Text
import YAML

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Show what rules would have told in the past: to whom, when and how often.",
        discussion: """
            Reads the series that the rules need from a running agent, which has a few hours, or from a Prometheus, and
            evaluates the rules as the agent does. The API does not report ends of series: a series that pauses for three times
            its usual distance between two points counts as ended.
            Examples:
              vaultwatch replay new-rules.yml --from 3h
              vaultwatch replay rules/*.yml --url=http://prometheus:9090 --config.file=vaultwatch.yml \\
                --from 2026-11-28T00:00:00Z --to 2026-11-29T00:00:00Z
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: DataOptions

    @Option(help: "The start: RFC 3339, or a duration before now.")
    var from = "1h"

    @Option(help: "The end: RFC 3339, or a duration before now. Default: now.")
    var to: String?

    @Option(
        name: .customLong("config.file"),
        help: "A configuration with the routes. Default: one receiver, grouped by alertname and cluster.")
    var configFile: String?

    @Option(help: "How often groups without an interval of their own are evaluated.")
    var evaluationInterval = "5s"

    @Argument(help: "Rule files.")
    var files: [String]

    private static let spanLimit = Duration.seconds(31 * 86_400)

    func run() async throws {
        let now = SystemTime().wall()
        let end = try to.map { try time($0, "--to", now) } ?? now
        let start = try time(from, "--from", now)
        guard start < end, end - start <= ReplayCommand.spanLimit else {
            throw ValidationError("--from must lie before --to, by 31 days at most")
        }
        guard let interval = Duration(prometheus: evaluationInterval), interval > .zero else {
            throw ValidationError("--evaluation-interval: expected a duration such as 5s")
        }
        let errors = ErrorList()
        let rules = RuleSet.load(files, files: SystemFiles(), errors: errors)
        guard errors.isEmpty, !rules.groups.isEmpty else {
            for error in errors.errors { Terminal.error(error.description) }
            if errors.isEmpty { Terminal.error("\(files.joined(separator: ", ")): no rules found") }
            throw ExitCode.failure
        }
        let route =
            try configFile.map { try RoutingOptions.route(of: $0) }
            ?? Route(receiver: "everybody", groupBy: .labels(["alertname", "cluster"]), groupWait: .milliseconds(200))
        let series = try await ReplaySource(client: try agent.client()).series(of: rules, start, end)
        let replay = Replay(rules, series: series, route: route, from: start, to: end, interval: interval)
        if output.isJSON { try JSONOutput.print(ReplayBody(replay)) } else { show(replay, span: end - start) }
        for (rule, error) in replay.failures.sorted(by: { $0.key < $1.key }) {
            Terminal.error("rule \(rule): \(error)")
        }
    }

    /// The result as JSON.
    private struct ReplayBody: Encodable {
        struct Message: Encodable {
            var at: String
            var receiver: String
            var reason: String
            var text: String
        }
        struct Count: Encodable {
            var fired: Int
            var longestSeconds: Double
            var totalSeconds: Double
        }
        var messages: [Message]
        var alerts: [String: Count]
        var failures: [String: String]

        init(_ replay: Replay) {
            messages = replay.messages.map {
                Message(at: $0.at.rfc3339, receiver: $0.receiver, reason: $0.reason, text: $0.text)
            }
            alerts = replay.counts.mapValues {
                Count(fired: $0.fired, longestSeconds: $0.longest.seconds, totalSeconds: $0.total.seconds)
            }
            failures = replay.failures
        }
    }

    private func show(_ replay: Replay, span: Duration) {
        let display = Display.current()
        let rows = replay.messages.map { [$0.at.amtoolText, $0.receiver, $0.reason, $0.text] }
        if !rows.isEmpty {
            let columns: [TextTable.Column] = [.rigid("At"), "Receiver", .rigid("Reason"), "Message"]
            print(TextTable(columns, texts: rows).render(display) + "\n")
        }
        let counts = replay.counts.sorted { ($1.value.fired, $0.key) < ($0.value.fired, $1.key) }.map { name, count in
            [name, String(count.fired), Words.duration(count.longest), Words.duration(count.total)]
        }
        if !counts.isEmpty {
            let columns: [TextTable.Column] = ["Alert", .rigid("Fired"), .rigid("Longest"), .rigid("Together")]
            print(TextTable(columns, texts: counts).render(display) + "\n")
        }
        let receivers = Dictionary(grouping: replay.messages, by: \.receiver).sorted { $0.key < $1.key }.map {
            "\($0.key) \($0.value.count)"
        }
        let told = Words.count(replay.messages.count, "message")
        let summary =
            "\(told) in \(Words.duration(span))"
            + (receivers.isEmpty ? "" : ": \(receivers.joined(separator: ", "))")
        print(display.fitted(summary))
    }

    private func time(_ text: String, _ option: String, _ now: Timestamp) throws -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        if let span = Duration(prometheus: text), span <= ReplayCommand.spanLimit { return now - span }
        throw ValidationError("\(option): expected RFC 3339 or a duration such as 3h, found \"\(text)\"")
    }
}

import ArgumentParser
import Config
import Dispatching
import Platform
import Rules
import Samples
import Text
import YAML

struct RoutesDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show which alerts another configuration would route differently: to which receivers, and when.",
        discussion: """
            Compares every alert of the rule files, once for each severity that a rule sets, and those that fire on the
            agent of --url. Exits with 0 if nothing differs, else with 1.
            Examples:
              vaultwatch routes diff /etc/vaultwatch/vaultwatch.yml new.yml
              vaultwatch routes diff --rules 'rules/*.yml' --url=http://localhost:9321 old.yml new.yml
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: DataOptions

    @Option(help: "Rule files, as a path or a pattern; repeatable. Default: /usr/share/vaultwatch/rules/*.yml.")
    var rules: [String] = []

    @Argument(help: "The current configuration, of vaultwatch or Alertmanager.")
    var old: String

    @Argument(help: "The other configuration.")
    var new: String

    func run() async throws {
        let (before, after) = (try RoutingOptions.tree(of: old), try RoutingOptions.tree(of: new))
        let errors = ErrorList()
        let files = rules.isEmpty ? ["/usr/share/vaultwatch/rules/*.yml"] : rules
        let set = RuleSet.load(files, files: SystemFiles(), errors: errors)
        guard errors.isEmpty else {
            for error in errors.errors { Terminal.error(error.description) }
            throw ExitCode.failure
        }
        var alerts = set.alertLabels
        if agent.url != nil {
            struct Firing: Decodable { var labels: [String: String] }
            alerts += try await agent.client().get([Firing].self, "/api/v2/alerts").map { Labels($0.labels) }
        }
        guard !alerts.isEmpty else {
            Terminal.error("\(files.joined(separator: ", ")): no alerts there; --rules names the rule files")
            throw ExitCode.failure
        }
        let diff = RoutingDiff(from: before, to: after, over: alerts)
        if output.isJSON {
            struct Change: Encodable {
                var labels: [String: String]
                var before: [String]
                var after: [String]
            }
            try JSONOutput.print(
                diff.changes.map { Change(labels: $0.labels.dictionary, before: $0.before, after: $0.after) })
        } else {
            let display = Display.current()
            for change in diff.changes { print(display.fitted(change.description)) }
        }
        let (changed, all) = (diff.changes.count, Words.count(diff.count, "alert"))
        Terminal.error("\(changed) of \(all) \(changed == 1 ? "is" : "are") told otherwise")
        if !diff.changes.isEmpty { throw ExitCode.failure }
    }
}

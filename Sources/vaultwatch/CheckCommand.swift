import Agent
import ArgumentParser
import Config
import Delivery
import Platform
import Probes
import PromQL
import Rules
import Samples
import Web
import YAML

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Checks files before they are used.", subcommands: [CheckConfigCommand.self, CheckRulesCommand.self])
}

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Checks a configuration file and the rule files that it names.",
        discussion: """
            Exits 0 when all is right and 1 after telling everything that is not, as file:line:column.
            Examples:
              vaultwatch check config /etc/vaultwatch/vaultwatch.yml
              vaultwatch check config --live vaultwatch.yml       also asks each target and receiver
            """)

    @Argument(help: "The configuration file.")
    var file = "/etc/vaultwatch/vaultwatch.yml"

    @Flag(help: "Also ask each target once, try each receiver's endpoint, and print what was found.")
    var live = false

    func run() async throws {
        let configuration = try ConfigOptions.load(file)
        let errors = ErrorList()
        let rules = RuleSet.load(configuration.ruleFiles, files: SystemFiles(), errors: errors)
        if !errors.isEmpty {
            for error in errors.errors { Terminal.error("\(error)") }
            throw ExitCode.failure
        }
        let nodes = configuration.vault.reduce(0) { $0 + $1.nodes.count }
        let sets = configuration.backups.reduce(0) { $0 + $1.sets.count }
        print(
            "\(file): fine: \(nodes) Vault nodes in \(configuration.vault.count) clusters, \(configuration.postgres.count) PostgreSQL servers, \(sets) backup sets, \(rules.groups.reduce(0) { $0 + $1.rules.count }) rules, \(configuration.delivery.receivers.count) receivers")
        guard live else { return }
        let status = try await StatusCommand.look(configuration)
        print("")
        print(StatusText(colour: Terminal.hasColour).render(status))
        let endpoints = await EndpointCheck.run(configuration.delivery)
        if !endpoints.isEmpty {
            print("")
            print(Terminal.table(["RECEIVER", "INTEGRATION", "ENDPOINT", "ANSWER"], endpoints.map { [$0.receiver, $0.integration, $0.endpoint, $0.answer] }))
        }
        let isReachable = endpoints.allSatisfy(\.isReachable)
        if status.health == .critical || status.health == .unknown || !isReachable { throw ExitCode.failure }
    }
}

struct CheckRulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Checks rule files.",
        discussion: """
            Exits 0 when all is right, 1 for mistakes, 3 for findings: duplicate rules, metrics that nothing exports,
            a "for" shorter than the poll interval.
            Example:
              vaultwatch check rules rules/*.yml
            """)

    @Argument(help: "Rule files.")
    var files: [String]

    @Option(help: "A \"for\" shorter than this can't tell one bad poll from two.")
    var pollInterval = "5s"

    func run() async throws {
        var findings = 0
        var mistakes = 0
        for file in files {
            let errors = ErrorList()
            let set = RuleSet.load([file], files: SystemFiles(), errors: errors)
            print("Checking \(file)")
            guard errors.isEmpty else {
                print("  FAILED:")
                for error in errors.errors { print("  \(error)") }
                mistakes += errors.errors.count
                continue
            }
            let found = set.findings().map(\.description) + lint(set)
            findings += found.count
            print("  SUCCESS: \(set.groups.reduce(0) { $0 + $1.rules.count }) rules found")
            for finding in found { print("  \(finding)") }
            print("")
        }
        if mistakes > 0 { throw ExitCode.failure }
        if findings > 0 { throw ExitCode(3) }
    }

    private func lint(_ set: RuleSet) -> [String] {
        var found: [String] = []
        let poll = Duration(prometheus: pollInterval) ?? .seconds(5)
        let recorded = Set(set.groups.flatMap(\.rules).filter { $0.kind == .recording }.map(\.name))
        for rule in set.groups.flatMap(\.rules) {
            for name in (rule.metricNames ?? []).sorted() where !recorded.contains(name) && !CheckRulesCommand.isExported(name) {
                found.append("\(rule.place): \(rule.name) reads \(name), which no probe exports")
            }
            if rule.hold > .zero, rule.hold < poll {
                found.append("\(rule.place): \(rule.name): for \(rule.hold.prometheusDescription) is shorter than the poll interval")
            }
        }
        return found
    }

    /// What the probes or the agent itself export. The agent's own names all have its prefix.
    private static func isExported(_ name: String) -> Bool {
        Catalogue.entry(forSeries: name) != nil || name.hasPrefix("vaultwatch_") || name.hasPrefix("process_") || name == "ALERTS" || name == "ALERTS_FOR_STATE"
    }
}

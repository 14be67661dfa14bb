import Agent
import ArgumentParser
import Config
import Delivery
import Platform
import Probes
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

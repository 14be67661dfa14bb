import Agent
import ArgumentParser
import Config
import Delivery
import Dispatching
import Platform
import Probes
import Rules
import Samples
import Web
import YAML

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check configuration and rule files.",
        subcommands: [CheckConfigCommand.self, CheckRulesCommand.self])
}

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check a configuration file and its rule files.",
        discussion: """
            Exits with 0 if the files are valid, else with 1 after printing all errors as file:line:column. An Alertmanager
            configuration is recognised and checked as such, like amtool check-config.
            Examples:
              vaultwatch check config /etc/vaultwatch/vaultwatch.yml
              vaultwatch check config --live vaultwatch.yml       also probe each target and receiver
              vaultwatch check config alertmanager.yml
            """)

    @Argument(help: "The configuration file.")
    var file = "/etc/vaultwatch/vaultwatch.yml"

    @Flag(help: "Also probe each target once, connect to each receiver, and print the results.")
    var live = false

    func run() async throws {
        if try checkAlertmanager() { return }
        let configuration = try ConfigOptions.load(file)
        try checkTemplates(configuration.delivery)
        let errors = ErrorList()
        let rules = RuleSet.load(configuration.ruleFiles, files: SystemFiles(), errors: errors)
        if !errors.isEmpty {
            for error in errors.errors { Terminal.error("\(error)") }
            throw ExitCode.failure
        }
        let nodes = configuration.vault.reduce(0) { $0 + $1.nodes.count }
        let sets = configuration.backups.reduce(0) { $0 + $1.sets.count }
        print(
            "\(file): fine: \(nodes) Vault nodes in \(configuration.vault.count) clusters, \(configuration.postgres.count) PostgreSQL servers, \(sets) backup sets, \(rules.groups.reduce(0) { $0 + $1.rules.count }) rules, \(configuration.delivery.receivers.count) receivers"
        )
        guard live else { return }
        let status = try await StatusCommand.look(configuration)
        print("")
        print(StatusText(colour: Terminal.hasColour).render(status))
        let endpoints = await EndpointCheck.run(configuration.delivery)
        if !endpoints.isEmpty {
            print("")
            print(
                Terminal.table(
                    ["RECEIVER", "INTEGRATION", "ENDPOINT", "ANSWER"],
                    endpoints.map { [$0.receiver, $0.integration, $0.endpoint, $0.answer] }))
        }
        let isReachable = endpoints.allSatisfy(\.isReachable)
        if status.health == .critical || status.health == .unknown || !isReachable { throw ExitCode.failure }
    }

    /// - Returns: whether the file is an Alertmanager configuration.
    private func checkAlertmanager() throws -> Bool {
        let alertmanager: AlertmanagerFile
        do {
            guard let found = try AlertmanagerFile.load(file, files: SystemFiles(), environment: Environment.all())
            else { return false }
            alertmanager = found
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
        try checkTemplates(alertmanager.delivery)
        print(
            """
            Checking '\(file)'  SUCCESS
            Found:
             - global config
             - route
             - \(alertmanager.dispatch.inhibitRules.count) inhibit rules
             - \(alertmanager.delivery.receivers.count) receivers
             - \(alertmanager.delivery.templates.count) templates
            """)
        print(alertmanager.delivery.templates.isEmpty ? "" : "  SUCCESS\n")
        return true
    }

    /// Loads the notification templates; the agent does not start with an invalid one.
    private func checkTemplates(_ options: DeliveryOptions) throws {
        do {
            _ = try Composer(templates: options.templates, externalURL: options.externalURL, files: SystemFiles())
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
    }
}

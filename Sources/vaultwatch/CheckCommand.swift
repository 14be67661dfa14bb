import ArgumentParser
import Config
import Delivery
import Dispatching
import Platform
import Probes
import Rules
import Samples
import Text
import Transport
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
              vaultwatch check config --as-service --live         as root: with the account of the installed service
              vaultwatch check config alertmanager.yml
            """)

    @Argument(help: "The configuration file.")
    var file = "/etc/vaultwatch/vaultwatch.yml"

    @Flag(help: "Also probe each target once, connect to each receiver, and print the results.")
    var live = false

    @Flag(
        help: """
            Read files with the account, environment and credentials of the installed vaultwatch.service; needs root.
            """)
    var asService = false

    func run() async throws {
        var files: any FileAccess = SystemFiles()
        var environment = Environment.all()
        if asService {
            do throws(ServiceUnitError) {
                let unit = try ServiceUnit.installed()
                let service = try ServiceFiles(unit)
                environment = unit.variables(files)
                files = service
                for sentence in service.staleCredentials() { Terminal.error("warning: \(sentence)") }
            } catch {
                Terminal.error("--as-service: \(error)")
                throw ExitCode.failure
            }
        }
        if try checkAlertmanager(files, environment) { return }
        let configuration = try ConfigOptions.load(file, files: files, environment: environment)
        try checkTemplates(configuration.delivery, files)
        if let path = configuration.web.configFile {
            do {
                _ = try WebFile.load(path, files: files, environment: environment)
            } catch {
                Terminal.error(error.description)
                throw ExitCode.failure
            }
        }
        if configuration.web.allowsAnonymousChanges {
            Terminal.error(
                "warning: web.allow_anonymous_changes is true: any client that reaches \(configuration.web.listenAddresses.joined(separator: ", ")) can silence every alert, and make up and end alerts; use web.users and web.tokens instead"
            )
        }
        warn(of: configuration.dispatch)
        let errors = ErrorList()
        let rules = RuleSet.load(configuration.ruleFiles, files: files, errors: errors)
        if !errors.isEmpty {
            for error in errors.errors { Terminal.error("\(error)") }
            throw ExitCode.failure
        }
        let explained = ExplanationLint(rules.groups, externalLabels: Set(configuration.global.externalLabels.keys))
        for finding in explained.findings() { Terminal.error("warning: \(finding)") }
        let ruleCount = rules.groups.reduce(0) { $0 + $1.rules.count }
        func counted(_ number: Int, _ one: String) -> String { "\(number) \(one)\(number == 1 ? "" : "s")" }
        let nodes = configuration.vault.reduce(0) { $0 + $1.nodes.count }
        let sets = configuration.backups.reduce(0) { $0 + $1.sets.count }
        print(
            "\(file): fine: \(counted(nodes, "Vault node")) in \(counted(configuration.vault.count, "cluster")), \(counted(configuration.postgres.count, "PostgreSQL server")), \(counted(sets, "backup set")), \(counted(ruleCount, "rule")), \(counted(configuration.delivery.receivers.count, "receiver"))"
        )
        if ruleCount == 0 {
            Terminal.error(
                "warning: no rules are loaded: nothing will ever alert; write the rule files to \"rules\", as packaged /usr/share/vaultwatch/rules/*.yml"
            )
        }
        if nodes + configuration.postgres.count + sets == 0, configuration.records == nil,
            configuration.postgresBackups.isEmpty
        {
            print("only vaultwatch itself is monitored; add vault, postgres or backups to \(file)")
        }
        for server in configuration.postgres where server.connection.isVerifiedByDefault {
            print(
                "PostgreSQL server \(server.name) has no sslmode: its certificate will be verified (verify-full); write sslrootcert where the system does not trust its authority, sslmode: require to encrypt without verifying, or sslmode: disable"
            )
        }
        guard live else { return }
        var platform = Platform.real(log: LogOptions.silent)
        platform.files = files
        let status = try await StatusCommand.look(configuration, platform)
        print("")
        print(StatusText(colour: Terminal.hasColour).render(status))
        let endpoints = await EndpointCheck.run(configuration.delivery, platform)
        if !endpoints.isEmpty {
            print("")
            print(
                Terminal.table(
                    ["RECEIVER", "INTEGRATION", "ENDPOINT", "ANSWER"],
                    endpoints.map { [$0.receiver, $0.integration, $0.endpoint, $0.answer] }))
        }
        let missing =
            status.sections.flatMap { section in
                section.targets.compactMap { target in
                    target.lastError.map { "\(section.title), \(target.name): \($0)" }
                }
            }
            + endpoints.filter { !$0.isReachable }.map { "receiver \($0.receiver), \($0.integration): \($0.answer)" }
        if !missing.isEmpty {
            print("")
            print("Still missing, in the order in which to do it:")
            for (index, text) in missing.enumerated() { print("  \(index + 1). \(text)") }
        }
        let isReachable = endpoints.allSatisfy(\.isReachable)
        if status.health == .critical || status.health == .unknown || !isReachable { throw ExitCode.failure }
    }

    /// - Returns: whether the file is an Alertmanager configuration.
    private func checkAlertmanager(_ files: any FileAccess, _ environment: [String: String]) throws -> Bool {
        let alertmanager: AlertmanagerFile
        do {
            guard let found = try AlertmanagerFile.load(file, files: files, environment: environment)
            else { return false }
            alertmanager = found
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
        try checkTemplates(alertmanager.delivery, files)
        warn(of: alertmanager.dispatch)
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

    /// Warns about settings that are valid but probably not intended.
    private func warn(of routing: DispatchOptions) {
        for (index, rule) in routing.inhibitRules.enumerated()
        where rule.sources.contains(where: { $0.matchers.isEmpty }) {
            let name = rule.name.isEmpty ? "number \(index + 1)" : rule.name.quotedAsInGo
            Terminal.error(
                "warning: inhibit rule \(name) has no source matchers: it inhibits its targets while any other alert fires, and they are notified when the last one ends; write source_matchers, or route the targets to a receiver without integrations"
            )
        }
    }

    /// Loads the notification templates; the agent does not start with an invalid one.
    private func checkTemplates(_ options: DeliveryOptions, _ files: any FileAccess) throws {
        do {
            _ = try Composer(templates: options.templates, externalURL: options.externalURL, files: files)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
    }
}

import Agent
import ArgumentParser
import Config
import Delivery
import Dispatching
import Platform
import Probes
import Recovery
import Rules
import S3
import Samples
import Text
import Transport
import Web
import YAML

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check configuration files, rule files and drills.",
        subcommands: [CheckConfigCommand.self, CheckRulesCommand.self, CheckDrillsCommand.self])
}

struct CheckConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check a configuration file and its rule files.",
        discussion: """
            Exits with 0 if the files are valid, else with 1 after printing all errors as file:line:column. An Alertmanager
            configuration is recognised and checked as such, like amtool check-config; so is a recovery configuration.
            Examples:
              vaultwatch check config /etc/vaultwatch/vaultwatch.yml
              vaultwatch check config --live vaultwatch.yml       also probe each target and receiver
              vaultwatch check config --as-service --live         as root: with the account of the installed service
              vaultwatch check config alertmanager.yml
              vaultwatch check config /etc/vaultwatch/recovery.yml
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

    @OptionGroup var output: DataOptions

    func run() async throws {
        var report = CheckReport(file: file)
        do {
            try await check(&report)
        } catch let failure as CheckFailure {
            report.errors += failure.messages
            guard output.isJSON else {
                Terminal.error(failure.messages.joined(separator: "\n"))
                throw ExitCode.failure
            }
        }
        if output.isJSON {
            report.isValid = report.errors.isEmpty
            try JSONOutput.print(report)
        }
        if !report.isGood { throw ExitCode.failure }
    }

    /// What is wrong with the file.
    private struct CheckFailure: Error {
        let messages: [String]
    }

    private func check(_ report: inout CheckReport) async throws {
        var files: any FileAccess = SystemFiles()
        var environment = Environment.all()
        if asService {
            do throws(ServiceUnitError) {
                let unit = try ServiceUnit.installed()
                let service = try ServiceFiles(unit)
                environment = unit.variables(files)
                files = service
                for sentence in service.staleCredentials() { warn(sentence, &report) }
            } catch {
                throw CheckFailure(messages: ["--as-service: \(error)"])
            }
        }
        if try checkRecovery(files, environment, &report) { return }
        if try checkAlertmanager(files, environment, &report) { return }
        let configuration = try loaded { () throws(ConfigurationErrors) in
            try Configuration.load(file, files: files, environment: environment)
        }
        try checkTemplates(configuration.delivery, files)
        if let path = configuration.web.configFile {
            _ = try loaded { () throws(ConfigurationErrors) in
                try WebFile.load(path, files: files, environment: environment)
            }
        }
        let errors = ErrorList()
        let rules = RuleSet.load(configuration.ruleFiles, files: files, errors: errors)
        guard errors.isEmpty else { throw CheckFailure(messages: errors.errors.map(\.description)) }
        for warning in ConfigurationWarnings.all(configuration, rules) { warn(warning, &report) }
        count(configuration, rules, &report)
        for server in configuration.postgres where server.connection.isVerifiedByDefault {
            say(
                "PostgreSQL server \(server.name) has no sslmode: its certificate will be verified (verify-full); write sslrootcert where the system does not trust its authority, sslmode: require to encrypt without verifying, or sslmode: disable"
            )
        }
        guard live else { return }
        var platform = Platform.real(log: LogOptions.silent)
        platform.files = files
        let status = try await StatusCommand.look(configuration, platform)
        let endpoints = await EndpointCheck.run(configuration.delivery, platform)
        report.add(status, endpoints)
        show(StatusText(.current()).render(EstateReport(status: status)))
        if !endpoints.isEmpty {
            let table = TextTable(
                ["RECEIVER", "INTEGRATION", "ENDPOINT", "ANSWER"],
                texts: endpoints.map { [$0.receiver, $0.integration, $0.endpoint, $0.answer] })
            show(table.render(.current()))
        }
        if !report.missing.isEmpty {
            say("\nStill missing, in the order in which to do it:")
            for (index, text) in report.missing.enumerated() { say("  \(index + 1). \(text)") }
        }
    }

    /// Tells what is monitored, and says so if it is nothing.
    private func count(_ configuration: Configuration, _ rules: RuleSet, _ report: inout CheckReport) {
        let counts = [
            ("Vault node", configuration.vault.reduce(0) { $0 + $1.nodes.count }),
            ("cluster", configuration.vault.count), ("PostgreSQL server", configuration.postgres.count),
            ("backup set", configuration.backups.reduce(0) { $0 + $1.sets.count }),
            ("service", configuration.services.count),
            ("rule", rules.groups.reduce(0) { $0 + $1.rules.count }),
            ("receiver", configuration.delivery.receivers.count),
        ]
        report.found = Dictionary(counts, uniquingKeysWith: { first, _ in first })
        let words = counts.map { Words.count($0.1, $0.0) }
        say("\(file): fine: \(words[0]) in \(words[1]), \(words[2...].joined(separator: ", "))")
        let targets = ["Vault node", "PostgreSQL server", "backup set", "service"].reduce(0) {
            $0 + (report.found[$1] ?? 0)
        }
        if targets == 0, configuration.records == nil, configuration.postgresBackups.isEmpty,
            configuration.auditLogs.isEmpty
        {
            say("only vaultwatch itself is monitored; add vault, postgres, backups or services to \(file)")
        }
    }

    /// Prints a text, unless the output is JSON.
    private func say(_ text: String) {
        if !output.isJSON { print(Display.current().fitted(text)) }
    }

    /// Prints what is laid out already, below an empty line.
    private func show(_ text: String) {
        if !output.isJSON { print("\n" + text) }
    }

    private func warn(_ text: String, _ report: inout CheckReport) {
        report.warnings.append(text)
        if !output.isJSON { Terminal.error("warning: " + text) }
    }

    private func loaded<T>(_ load: () throws(ConfigurationErrors) -> T) throws -> T {
        do throws(ConfigurationErrors) {
            return try load()
        } catch {
            throw CheckFailure(messages: [ConfigOptions.text(error)])
        }
    }

    /// - Returns: whether the file is a recovery configuration.
    private func checkRecovery(
        _ files: any FileAccess, _ environment: [String: String], _ report: inout CheckReport
    ) throws -> Bool {
        guard RecoveryConfiguration.isRecovery(file, files: files) else { return false }
        let configuration = try loaded { () throws(ConfigurationErrors) in
            try RecoveryConfiguration.load(
                file, files: files, environment: RecoveryOptionGroup.environment(environment))
        }
        report.found = ["backup set": configuration.sets.count]
        say(
            "\(file): fine: \(configuration.source.text), \(Words.count(configuration.sets.count, "backup set")) in s3://\(configuration.bucket.bucket)"
        )
        if configuration.recordFile == nil {
            warn("no record_file: the daemon is not told that a backup, a restore test or a drill failed", &report)
        }
        return true
    }

    /// - Returns: whether the file is an Alertmanager configuration.
    private func checkAlertmanager(
        _ files: any FileAccess, _ environment: [String: String], _ report: inout CheckReport
    ) throws -> Bool {
        let found = try loaded { () throws(ConfigurationErrors) in
            try AlertmanagerFile.load(file, files: files, environment: environment)
        }
        guard let alertmanager = found else { return false }
        try checkTemplates(alertmanager.delivery, files)
        for warning in ConfigurationWarnings.routing(alertmanager.dispatch) { warn(warning, &report) }
        report.found = [
            "inhibit rule": alertmanager.dispatch.inhibitRules.count,
            "receiver": alertmanager.delivery.receivers.count, "template": alertmanager.delivery.templates.count,
        ]
        // In amtool's words.
        say(
            """
            Checking '\(file)'  SUCCESS
            Found:
             - global config
             - route
             - \(alertmanager.dispatch.inhibitRules.count) inhibit rules
             - \(alertmanager.delivery.receivers.count) receivers
             - \(alertmanager.delivery.templates.count) templates
            """)
        say(alertmanager.delivery.templates.isEmpty ? "" : "  SUCCESS\n")
        return true
    }

    /// Loads the notification templates; the agent does not start with an invalid one.
    private func checkTemplates(_ options: DeliveryOptions, _ files: any FileAccess) throws {
        do {
            _ = try Composer(templates: options.templates, externalURL: options.externalURL, files: files)
        } catch {
            throw CheckFailure(messages: ["\(error)"])
        }
    }
}

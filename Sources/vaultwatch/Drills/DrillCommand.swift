import ArgumentParser
import Config
import Platform
import Recovery
import Samples
import Text
import YAML
#if canImport(Glibc)
    import Glibc
#endif

struct DrillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill",
        abstract: "Run a disaster recovery drill, measured by the running agent.",
        discussion: """
            A scenario is a YAML file: what must hold before, the steps, and what is put back in the end. Drills act only on
            the clusters that drill_targets in recovery.yml names, and ask before each step that harms.
            Examples:
              vaultwatch drill list
              vaultwatch drill run node-failure --cluster=staging
              vaultwatch drill report
            """,
        subcommands: [DrillListCommand.self, DrillRunCommand.self, DrillReportCommand.self, DrillEndCommand.self],
        defaultSubcommand: DrillListCommand.self)
}

/// The options of all drill commands.
struct DrillFileOptions: ParsableArguments {
    @Option(name: .customLong("recovery.file"), help: "The configuration of the recovery commands.")
    var recoveryFile = RecoveryConfiguration.defaultPath

    @Option(help: "The folder of the scenarios, instead of the configured one.")
    var directory: String?

    /// What the configuration says of drills; the defaults where the file does not exist.
    /// - Throws: `ExitCode.failure`, after printing what is wrong.
    func settings() throws -> DrillSettings {
        let files = SystemFiles()
        var settings = DrillSettings()
        if recoveryFile != RecoveryConfiguration.defaultPath || !files.glob(recoveryFile).isEmpty {
            do {
                settings = try DrillSettings.load(recoveryFile, files: files, environment: Environment.all())
            } catch {
                Terminal.error(ConfigOptions.text(error))
                throw ExitCode.failure
            }
        }
        if let directory { settings.options.directory = directory }
        return settings
    }

    /// The agent that the command line names, else the configured one.
    /// - Throws: `ExitCode.failure`, after printing what is wrong with the login.
    func client(_ given: AgentURLOptions, _ settings: DrillSettings) throws -> AgentClient {
        var agent = given
        if agent.url == nil {
            let socket = settings.options.agentSocket
            agent.url = settings.options.agentURL ?? (access(socket, R_OK | W_OK) == 0 ? "unix:" + socket : nil)
        }
        return try agent.client()
    }

    /// All scenarios of the folder, by name.
    /// - Throws: `ExitCode.failure`, after printing what is wrong with any of them.
    static func scenarios(in folder: String) throws -> [DrillScenario] {
        let files = SystemFiles()
        let errors = ErrorList()
        let found = files.glob(folder + "/*.yml").compactMap { path in
            DrillScenario.load(path, files: files, errors: errors)
        }
        for (name, same) in Dictionary(grouping: found, by: \.name) where same.count > 1 {
            Terminal.error("\(same[1].file): the name \(name) is that of \(same[0].file) too")
            throw ExitCode.failure
        }
        guard errors.isEmpty else {
            Terminal.error(errors.errors.map(\.description).joined(separator: "\n"))
            throw ExitCode.failure
        }
        return found.sorted { $0.name < $1.name }
    }
}

struct DrillListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the scenarios, and when each was last drilled.")

    @OptionGroup var files: DrillFileOptions
    @OptionGroup var output: DataOptions

    private struct Row: Encodable {
        var name: String
        var description: String
        var file: String
        var rto: Double?
        var rpo: Double?
        var last: DrillReport.Previous?
    }

    func run() throws {
        let settings = try files.settings()
        let scenarios = try DrillFileOptions.scenarios(in: settings.options.directory)
        let reports = DrillArchive(folder: settings.options.reports, files: SystemFiles()).reports
        let rows = scenarios.map { scenario in
            Row(
                name: scenario.name, description: scenario.description, file: scenario.file,
                rto: scenario.objective.recoveryTime?.seconds, rpo: scenario.objective.dataLoss?.seconds,
                last: reports.first { $0.scenario == scenario.name && $0.outcome != .refused }?.summary)
        }
        if output.isJSON { return try JSONOutput.print(rows) }
        guard !rows.isEmpty else {
            Terminal.error("there are no scenarios in \(settings.options.directory)")
            throw ExitCode.failure
        }
        let table = TextTable(
            [.rigid("SCENARIO"), .rigid("RTO"), .rigid("RPO"), .rigid("LAST"), .rigid("OUTCOME"), "DESCRIPTION"],
            texts: rows.map { row in
                [
                    row.name, row.rto.map { Words.duration($0) } ?? "", row.rpo.map { Words.duration($0) } ?? "",
                    row.last.map { String($0.startedAt.prefix(10)) } ?? "never", row.last?.outcome.rawValue ?? "",
                    row.description,
                ]
            })
        print(table.render(.current()))
    }
}

struct DrillReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Print the report of a drill: by default the last one, as Markdown.")

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case markdown, json
    }

    @OptionGroup var files: DrillFileOptions

    @Argument(help: "The drill's id, such as DR-2026-11-24-node-failure-prod.")
    var id: String?

    @Flag(help: "List the drills that there are reports of.")
    var list = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format.")
    var format: Format = .markdown

    func run() throws {
        let archive = DrillArchive(folder: try files.settings().options.reports, files: SystemFiles())
        if list {
            let reports = archive.reports
            if format == .json { return try JSONOutput.print(reports.map(\.summary)) }
            let table = TextTable(
                [.rigid("DRILL"), .rigid("BEGUN"), .rigid("OUTCOME"), .rigid("RTO"), "ISSUES"],
                texts: reports.map { report in
                    [
                        report.id, String(report.startedAt.prefix(19)), report.outcome.rawValue,
                        report.measured("rto").map { Words.measured($0) } ?? "", report.issues.first ?? "none",
                    ]
                })
            return print(table.render(.current()))
        }
        let report: DrillReport
        if let id {
            do {
                report = try archive.report(id)
            } catch {
                Terminal.error("\(error)")
                throw ExitCode.failure
            }
        } else if let newest = archive.reports.first {
            report = newest
        } else {
            Terminal.error("no drill has been run on this machine; vaultwatch drill list shows the scenarios")
            throw ExitCode.failure
        }
        switch format {
        case .markdown: print(report.markdown, terminator: "")
        case .json: try JSONOutput.print(report)
        }
    }
}

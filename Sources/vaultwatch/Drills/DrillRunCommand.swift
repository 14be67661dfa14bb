import ArgumentParser
import Platform
import Probes
import Recovery
import Samples
import Supervision
import Text
import YAML
#if canImport(Glibc)
    import Glibc
#endif

struct DrillRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a scenario on a cluster.",
        discussion: """
            The agent measures: when it knew of the fault, when somebody was paged, when the service was back. Its alerts
            say DRILL meanwhile. Ctrl-C ends the drill and still puts back what the scenario's "finally" names; a second
            one ends the step of it that is under way. The report goes to standard output, everything else to standard
            error. Exits with 0 if the drill passed, 1 if it failed or was aborted, 4 if a precondition did not hold.
            Examples:
              vaultwatch drill run node-failure --cluster=staging
              vaultwatch drill run ./my-drill.yml --cluster=staging -o json
              vaultwatch drill run node-failure --cluster=staging --yes=staging    without a terminal: harms without asking
            """)

    @OptionGroup var files: DrillFileOptions
    @OptionGroup var agent: AgentURLOptions

    @Argument(help: "The scenario's name, or the path of its file.")
    var scenario: String

    @Option(help: "The cluster, by its name in the agent's configuration.")
    var cluster: String

    @Option(help: "The service, by its name in the agent's configuration, for scenarios of one.")
    var service: String?

    @Option(help: "Do the steps that harm without asking, on this cluster: repeat its name.")
    var yes: String?

    @Flag(help: "Take as confirmed in advance what the scenario asks a human to confirm.")
    var confirmed = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format of the report.")
    var format: DrillReportCommand.Format = .markdown

    func validate() throws {
        if let yes, yes != cluster {
            throw ValidationError("--yes: expected the name of the cluster that is to be harmed, \"\(cluster)\"")
        }
    }

    func run() async throws {
        let settings = try files.settings()
        let scenario = try scenario(settings)
        guard settings.targets.contains(cluster) else {
            Terminal.error(
                """
                \(files.recoveryFile): cluster \(cluster) is not among drill_targets \
                (\(settings.targets.isEmpty ? "none" : settings.targets.joined(separator: ", "))); name it there if it may be \
                harmed
                """)
            throw ExitCode.failure
        }
        let client = try files.client(agent, settings)
        let archive = DrillArchive(folder: settings.options.reports, files: SystemFiles())
        let lock: FileLock
        do {
            lock = try archive.lock()
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
        let time = SystemTime()
        let id = archive.newID(scenario: scenario.name, cluster: cluster, day: time.wall().rfc3339.prefix(10))
        let interrupt = DrillInterrupt()
        // A reader of the output that goes away must not end the drill before it has put everything back.
        signal(SIGPIPE, SIG_IGN)
        guard let signals = Signals.stream(of: [SIGINT, SIGTERM, SIGHUP]) else {
            Terminal.error("signals cannot be caught, so that Ctrl-C would leave the estate as the drill has it")
            throw ExitCode.failure
        }
        let watcher = Task {
            for await _ in signals {
                Terminal.error("interrupted: what \"finally\" names is still done")
                interrupt.raise()
            }
        }
        let runner = DrillRunner(
            scenario, cluster: cluster, service: service, id: id, hooks: settings.options.hooks,
            agent: .running(client), operators: .terminal(agreed: yes == cluster, confirmed: confirmed), time: time,
            interrupt: interrupt)
        var report = await runner.run()
        watcher.cancel()
        report.previous = archive.previous(scenario: scenario.name, cluster: cluster)
        let isKept = keep(report, archive, settings)
        withExtendedLifetime(lock) {}
        switch format {
        case .markdown: print(report.markdown, terminator: "")
        case .json: try JSONOutput.print(report)
        }
        switch report.outcome {
        case .passed where isKept: return
        case .refused: throw ExitCode(4)
        case .passed, .failed, .aborted: throw ExitCode.failure
        }
    }

    private func scenario(_ settings: DrillSettings) throws -> DrillScenario {
        guard !scenario.contains("/") else {
            let errors = ErrorList()
            guard let found = DrillScenario.load(scenario, files: SystemFiles(), errors: errors) else {
                Terminal.error(errors.errors.map(\.description).joined(separator: "\n"))
                throw ExitCode.failure
            }
            return found
        }
        let all = try DrillFileOptions.scenarios(in: settings.options.directory)
        guard let found = all.first(where: { $0.name == scenario }) else {
            let names = all.map(\.name)
            let hint = nearest(scenario, in: names).map { "; did you mean \($0)?" } ?? ""
            Terminal.error(
                "there is no scenario \(scenario) in \(settings.options.directory): \(Words.list(names, limit: 20))\(hint)"
            )
            throw ExitCode.failure
        }
        return found
    }

    /// Stores the report, and records the outcome for the daemon. A drill that was refused did not take place.
    /// - Returns: false if either could not be written, after printing the reason.
    private func keep(_ report: DrillReport, _ archive: DrillArchive, _ settings: DrillSettings) -> Bool {
        do {
            try archive.store(report)
            if let path = settings.recordFile, let event = report.record(at: SystemTime().wall()) {
                try RecordFile.append(event, to: path)
            }
            return true
        } catch {
            Terminal.error("the outcome could not be kept: \(error)")
            return false
        }
    }
}

import ArgumentParser
import Config
import Console
import Platform
import Probes
import Samples
import Synchronization
import Transport
import Web

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of the estate: nodes, servers, backups, alerts.",
        discussion: """
            Queries a running agent or, with --once, the targets themselves. First what users lose, since when and who
            was told, as on the overview. Lines are as wide as the terminal; elsewhere they are not broken, unless
            COLUMNS gives a width. Exit codes are those of Nagios: 0 ok, 1 warning, 2 critical, 3 unknown.
            Examples:
              vaultwatch status
              vaultwatch watch                             the same, redrawn while it changes
              vaultwatch status -o json
              vaultwatch status --url http://watch.example.org:9321
              vaultwatch status --once --config.file=vaultwatch.yml
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var config: ConfigOptions

    @Flag(help: "Probe the targets of the configuration file once instead of querying an agent.")
    var once = false

    @OptionGroup var output: DataOptions

    @Flag(help: "Print JSON, as --output=json does.")
    var json = false

    func run() async throws {
        let report =
            once ? EstateReport(status: try await StatusCommand.look(try config.load())) : try await fetch()
        if json || output.isJSON {
            try JSONOutput.print(report)
        } else {
            print(StatusText(.current()).render(report))
        }
        throw ExitCode(StatusCommand.exitCode(report.status.health))
    }

    static func exitCode(_ health: EstateStatus.Health) -> Int32 {
        switch health {
        case .ok: 0
        case .warning: 1
        case .critical: 2
        case .unknown: 3
        }
    }

    private func fetch() async throws -> EstateReport {
        let client = try agent.client()
        do throws(AgentError) {
            return try await EstateReport.fetch(client)
        } catch {
            Terminal.error(error.advice)
            throw ExitCode(3)
        }
    }

    /// Probes every target once, without an agent.
    static func look(
        _ configuration: Configuration, _ platform: Platform = .real(log: LogOptions.silent)
    ) async throws -> EstateStatus {
        let probes = configuration.probes(Network.real(platform), platform: platform)
        let results = Mutex<[ProbeTarget: ProbeResult]>([:])
        let schedule = ProbeSchedule(
            probes, platform: platform,
            events: .init(results: { new in
                results.withLock { all in for result in new { all[result.target] = result } }
            }))
        await schedule.runOnce()
        let now = platform.time.wall().rfc3339
        let sorted = results.withLock { $0.values.sorted { $0.target < $1.target } }
        return EstateStatus(
            version: Vaultwatch.version, startedAt: now, now: now, sections: StatusTable.sections(sorted))
    }
}

import ArgumentParser
import Config
import Console
import FoundationEssentials
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
            Queries a running agent or, with --once, the targets themselves. Exit codes are those of Nagios:
            0 ok, 1 warning, 2 critical, 3 unknown.
            Examples:
              vaultwatch status
              vaultwatch status --url http://watch.example.org:9321
              vaultwatch status --once --config.file=vaultwatch.yml
            """)

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var config: ConfigOptions

    @Flag(help: "Probe the targets of the configuration file once instead of querying an agent.")
    var once = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let status = once ? try await StatusCommand.look(try config.load()) : try await fetch()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(status), as: UTF8.self))
        } else {
            print(StatusText(colour: Terminal.hasColour).render(status))
        }
        throw ExitCode(StatusCommand.exitCode(status.health))
    }

    static func exitCode(_ health: EstateStatus.Health) -> Int32 {
        switch health {
        case .ok: 0
        case .warning: 1
        case .critical: 2
        case .unknown: 3
        }
    }

    private func fetch() async throws -> EstateStatus {
        let body = try await agent.client().get("/api/v1/vaultwatch/status", unreachable: 3)
        do {
            return try JSONDecoder().decode(EstateStatus.self, from: Data(body))
        } catch {
            Terminal.error("not a response of vaultwatch: \(error)")
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

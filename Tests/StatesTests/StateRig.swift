import Alerts
import Dispatching
import Foundation
import Lab
import Logging
import Platform
import Samples
import Simulation
import Store
import Supervision
import Synchronization
import Testing
import Transport
import Web

@testable import Agent
@testable import Journal

/// The agent itself with the shipped rules on a simulated estate, in virtual time on one thread.
final class StateRig {
    /// Alerts by name, with the severities that they had.
    typealias Alerts = [String: Set<String>]

    let estate: StateEstate
    /// What the agent logged.
    let log = LogLines()
    /// Every alert that fired at any time.
    private(set) var everFired: Alerts = [:]
    /// Those that fired when they were last looked at.
    private(set) var firing: Alerts = [:]
    private let time: VirtualTime
    private let execution: SerialExecution
    private let agent: Agent
    private let listener = StateListener()
    private let requests: AsyncStream<Request>.Continuation

    /// 2026-11-26 05:30 UTC, a Thursday.
    static let begin = Timestamp(milliseconds: 1_795_671_000_000)

    /// How often it is looked which alerts fire.
    private static let look = Duration.seconds(15)

    init(_ prepare: (StateEstate) -> Void = { _ in }) throws {
        let random = SeededRandom(seed: 1)
        time = VirtualTime(wall: StateRig.begin)
        execution = try #require(SerialExecution(random: random))
        estate = StateEstate(time: time, random: random)
        prepare(estate)
        var environment = AgentEnvironment()
        let network = StateNetwork(estate)
        environment.network = Network(
            http: network, mail: network, nameServers: network, database: network)
        environment.manager = ServiceManager(watchdogInterval: .seconds(30)) { _ in }
        environment.journal = { _, _, _ in NoJournal() }
        environment.listener = { [listener] _, sources, _, _ in
            listener.sources = sources
            return listener
        }
        environment.processUsage = { ProcessUsage() }
        var files = MemoryFiles(estate.files)
        files.modified = estate.fileTimes
        files.contents["/vaultwatch.yml"] = estate.text
        for (name, text) in try StateRig.rules() { files.contents["/rules/" + name] = text }
        agent = try Agent(
            AgentOptions(configFile: "/vaultwatch.yml"),
            platform: Platform(
                time: time, random: random, files: files,
                log: Logger(label: "agent") { [log] _ in
                    LineLogHandler(level: .info, now: { StateRig.begin }, write: { log.add($0) }, lost: { 0 })
                },
                hostname: "watch.example"),
            environment: environment)
        let (stream, continuation) = AsyncStream<Request>.makeStream()
        requests = continuation
        execution.use {
            _ = Task.detached { [agent, log] in
                do { try await agent.run(requests: stream) } catch { log.add("ended: \(error)") }
            }
        }
    }

    /// Lets a span go by, and notes what fires in it.
    func pass(_ span: Duration) {
        let end = time.monotonic() + span
        while time.monotonic() < end {
            execution.run(time, until: min(end, time.monotonic() + StateRig.look))
            notice()
        }
    }

    /// Does something to a Vault node.
    func perform(_ action: SimulatedVaultCluster.Action, on node: Int) {
        _ = estate.vault.perform(action, on: node, at: time.now(), random: estate.random)
    }

    /// The agent notices that a peer has ended its idle connections.
    func lose(_ connection: LostConnection) { execution.use { agent.probe(after: connection) } }

    /// The index of the active Vault node.
    var leader: Int? { (0..<3).first { estate.vault.role($0) == .active } }
    /// The index of a sealed one.
    var sealed: Int? { (0..<3).first { estate.vault.role($0) == .sealed } }
    var now: Instant { time.monotonic() }
    var wall: Timestamp { time.wall() }

    /// Ends the agent.
    func stop() {
        execution.use { _ = requests.yield(.stop) }
        execution.run(time, until: time.monotonic() + .seconds(30))
    }

    /// The newest samples of a metric.
    func samples(_ metric: String) -> [(labels: Labels, value: Double)] {
        let now = time.wall().milliseconds
        return agent.store.select([Matcher("__name__", equals: metric)], start: now - 60_000, end: now)
            .compactMap { series in series.points.last.map { (series.labels, $0.v) } }
    }

    private func notice() {
        guard let sources = listener.sources else { return }
        let answer = Found()
        execution.use {
            _ = Task.detached {
                var alerts: Alerts = [:]
                for status in await sources.alertStatuses() where status.alert.endsAt == nil {
                    alerts[status.alert.labels["alertname"] ?? "", default: []].insert(
                        status.alert.labels["severity"] ?? "")
                }
                answer.value.withLock { $0 = alerts }
            }
            while execution.step() {}
        }
        firing = answer.value.withLock { $0 }
        everFired.merge(firing) { $0.union($1) }
    }

    /// The shipped rules by file name.
    private static func rules() throws -> [(String, String)] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../rules").standardized
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).filter { $0.hasSuffix(".yml") }.map {
            ($0, try String(contentsOf: folder.appending(path: $0), encoding: .utf8))
        }
    }
}

private final class Found: Sendable {
    let value = Mutex<StateRig.Alerts>([:])
}

/// The API without a socket.
private final class StateListener: WebListener, @unchecked Sendable {
    var sources: WebSources?
    func start() async throws -> [String] { ["127.0.0.1:9321"] }
    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void { {} }
    func stop() async {}
}

/// A journal that keeps nothing and never fails.
private struct NoJournal: JournalStorage {
    func write(_ changes: [JournalChange]) async throws(JournalError) {}
    func load() async throws(JournalError) -> JournalSnapshot { JournalSnapshot() }
    func resume() {}
    func history(_ filter: HistoryFilter) async throws(JournalError) -> [HistoryEntry] { [] }
    func maintain() async throws(JournalError) {}
    func close() async {}
    var health: JournalHealth { JournalHealth() }
}

import Alerts
import Config
import Dispatching
import Logging
import Platform
import Samples
import Simulation
import Store
import Supervision
import Telemetry
import Transport
import Web

@testable import Agent
@testable import Journal
@testable import Probes

/// One life of the agent's process, from its start to its end or its crash: the agent itself, on a machine that is
/// simulated.
final class Life: @unchecked Sendable {
    let number: Int
    /// False once the process is gone: what still runs of it has no effect on anything.
    private(set) var isAlive = true
    /// The API, while it listens.
    fileprivate(set) var api: WebSources?
    let systemd: Systemd
    fileprivate let machine: Machine
    private var agent: Agent?
    private let requests: AsyncStream<Request>.Continuation
    private let stream: AsyncStream<Request>
    private var running: Task<Void, Never>?
    private var isStopAsked = false
    private var ended: @Sendable () -> Void = {}

    init(_ number: Int, _ machine: Machine) throws {
        self.number = number
        self.machine = machine
        systemd = Systemd(time: machine.time, ledger: machine.ledger)
        (stream, requests) = AsyncStream.makeStream()
        let network = LifeNetwork(machine.receivers)
        let journal = LifeJournal(machine.disk)
        let listener = LifeListener()
        var environment = AgentEnvironment()
        environment.network = Network(http: network, mail: network, database: network)
        environment.manager = systemd.manager
        environment.journal = { _, _, report in
            journal.report = report
            return journal
        }
        environment.listener = { _, sources, _, _ in
            listener.sources = sources
            return listener
        }
        environment.probes = { [machine, systemd] in machine.probes($0, systemd) }
        environment.processUsage = { ProcessUsage() }
        environment.statusInterval = .seconds(30)
        environment.upkeepInterval = .seconds(300)
        agent = try Agent(
            AgentOptions(configFile: Estate.configurationPath),
            platform: Platform(
                time: machine.time, random: machine.random, files: machine.files, log: machine.log,
                hostname: "watch.example"),
            environment: environment)
        network.life = self
        journal.life = self
        listener.life = self
    }

    func start() {
        guard let agent else { return }
        running = Task.detached { [self] in
            do {
                try await agent.run(requests: stream)
            } catch {
                machine.ledger.problem("the agent ended: \(error)")
            }
            if isAlive, !isStopAsked { machine.ledger.problem("the agent ended by itself") }
            isAlive = false
            api = nil
            release()
            ended()
        }
    }

    /// What is left of the agent by then is held by something that never ends.
    private func release() {
        if let agent { machine.departed.append(Departed(life: number, agent: agent)) }
        agent = nil
    }

    // MARK: What happens to it

    /// Something has changed at these nodes; as with a connection that breaks, the agent looks at once.
    func probe(_ nodes: some Sequence<String>) {
        for node in nodes { agent?.probes.probeNow(ProbeTarget(.vaultNode, "c/\(node)")) }
    }

    func push(_ ended: Bool, node: String) {
        guard let api else { return }
        let now = machine.time.wall()
        let alert = Alert(
            labels: Labels(["alertname": Estate.pushed.alert, "node": node, "severity": Estate.pushed.severity]),
            startsAt: now, endsAt: ended ? now : nil, updatedAt: now)
        Task.detached { _ = await api.postAlerts([alert], 0, World.caller) }
    }

    /// SIGHUP.
    func hangUp() { requests.yield(.reload) }

    /// POST /-/reload.
    func reload(_ then: @escaping @Sendable (_ refusal: String?) -> Void = { _ in }) {
        guard let api else { return then("no API") }
        Task.detached { then(await api.reload(World.caller)) }
    }

    /// How many samples of a node's metric the store has.
    func points(_ metric: String, node: String) -> Int {
        let matchers = [Matcher("__name__", equals: metric), Matcher("node", equals: node)]
        return agent?.store.select(matchers, start: .min, end: .max).first?.points.count ?? 0
    }

    /// Ends as on SIGTERM; `then` when it is done.
    func stop(_ then: @escaping @Sendable () -> Void) {
        isStopAsked = true
        ended = then
        requests.yield(.stop)
    }

    /// The process is gone from one instruction to the next. What is left of its tasks comes to an end without effect.
    func die() {
        isAlive = false
        api = nil
        running?.cancel()
    }
}

/// An agent that is over, to see whether it is really gone.
struct Departed {
    let life: Int
    weak var agent: Agent?
}

/// What all lives of a run share. Touched by the thread of its run alone.
final class Machine: @unchecked Sendable {
    let time: VirtualTime
    let random: SeededRandom
    let files: Files
    let disk: Disk
    let receivers: Receivers
    let ledger: Ledger
    let log: Logger
    /// Which conditions hold at which nodes.
    var conditions = Estate.conditions.map { _ in Estate.nodes.map { _ in false } }
    /// Targets that accept and never answer.
    var hanging: Set<String> = []
    fileprivate(set) var departed: [Departed] = []

    /// - Parameter isTold: the agents' log becomes part of the ledger's story.
    init(
        _ plan: Estate.Plan, time: VirtualTime, random: SeededRandom, log: Logger? = nil, isTold: Bool = false
    ) {
        self.time = time
        self.random = random
        files = Files(plan)
        let ledger = Ledger()
        self.ledger = ledger
        disk = Disk(time: time, random: random)
        receivers = Receivers(time: time, random: random, ledger: ledger)
        self.log =
            log
            ?? Logger(label: "life") { _ in
                guard isTold else { return SwiftLogNoOpLogHandler() }
                return LineLogHandler(
                    now: { time.wall() }, write: { ledger.note(String($0.dropLast()), time.now()) }, lost: { 0 })
            }
    }

    func probes(_ configuration: Configuration, _ systemd: Systemd) -> ProbeSet {
        let names = configuration.vault.flatMap(\.nodes).map(\.name)
        systemd.awaited = Set(names)
        return ProbeSet(
            probes: names.map { name in
                ScriptedProbe(
                    target: ProbeTarget(.vaultNode, "c/\(name)"), interval: configuration.global.pollInterval,
                    timeout: configuration.global.timeout, node: name, machine: self, systemd: systemd)
            })
    }

    /// What a node says now.
    fileprivate func samples(_ node: String) -> [Sample] {
        let now = time.wall()
        guard let index = Estate.nodes.firstIndex(of: node) else { return [] }
        return zip(Estate.conditions, conditions).map { condition, row in
            Sample(Labels(name: condition.metric, ["node": node]), row[index] ? 1 : 0, at: now)
        }
    }
}

private struct ScriptedProbe: RunnableProbe {
    let target: ProbeTarget
    let interval: Duration
    let timeout: Duration
    let node: String
    let machine: Machine
    let systemd: Systemd

    func run() async -> ProbeReport {
        if machine.hanging.contains(node) {
            try? await machine.time.sleep(for: .seconds(86_400))
            return ProbeReport(samples: [], failure: ProbeFailure("timeout", ""), status: TargetStatus(.critical, ""))
        }
        try? await machine.time.sleep(for: .milliseconds(machine.random.below(40)))
        systemd.awaited.remove(node)
        return ProbeReport(samples: machine.samples(node), status: TargetStatus(.ok, "active"))
    }

    func timedOut() -> ProbeReport {
        systemd.awaited.remove(node)
        return ProbeReport(
            samples: [], failure: ProbeFailure("timeout", "no answer in time"),
            status: TargetStatus(.critical, "unreachable"))
    }
}

/// The journal as one life sees it.
final class LifeJournal: JournalStorage, @unchecked Sendable {
    private let disk: Disk
    weak var life: Life?
    var report: @Sendable (JournalEvent) -> Void = { _ in }

    init(_ disk: Disk) { self.disk = disk }

    func write(_ changes: [JournalChange]) async throws(JournalError) {
        guard let life else { return }
        defer { tellRestart() }
        try await disk.write(changes, life)
    }

    func load() async throws(JournalError) -> JournalSnapshot {
        guard let life else { throw .closed }
        do {
            return try await disk.load(life)
        } catch {
            life.machine.ledger.begunWithoutPast()
            throw error
        }
    }

    func resume() { if let life { disk.resume(life) } }

    func history(_ filter: HistoryFilter) async throws(JournalError) -> [HistoryEntry] { [] }

    func maintain() async throws(JournalError) {
        guard let life else { return }
        defer { tellRestart() }
        try disk.maintain(life)
    }

    func close() async {
        guard let life else { return }
        try? disk.maintain(life)
    }

    var health: JournalHealth {
        var health = JournalHealth()
        health.isHealthy = !disk.isFull
        return health
    }

    private func tellRestart() {
        guard life?.isAlive == true, disk.takeBegunAnew() else { return }
        report(.begunAnew(keptAs: "journal.db.broken", reason: "unreadable"))
    }
}

/// The API without a socket.
private final class LifeListener: WebListener, @unchecked Sendable {
    weak var life: Life?
    var sources: WebSources?

    func start() async throws -> [String] {
        if life?.isAlive == true { life?.api = sources }
        sources = nil
        return ["127.0.0.1:9321"]
    }

    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void { {} }

    func stop() async { life?.api = nil }
}

import Config
import Dispatching
import Journal
import Logging
import Platform
import Probes
import Samples
import Store
import Supervision
import Synchronization
import Telemetry
import Web

/// The whole pipeline, wired: probes → store → rules → dispatch → delivery, the journal beside it, the web at its edge.
package final class Agent: Sendable {
    let options: AgentOptions
    let platform: Platform
    let registry = Registry()
    let store: Store
    let clock: ClockWatch
    let observatory: Observatory
    let journal: Journal
    let desk: AlertDesk
    let rules: RuleKeeper
    let post: PostOffice
    let network: Network
    let heartbeat: Heartbeat
    let manager: ServiceManager
    let metrics: AgentMetrics
    let startedAt: Timestamp
    let state: Mutex<State>
    /// Raised when the journal misses rows, because its file was begun anew or too much waited: everything is written again.
    let journalBegunAnew: Flag
    /// Raised when the start went on without what the journal holds; until it has been merged.
    let journalUnread = Flag()

    struct State {
        var configuration: Configuration
        var schedule: ProbeSchedule?
        var scheduleTask: Task<Void, Never>?
        var lastReload: (succeeded: Bool, at: Timestamp)
        /// The reload that was asked for last.
        var reload: Task<String?, Never>?
        var isReady = false
        var isStopping = false
        var onReady: @Sendable ([String]) -> Void = { _ in }
    }

    /// Called once, with the bound addresses, when the agent is ready.
    package var onReady: @Sendable ([String]) -> Void {
        get { state.withLock { $0.onReady } }
        set { state.withLock { $0.onReady = newValue } }
    }

    /// Reads the configuration; nothing runs yet.
    /// - Throws: `ConfigurationErrors` with everything that is wrong with the configuration, rule and template files.
    package init(
        _ options: AgentOptions, platform: Platform, network: Network? = nil, manager: ServiceManager = ServiceManager()
    ) throws {
        self.options = options
        self.platform = platform
        self.manager = manager
        let configuration = try Agent.load(options, platform)
        let lostConnections = LostConnections()
        self.network = network ?? Network.real(platform) { lostConnections.report($0) }
        store = Store(options: configuration.storage.memory, registry: registry)
        clock = ClockWatch(store: store, platform: platform, registry: registry)
        observatory = Observatory(store: store, clock: clock)
        metrics = AgentMetrics(registry, version: options.version, now: platform.time.wall())
        startedAt = platform.time.wall()
        let heartbeat = Heartbeat()
        self.heartbeat = heartbeat
        let flag = Flag()
        journalBegunAnew = flag
        let journal = Agent.journal(configuration.storage, platform, metrics, rewrite: flag)
        self.journal = journal
        let time = platform.time
        desk = AlertDesk(
            options: configuration.dispatch,
            write: { (changes) async throws(JournalError) in try await journal.write(changes) },
            platform: platform, registry: registry
        ) {
            heartbeat.beat("dispatch", now: time.monotonic())
        }
        rules = RuleKeeper(
            try Agent.ruleSet(configuration, platform), configuration, store: store, clock: clock, desk: desk,
            platform: platform, registry: registry
        ) {
            heartbeat.beat("evaluate", now: time.monotonic())
        }
        post = try PostOffice(
            configuration.delivery, network: self.network, platform: platform, registry: registry, desk: desk
        ) {
            heartbeat.stalled(now: time.monotonic())
        }
        state = Mutex(State(configuration: configuration, lastReload: (true, startedAt)))
        lostConnections.listen { [weak self] in self?.probe(after: $0) }
    }

    /// Runs until a request to stop, or until its task is cancelled; then drains and saves.
    /// - Throws: `ServerError` when an address can't be bound.
    package func run(requests: AsyncStream<Request>) async throws {
        await restore()
        let servers = try await listen()
        let configuration = state.withLock { $0.configuration }
        platform.log.notice(
            "started",
            metadata: [
                "version": "\(options.version)", "config": "\(configuration.path)",
                "listen": "\(servers.addresses.joined(separator: ","))",
            ])
        await desk.note("started", "version \(options.version), \(configuration.path)")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.desk.run(self.post.outlet) }
            group.addTask { await self.post.run() }
            group.addTask { await self.rules.run() }
            group.addTask { await self.keepHouse() }
            group.addTask { await self.feedWatchdog() }
            let first = startProbes(configuration)
            group.addTask {
                await first.pass()
                self.becomeReady(servers.addresses)
            }
            // A cancelled task must end this loop too: the stream then ends by itself.
            for await request in requests {
                if request == .stop { break }
                await reloadOnRequest()
            }
            await stop(servers)
            group.cancelAll()
        }
        await journal.close()
        platform.log.notice("stopped")
    }

    private func becomeReady(_ addresses: [String]) {
        let onReady = state.withLock { state -> (@Sendable ([String]) -> Void)? in
            if state.isReady || state.isStopping { return nil }
            state.isReady = true
            return state.onReady
        }
        guard let onReady else { return }
        manager.ready(status: statusLine())
        platform.log.info("ready: every target has been asked once")
        onReady(addresses)
    }

    private func restore() async {
        do {
            let snapshot = try await journal.load()
            logUnreadable(snapshot)
            await desk.restore(snapshot)
            await rules.restore(snapshot.states)
        } catch {
            platform.log.error(
                "the journal cannot be read; starting without its alerts, silences and undelivered messages until it can",
                metadata: ["err": "\(error)"])
            await desk.beginWithoutPast()
            await desk.note("started without the journal", error.description)
            journalUnread.raise()
        }
    }

    private func stop(_ servers: Servers) async {
        state.withLock { state in
            state.isStopping = true
            state.scheduleTask?.cancel()
        }
        manager.stopping(status: "Stopping: delivering what is in flight")
        platform.log.info("stopping: delivering what is in flight")
        await post.drain()
        await desk.note("stopped")
        await rules.save()
        await servers.stop()
    }

    /// Starts the probes of a configuration in place of those that run.
    /// - Returns: a gate that opens when each target has had its first answer or failure.
    @discardableResult
    func startProbes(_ configuration: Configuration) -> Gate {
        let gate = Gate()
        let observatory = observatory
        let rules = rules
        let heartbeat = heartbeat
        let time = platform.time
        let set = network.probes(configuration, platform: platform)
        let slowest = max(
            .seconds(60),
            configuration.global.pollInterval + configuration.global.pollInterval + configuration.global.pollInterval)
        heartbeat.watch("poll", patience: slowest, now: time.monotonic())
        let schedule = ProbeSchedule(
            set, platform: platform,
            events: .init(
                results: { results in
                    let news = observatory.take(results)
                    if !news.isEmpty { rules.consider(news) }
                },
                progress: { heartbeat.beat("poll", now: time.monotonic()) },
                firstRoundEnded: { gate.open() }))
        let task = Task { await schedule.run() }
        let old = state.withLock { state -> Task<Void, Never>? in
            let old = state.scheduleTask
            state.schedule = schedule
            state.scheduleTask = task
            return old
        }
        old?.cancel()
        return gate
    }

    /// Probes the targets of a connection that its peer has dropped.
    private func probe(after lost: LostConnection) {
        let (schedule, configuration) = state.withLock { ($0.schedule, $0.configuration) }
        for target in lost.targets(vault: configuration.vault, postgres: configuration.postgres) {
            schedule?.probeNow(target)
        }
    }
}

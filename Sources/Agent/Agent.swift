import Alerts
import Config
import Delivery
import Dispatching
import Journal
import Logging
package import Platform
import Probes
import RemoteWrite
import Rules
import Samples
import Store
package import Supervision
import Synchronization
import Telemetry
import Transport
import Web
import WebSocket

/// The pipeline as one daemon: probes → store → rules → dispatcher → notifier, together with the journal and the web
/// server. `Agent+Services.swift` lists its services in the order of their start.
package final class Agent: Sendable {
    let options: AgentOptions
    let platform: Platform
    let environment: AgentEnvironment
    let registry = Registry()
    let store: Store
    let clock: ClockStepDetector
    let appender: Appender
    let remoteWriter: RemoteWriter
    let journal: any JournalStorage
    let dispatcher: DispatcherService
    let rules: RuleManager
    let notifier: Notifier
    let changeEvents: ChangeEvents
    let slack: SlackInteractions
    let estateChanges = EstateChanges()
    let network: Network
    /// The results of fully reading backups, kept over reloads.
    let verdicts = BackupVerdicts()
    let auditPositions = AuditPositions()
    /// The states of the targets over time.
    let targetHistory = TargetHistory()
    /// The key of form tokens, kept in the journal.
    let formKey: FormKey
    /// Since when each backup set has been watched, kept in the journal.
    let beginnings: BackupBeginnings
    let probes: ProbeRunner
    let suspects: Suspects
    let watchdog: Watchdog
    let supervisor: Supervisor
    let metrics: AgentMetrics
    let startedAt: Timestamp
    let reloads = Coalescer<String?>()
    let receiverTests = ReceiverTests()
    let alertChanges = AlertChanges()
    /// Reads files during reloads, on a single thread, however many reloads block on a dead mount.
    let loader: any WorkPool
    let state: Mutex<State>
    /// Yields an element each time the journal misses rows, since its file was created anew or too many writes were
    /// pending.
    let journalRewrites: AsyncStream<Void>

    struct State {
        var configuration: Configuration
        /// The settings of the start, until the listener has started.
        var web: WebSettings
        var listener: (any WebListener)?
        var addresses: [String] = []
        /// Whether the agent started without the journal's contents and has not merged them yet.
        var isJournalUnread = false
        var lastReload: (succeeded: Bool, at: Timestamp)
        var lastReloadBegan: Instant?
        /// The rules in force, and what is to be said about them and the configuration.
        var rules: RuleSet
        var warnings: [String]
        var loadedAt: Timestamp
        var reload: ConfigurationView.Reload?
    }

    /// Called once, with the bound addresses, when the agent is ready.
    package var onReady: @Sendable ([String]) -> Void {
        get { ready.withLock { $0 } }
        set { ready.withLock { $0 = newValue } }
    }
    private let ready = Mutex<@Sendable ([String]) -> Void>({ _ in })

    /// Reads the configuration; nothing runs yet.
    /// - Throws: `ConfigurationErrors` with everything that is wrong with the configuration, rule, web configuration and
    ///   template files.
    package init(
        _ options: AgentOptions, platform: Platform, environment: AgentEnvironment = AgentEnvironment()
    ) throws {
        self.options = options
        self.platform = platform
        self.environment = environment
        loader = platform.workPool("reload", threads: 1)
        formKey = FormKey(random: platform.random)
        let loaded = try Agent.load(options, platform.readingInTime)
        let configuration = loaded.configuration
        let lostConnections = Relay<LostConnection>()
        network = environment.network ?? Network.real(platform) { lostConnections.report($0) }
        store = Store(options: configuration.storage.memory, registry: registry)
        clock = ClockStepDetector(store: store, platform: platform, registry: registry)
        appender = Appender(store: store, clock: clock)
        remoteWriter = Agent.remoteWriter(configuration, platform, registry)
        let metrics = AgentMetrics(registry, version: options.version, now: platform.time.wall())
        self.metrics = metrics
        metrics.set(promisedPoint: configuration.recovery.point, time: configuration.recovery.time)
        startedAt = platform.time.wall()
        let watchdog = Watchdog()
        self.watchdog = watchdog
        let (rewrites, rewrite) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        journalRewrites = rewrites
        let journal = environment.journal(configuration.storage, platform) { event in
            if Agent.handle(event, platform, metrics) { rewrite.yield() }
        }
        self.journal = journal
        let time = platform.time
        let probes = ProbeRunner()
        self.probes = probes
        let unexplained = Relay<[Alert]>()
        let (targetHistory, alertChanges) = (targetHistory, alertChanges)
        let storedRows: [any StoredRows] = [verdicts.ledger, auditPositions]
        dispatcher = DispatcherService(
            options: configuration.dispatch,
            write: { (changes) async throws(JournalError) in try await journal.write(changes) },
            platform: platform, registry: registry, explainable: { unexplained.report($0) },
            riders: {
                targetHistory.takeChanges() + storedRows.flatMap { Agent.changes(of: $0) } + alertChanges.takeChanges()
            }
        ) { loop in
            watchdog.advanced(loop.rawValue, now: time.monotonic())
        }
        beginnings = BackupBeginnings { [dispatcher] set, time in
            await dispatcher.append([Agent.beginning(of: set, time)])
        }
        rules = RuleManager(
            loaded.rules, configuration, store: store, clock: clock,
            notify: { [dispatcher] alerts, state, waits in await dispatcher.receive(alerts, state: state, waits: waits)
            },
            pending: { alertChanges.observe($0, at: time.wall()) }, platform: platform, registry: registry
        ) {
            watchdog.advanced("evaluate", now: time.monotonic())
        }
        let rules = rules
        suspects = Suspects(
            appender: appender, time: time, limit: configuration.dispatch.suspectWait,
            probe: { probes.probeNow($0) }, evaluated: { then in Task { await rules.afterEvaluation(then) } }
        ) { [dispatcher] id in
            Task { await dispatcher.endSuspectWait(of: id) }
        }
        suspects.setRules(loaded.rules)
        var events = dispatcher.notifierEvents
        let beginAttempt = events.beginAttempt
        events.beginAttempt = { [suspects] message in
            guard var notification = await beginAttempt(message) else { return nil }
            if notification.status == .firing {
                for index in notification.incidents.indices {
                    notification.incidents[index].answering = suspects.answering(notification.incidents[index].cause)
                }
            }
            return notification
        }
        notifier = try Notifier(
            configuration.delivery, http: network.receivers, mail: network.mail, platform: platform,
            registry: registry, events: events
        ) {
            watchdog.stalled(now: time.monotonic())
        }
        changeEvents = ChangeEvents(
            configuration.delivery, http: network.receivers, platform: platform, registry: registry)
        slack = SlackInteractions(
            configuration.delivery, http: network.receivers, webSocket: environment.webSocket ?? NIOWebSocketClient(),
            platform: platform, registry: registry
        ) { [dispatcher] press in
            await Agent.carryOut(press, dispatcher, time)
        }
        supervisor = Supervisor(environment.manager, time: time)
        state = Mutex(
            State(
                configuration: configuration, web: loaded.web, lastReload: (true, startedAt), rules: loaded.rules,
                warnings: loaded.warnings, loadedAt: startedAt))
        lostConnections.listen { [weak self] in self?.probe(after: $0) }
        unexplained.listen { [suspects] in suspects.ask($0) }
    }

    /// Runs all services until a request to stop, or until its task is cancelled; then stops them in reverse order.
    /// - Throws: `ServerError` when an address can't be bound; `ServiceError`.
    package func run(requests: AsyncStream<Request>) async throws {
        let group = ServiceGroup(services, time: platform.time) { [platform] service in
            platform.log.error(
                "a service did not stop in time and was cancelled",
                metadata: ["service": "\(service.name)", "limit": "\(service.stopLimit)"])
        }
        let limit = group.stopLimit
        try await group.run(
            until: { [self] in
                notify { $0.servicesStarted(status: statusLine()) }
                for await request in requests {
                    if request == .stop { return }
                    // A stop must not wait for a reload.
                    Task { await reload() }
                }
            },
            stopping: { [self] in
                notify { $0.stopBegan(now: platform.time.monotonic(), limit: limit) }
                platform.log.info("stopping: delivering what is in flight")
            })
        platform.log.notice("stopped")
    }

    /// Applies an event to the lifecycle, notifies systemd of the resulting state, and logs it.
    func notify(_ event: (inout Lifecycle) -> [Lifecycle.Action]) {
        for action in supervisor.apply(event) {
            switch action {
            case .becameReady:
                // Ready does not mean healthy: the agent is also ready with every target down.
                platform.log.info(
                    "ready: every target has been probed once", metadata: ["status": "\(statusLine())"])
                onReady(state.withLock(\.addresses))
            case .stalled([]): platform.log.notice("all loops advance again")
            case .stalled(let loops):
                platform.log.critical(
                    "loops have stalled; the watchdog is not fed",
                    metadata: ["loops": "\(loops.joined(separator: ","))"])
            default: break
            }
        }
    }

    /// The current status line for systemd.
    func statusLine() -> String { StatusLine.text(appender.results, targets: probes.targets) }

    /// Probes the targets at the other end of a connection that was lost.
    func probe(after lost: LostConnection) {
        let configuration = state.withLock(\.configuration)
        for target in lost.targets(vault: configuration.vault, postgres: configuration.postgres) {
            probes.probeNow(target)
        }
    }
}

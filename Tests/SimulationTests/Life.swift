import Agent
import Alerts
import Config
import Delivery
import Dispatching
import Journal
import Logging
import Platform
import Rules
import Samples
import Simulation
import Store
import Telemetry
import Transport

/// One life of the agent's process, from its start to its end or its crash: the production code from samples to
/// couriers, wired as `Agent` wires it.
final class Life: @unchecked Sendable {
    let number: Int
    /// False once the process is gone: what still runs of it has no effect on anything.
    private(set) var isAlive = true
    /// Whether the API listens: it does once everything is restored.
    private(set) var isOpen = false
    let desk: AlertDesk
    private let store: Store
    private let clock: ClockWatch
    private let rules: RuleManager
    private let post: PostOffice
    private let platform: Platform
    private let plan: Estate.Plan
    private let disk: Disk
    private let ledger: Ledger
    private var root: Task<Void, Never>?
    /// The state of the world: which conditions hold.
    private let conditions: @Sendable () -> [[Bool]]

    init(
        _ number: Int, _ plan: Estate.Plan, version: Int, time: VirtualTime, random: SeededRandom, disk: Disk,
        receivers: Receivers, ledger: Ledger,
        conditions: @escaping @Sendable () -> [[Bool]]
    ) throws {
        self.number = number
        self.plan = plan
        self.disk = disk
        self.ledger = ledger
        self.conditions = conditions
        let (configuration, set) = plan.versions[version]
        platform = Platform(
            time: time, random: random, files: MemoryFiles(),
            log: Logger(label: "life") { _ in SwiftLogNoOpLogHandler() })
        let registry = Registry()
        store = Store(options: configuration.storage.memory, registry: registry)
        clock = ClockWatch(store: store, platform: platform, registry: registry)
        // What the parts reach the world through is made before the life that they are parts of.
        let network = LifeNetwork(receivers)
        desk = AlertDesk(
            options: configuration.dispatch,
            write: { (changes) async throws(JournalError) in
                guard let life = network.life else { return }
                try await disk.write(changes, life)
            }, platform: platform, registry: registry, progress: {})
        rules = RuleManager(
            set, configuration, store: store, clock: clock,
            notify: { [desk] alerts, state, waits in await desk.receive(alerts, state: state, waits: waits) },
            platform: platform, registry: registry, progress: {})
        post = try PostOffice(
            configuration.delivery, network: Network(http: network, mail: network, database: network),
            platform: platform, registry: registry, desk: desk)
        network.life = self
    }

    func start() {
        root = Task.detached { [self] in
            let snapshot = disk.load()
            await desk.restore(snapshot)
            await rules.restore(snapshot.states)
            isOpen = true
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.desk.run(self.post.outlet) }
                group.addTask { await self.post.run() }
                group.addTask { await self.rules.run() }
                group.addTask { await self.probe() }
                group.addTask { await self.keepHouse() }
            }
        }
    }

    private func probe() async {
        // As of the appender, a target's first samples are news.
        look(Set(Estate.conditions.map(\.metric)))
        while (try? await platform.time.sleep(for: .seconds(120))) != nil { look([]) }
    }

    /// Takes samples of everything; what has changed is news.
    func look(_ news: Set<String>) {
        guard isAlive else { return }
        let now = clock.look().now.wall
        let values = conditions()
        var samples: [Sample] = []
        for (condition, row) in zip(Estate.conditions, values) {
            for (node, holds) in zip(Estate.nodes, row) {
                samples.append(Sample(Labels(name: condition.metric, ["node": node]), holds ? 1 : 0, at: now))
            }
        }
        store.append(samples)
        if !news.isEmpty { rules.consider(news) }
    }

    private func keepHouse() async {
        while !Task.isCancelled {
            disk.maintain(self)
            store.truncate(now: platform.time.wall())
            if disk.takeBegunAnew() {
                await desk.rewriteJournal()
                await rules.save()
                disk.rewritten()
            }
            guard (try? await platform.time.sleep(for: .seconds(30))) != nil else { return }
        }
    }

    func push(_ ended: Bool, node: String) {
        guard isOpen else { return }
        let now = platform.time.wall()
        let alert = Alert(
            labels: Labels(["alertname": Estate.pushed.alert, "node": node, "severity": Estate.pushed.severity]),
            startsAt: now,
            endsAt: ended ? now : nil, updatedAt: now)
        Task.detached { [desk] in await desk.receive([alert], external: true) }
    }

    func reload(_ version: Int) {
        let (configuration, set) = plan.versions[version]
        Task.detached { [self] in
            guard
                (try? await post.reload(configuration.delivery, reroute: { await desk.reload(configuration.dispatch) }))
                    != nil
            else { return }
            await rules.reload(set, configuration)
        }
    }

    /// Ends as on SIGTERM; `then` when it is done.
    func stop(_ then: @escaping @Sendable () -> Void) {
        Task.detached { [self] in
            await post.drain()
            await rules.save()
            root?.cancel()
            await root?.value
            isAlive = false
            then()
        }
    }

    /// The process is gone from one instruction to the next. What is left of its tasks comes to an end without effect.
    func die() {
        isAlive = false
        Task.detached { [self] in
            await post.drain()
            root?.cancel()
        }
    }
}

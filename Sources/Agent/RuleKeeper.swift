import Alerts
import Config
import FoundationEssentials
import Journal
import Logging
import Platform
import PromQL
import Rules
import Samples
import Store
import Synchronization
import Telemetry

/// Evaluates rule groups: each at its interval, and at once when a state that it reads has changed.
package actor RuleKeeper {
    private struct Entry {
        var evaluator: GroupEvaluator
        var interval: Duration
        var due: Instant
        var isAsked = false
        var lastRun: Instant?
        var lastDuration = 0.0
        var lastEvaluation: Timestamp?
    }

    /// Between two evaluations of a group that are asked for by news: a flapping target must not make a storm.
    private static let leastGap = Duration.milliseconds(100)
    /// One rule's expression may take this long.
    private static let evaluationTime = Duration.seconds(10)

    private var entries: [Entry] = []
    private var context: RuleContext
    private let store: Store
    private let clock: ClockWatch
    private let dispatcher: DispatcherService
    private let platform: Platform
    private let progress: @Sendable () -> Void
    private let wake = Wake()
    /// Steps of the clock that the groups' state has taken along.
    private var steps = Duration.zero
    private let news = Mutex<Set<String>>([])
    private let evaluations: Counter
    private let failures: Counter
    private let missed: Counter
    private let duration: Gauge
    private let lastTimestamp: Gauge
    private let intervalGauge: Gauge
    private let rulesGauge: Gauge

    package init(
        _ set: RuleSet, _ configuration: Configuration, store: Store, clock: ClockWatch, dispatcher: DispatcherService,
        platform: Platform, registry: Registry,
        progress: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.clock = clock
        self.dispatcher = dispatcher
        self.platform = platform
        self.progress = progress
        let labels = ["rule_group"]
        evaluations = registry.counter("vaultwatch_rule_evaluations_total", help: "Rules evaluated.", labels: labels)
        failures = registry.counter(
            "vaultwatch_rule_evaluation_failures_total", help: "Rules that failed to evaluate.", labels: labels)
        missed = registry.counter(
            "vaultwatch_rule_group_iterations_missed_total", help: "Turns of a group left out since it was late.",
            labels: labels)
        duration = registry.gauge(
            "vaultwatch_rule_group_last_duration_seconds", help: "How long a group's last turn took.", labels: labels)
        lastTimestamp = registry.gauge(
            "vaultwatch_rule_group_last_evaluation_timestamp_seconds", help: "When a group was last evaluated.",
            labels: labels)
        intervalGauge = registry.gauge(
            "vaultwatch_rule_group_interval_seconds", help: "A group's interval.", labels: labels)
        rulesGauge = registry.gauge("vaultwatch_rule_group_rules", help: "Rules of a group.", labels: labels)
        context = RuleKeeper.context(configuration, store, platform)
        let now = platform.time.monotonic()
        entries = set.groups.map { RuleKeeper.entry($0, configuration, now) }
        for entry in entries { RuleKeeper.declare(entry, evaluations, failures, missed, intervalGauge, rulesGauge) }
    }

    private static func context(_ configuration: Configuration, _ store: Store, _ platform: Platform) -> RuleContext {
        var context = RuleContext(source: StoreSource(store: store))
        context.externalLabels = Labels(configuration.global.externalLabels)
        context.externalURL = configuration.web.externalURL
        context.limits.series = 100_000
        context.limits.samples = 5_000_000
        context.limits.defaultStep = configuration.global.evaluationInterval
        return context
    }

    private static func entry(_ group: RuleGroup, _ configuration: Configuration, _ now: Instant) -> Entry {
        Entry(
            evaluator: GroupEvaluator(group), interval: group.interval ?? configuration.global.evaluationInterval,
            due: now)
    }

    private static func declare(
        _ entry: Entry, _ evaluations: Counter, _ failures: Counter, _ missed: Counter, _ interval: Gauge,
        _ rules: Gauge
    ) {
        let name = entry.evaluator.group.name
        for counter in [evaluations, failures, missed] { counter.declare(name) }
        interval.set(entry.interval.seconds, name)
        rules.set(Double(entry.evaluator.group.rules.count), name)
    }

    /// News of these metrics: groups that read one of them are looked at now.
    package nonisolated func consider(_ metrics: Set<String>) {
        news.withLock { $0.formUnion(metrics) }
        wake.signal()
    }

    /// Evaluates until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            takeNews()
            let now = look().monotonic
            // A reload may bring fewer groups while one is evaluated.
            var index = 0
            while index < entries.count {
                if isDue(entries[index], now) { await evaluate(index) }
                if Task.isCancelled { return }
                index += 1
            }
            progress()
            let next = entries.map { entry -> Instant in
                guard entry.isAsked, let last = entry.lastRun else { return entry.due }
                return min(entry.due, last + RuleKeeper.leastGap)
            }.min()
            let latest = platform.time.monotonic() + .seconds(30)
            await wake.wait(until: min(next ?? latest, latest), time: platform.time)
        }
    }

    /// Looks at the clock; where it stepped, the groups' state goes along.
    private func look() -> Moment {
        let (now, all) = clock.look()
        if all != steps {
            for index in entries.indices { entries[index].evaluator.shift(by: all - steps) }
            steps = all
        }
        return now
    }

    private func isDue(_ entry: Entry, _ now: Instant) -> Bool {
        if entry.due <= now { return true }
        guard entry.isAsked else { return false }
        return entry.lastRun.map { $0 + RuleKeeper.leastGap <= now } ?? true
    }

    private func takeNews() {
        let names = news.withLock { news in
            defer { news = [] }
            return news
        }
        guard !names.isEmpty else { return }
        for index in entries.indices
        where entries[index].evaluator.group.metricNames.map({ !$0.isDisjoint(with: names) }) ?? true {
            entries[index].isAsked = true
        }
    }

    private func evaluate(_ index: Int) async {
        let began = look()
        let time = platform.time
        let deadline = began.monotonic + RuleKeeper.evaluationTime
        context.limits.isOverdue = { time.monotonic() > deadline }
        let name = entries[index].evaluator.group.name
        let failedBefore = entries[index].evaluator.rules.map(\.lastError)
        let result = entries[index].evaluator.evaluate(at: began.wall, context)
        store.append(result.samples)
        let ended = time.monotonic()
        let interval = entries[index].interval
        entries[index].isAsked = false
        entries[index].lastRun = began.monotonic
        entries[index].lastDuration = (ended - began.monotonic).seconds
        entries[index].lastEvaluation = began.wall
        var due = entries[index].due
        if due <= began.monotonic {
            due = due + interval
            var late = 0
            while due <= ended, late < 1000 {
                due = due + interval
                late += 1
            }
            if late > 0 { missed.increment(name, by: Double(late)) }
            if due <= ended { due = ended + interval }
        }
        entries[index].due = due
        evaluations.increment(name, by: Double(result.evaluations))
        duration.set(entries[index].lastDuration, name)
        lastTimestamp.set(began.wall.seconds, name)
        for (rule, error) in result.failures {
            failures.increment(name)
            if !failedBefore.contains(error) {
                platform.log.error(
                    "a rule failed to evaluate", metadata: ["group": "\(name)", "rule": "\(rule)", "err": "\(error)"])
            }
        }
        // The state goes with the alerts, in one transaction: a restart finds both or neither.
        let state = result.isChanged ? RuleKeeper.change(entries[index].evaluator, began.wall) : []
        if !result.alerts.isEmpty || !state.isEmpty { await dispatcher.receive(result.alerts, state: state) }
    }

    private static func change(_ evaluator: GroupEvaluator, _ now: Timestamp) -> [JournalChange] {
        guard let bytes = try? JSONEncoder().encode(evaluator.saved(at: now)) else { return [] }
        return [.state(key: "rules/" + evaluator.group.key, Array(bytes))]
    }

    /// Takes up the rules' state where the last run ended.
    /// - Parameter merging: the groups have been evaluated meanwhile, after a start without the journal.
    package func restore(_ states: [String: [UInt8]], merging: Bool = false) async {
        let now = platform.time.wall()
        let present = Set(entries.map { "rules/" + $0.evaluator.group.key })
        for (key, bytes) in states where key.hasPrefix("rules/") && !present.contains(key) {
            // Its file went while the agent was down: nobody else would ever end what it fired.
            let saved = try? JSONDecoder().decode(GroupEvaluator.Saved.self, from: Data(bytes))
            await dispatcher.receive(
                saved?.ends(at: now, externalLabels: context.externalLabels) ?? [], state: [.forgetState(key: key)],
                waits: false)
        }
        for index in entries.indices {
            guard let bytes = states["rules/" + entries[index].evaluator.group.key] else { continue }
            do {
                let saved = try JSONDecoder().decode(GroupEvaluator.Saved.self, from: Data(bytes))
                if merging {
                    entries[index].evaluator.merge(saved, now: now)
                } else {
                    entries[index].evaluator.restore(saved, now: now)
                }
            } catch {
                platform.log.error(
                    "a rule group's state in the journal could not be read",
                    metadata: ["group": "\(entries[index].evaluator.group.name)", "err": "\(error)"])
            }
        }
    }

    /// Writes the state of all groups, so that the time of an outage can be told.
    package func save() async {
        let now = platform.time.wall()
        await dispatcher.receive([], state: entries.flatMap { RuleKeeper.change($0.evaluator, now) })
    }

    /// Takes other rules; those that are the same keep their state.
    package func reload(_ set: RuleSet, _ configuration: Configuration) async {
        context = RuleKeeper.context(configuration, store, platform)
        let now = platform.time.now()
        var old: [String: Entry] = [:]
        for entry in entries { old[entry.evaluator.group.key] = entry }
        entries = set.groups.map { group in
            guard var entry = old.removeValue(forKey: group.key) else {
                return RuleKeeper.entry(group, configuration, now.monotonic)
            }
            entry.evaluator.adopt(group)
            entry.interval = group.interval ?? configuration.global.evaluationInterval
            entry.due = min(entry.due, now.monotonic + entry.interval)
            return entry
        }
        for entry in entries { RuleKeeper.declare(entry, evaluations, failures, missed, intervalGauge, rulesGauge) }
        // What a group that is gone has fired is over.
        var ends: [Alert] = []
        for entry in old.values {
            store.append(entry.evaluator.ending(at: now.wall))
            ends += entry.evaluator.ends(at: now.wall)
        }
        if !ends.isEmpty { await dispatcher.receive(ends) }
        wake.signal()
    }

    /// One group as it stands.
    package struct GroupStatus: Sendable {
        package let evaluator: GroupEvaluator
        package let interval: Duration
        package let lastDuration: Double
        package let lastEvaluation: Timestamp?
    }

    package func statuses() -> [GroupStatus] {
        entries.map {
            GroupStatus(
                evaluator: $0.evaluator, interval: $0.interval, lastDuration: $0.lastDuration,
                lastEvaluation: $0.lastEvaluation)
        }
    }
}

/// The store as PromQL sees it.
struct StoreSource: SampleSource {
    let store: Store

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        store.select(matchers, start: start, end: end)
    }

    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        try store.visit(matchers, start: start, end: end, latestOnly: latestOnly, body)
    }
}

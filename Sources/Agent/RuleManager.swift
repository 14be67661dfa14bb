package import Alerts
package import Config
package import Journal
import Logging
package import Platform
import PromQL
package import Rules
import Samples
package import Store
import Synchronization
package import Telemetry
import Text

/// Evaluates rule groups, each at its offset in its interval, and at once when a state that it reads has changed. The
/// counterpart of `rules.Manager` in Prometheus.
///
/// The actor only schedules. Groups are evaluated on a few dedicated threads, which requests from outside can't starve;
/// a group is never on two at once, and slow groups get at most half of the threads, so that they do not delay the
/// others. A group is looked up by its key after each suspension: a reload may have replaced it.
package actor RuleManager {
    /// Takes the alerts that began, ended or are due to be re-sent, and the rules' state that the journal must store in
    /// the same transaction. Returns once both are in the journal, or at once if `waits` is false.
    package typealias Notify = @Sendable (_ alerts: [Alert], _ state: [JournalChange], _ waits: Bool) async -> Void

    /// Waits until groups have been evaluated.
    private struct Waiter {
        /// How many evaluations must have ended, by the groups' ids.
        var groups: [UInt64: UInt64]
        let done: @Sendable () -> Void
    }

    private static let threadCount = 4
    /// A group whose last evaluation took longer is slow; `slowLimit` of them may run at a time.
    static let slowDuration = Duration.seconds(1)
    private static let slowLimit = 2
    /// Maximum number of callers of `afterEvaluation` that wait.
    private static let waiterLimit = 1000
    /// An evaluation that greatly exceeds its limit counts as hung, and the watchdog is no longer fed.
    private static let stallLimit = GroupEvaluation.groupLimit + .seconds(15)

    /// Keys in the order of the files.
    private var order: [String] = []
    private var entries: [String: Entry] = [:]
    private var nextID: UInt64 = 0
    private var waiters: [Waiter] = []
    private var context: RuleContext
    private let store: Store
    private let clock: ClockStepDetector
    private let notify: Notify
    private let pending: @Sendable ([PendingChange]) -> Void
    private let platform: Platform
    private let pool: any WorkPool
    private let metrics: RuleMetrics
    private let progress: @Sendable () -> Void
    private let wake = Wake()
    private let changedMetrics = Mutex<Set<String>>([])

    /// - Parameters:
    ///   - notify: takes alerts and the rules' state.
    ///   - pending: takes alerts that have become pending, or have gone without having fired; must return quickly.
    ///   - pool: where groups are evaluated; nil for threads of the manager's own.
    ///   - progress: called in each iteration of the loop while no evaluation hangs, for the watchdog.
    package init(
        _ set: RuleSet, _ configuration: Configuration, store: Store, clock: ClockStepDetector,
        notify: @escaping Notify, pending: @escaping @Sendable ([PendingChange]) -> Void = { _ in },
        platform: Platform, registry: Registry, pool: (any WorkPool)? = nil, progress: @escaping @Sendable () -> Void
    ) {
        self.store = store
        self.clock = clock
        self.notify = notify
        self.pending = pending
        self.platform = platform
        self.pool = pool ?? platform.workPool("rules", threads: RuleManager.threadCount)
        self.progress = progress
        metrics = RuleMetrics(registry)
        context = RuleManager.context(configuration, store)
        let (now, steps) = clock.check()
        for group in set.groups {
            let entry = Entry(
                id: nextID, evaluator: GroupEvaluator(group), steps: steps,
                interval: RuleManager.interval(group, configuration), due: now.monotonic)
            nextID += 1
            order.append(group.key)
            entries[group.key] = entry
            metrics.declare(group, interval: entry.interval)
        }
    }

    private static func context(_ configuration: Configuration, _ store: Store) -> RuleContext {
        var context = RuleContext(source: StoreSource(store: store))
        context.externalLabels = Labels(configuration.global.alertLabels)
        context.externalURL = configuration.web.externalURL
        context.limits.series = 100_000
        context.limits.samples = 5_000_000
        context.limits.defaultStep = configuration.global.evaluationInterval
        return context
    }

    private static func interval(_ group: RuleGroup, _ configuration: Configuration) -> Duration {
        group.interval ?? configuration.global.evaluationInterval
    }

    private static func phase(_ key: String, _ interval: Duration) -> EvaluationPhase {
        EvaluationPhase(key: key, interval: interval)
    }

    /// Makes groups that read one of these metrics due at once.
    package nonisolated func consider(_ metrics: Set<String>) {
        changedMetrics.withLock { $0.formUnion(metrics) }
        wake.signal()
    }

    /// Calls back once when the groups that read a metric considered so far have been evaluated and their alerts
    /// received; at once if none is to be, or if too many wait. Not after the end of `run`.
    package func afterEvaluation(_ done: @escaping @Sendable () -> Void) {
        takeChanges()
        var groups: [UInt64: UInt64] = [:]
        for entry in entries.values {
            if entry.triggeredAt != nil {
                // The present one may have begun before the change.
                groups[entry.id] = entry.ended + (entry.isIdle ? 1 : 2)
            } else if entry.isTriggered, !entry.isIdle {
                groups[entry.id] = entry.ended + 1
            }
        }
        if groups.isEmpty || waiters.count >= RuleManager.waiterLimit { return done() }
        waiters.append(Waiter(groups: groups, done: done))
    }

    /// Calls back the waiters whose groups have all been evaluated.
    private func resumeWaiters() {
        guard !waiters.isEmpty else { return }
        var ended: [UInt64: UInt64] = [:]
        for entry in entries.values { ended[entry.id] = entry.ended }
        for index in waiters.indices {
            // A group that a reload has removed has no evaluation to wait for.
            waiters[index].groups = waiters[index].groups.filter { id, count in ended[id].map { $0 < count } ?? false }
        }
        let done = waiters.filter(\.groups.isEmpty)
        waiters.removeAll(where: \.groups.isEmpty)
        for waiter in done { waiter.done() }
    }

    // MARK: The loop

    /// Evaluates until the task is cancelled. Evaluations that run then are cancelled, and their results dropped.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                takeChanges()
                let now = clock.check().now.monotonic
                for key in ready(at: now) {
                    entries[key]?.begin(now)
                    group.addTask { await self.evaluate(key) }
                }
                if !isStalled(at: now) { progress() }
                await wake.wait(until: nextWake(after: now), time: platform.time)
            }
        }
    }

    private func takeChanges() {
        let names = changedMetrics.withLock { metrics in
            defer { metrics = [] }
            return metrics
        }
        guard !names.isEmpty else { return }
        let now = platform.time.monotonic()
        for key in order {
            guard let entry = entries[key], entry.triggeredAt == nil,
                entry.evaluator.group.metricNames.map({ !$0.isDisjoint(with: names) }) ?? true
            else { continue }
            entries[key]?.triggeredAt = now
        }
    }

    /// The groups to start now, longest waiting first, as far as there are free threads.
    private func ready(at now: Instant) -> [String] {
        var free = RuleManager.threadCount
        var slow = 0
        var waiting: [(key: String, since: Instant, isSlow: Bool)] = []
        for (key, entry) in entries {
            if entry.isEvaluating {
                free -= 1
                if entry.isSlow(at: now) { slow += 1 }
            } else if entry.isIdle, entry.wakeTime <= now {
                waiting.append((key, entry.wakeTime, entry.isSlow(at: now)))
            }
        }
        waiting.sort { ($0.since, $0.key) < ($1.since, $1.key) }
        var found: [String] = []
        for one in waiting where found.count < free {
            if one.isSlow {
                guard slow < RuleManager.slowLimit else { continue }
                slow += 1
            }
            found.append(one.key)
        }
        return found
    }

    /// When the loop must check again unless an evaluation ends or a metric changes before: groups that are already due
    /// wait for a thread.
    private func nextWake(after now: Instant) -> Instant {
        let latest = now + .seconds(30)
        return entries.values.reduce(latest) { next, entry in
            entry.isIdle && entry.wakeTime > now ? min(next, entry.wakeTime) : next
        }
    }

    private func isStalled(at now: Instant) -> Bool {
        entries.values.contains { entry in
            if case .evaluating(let since) = entry.phase { now - since > RuleManager.stallLimit } else { false }
        }
    }

    // MARK: One evaluation

    private func evaluate(_ key: String) async {
        guard let entry = entries[key] else { return }
        let evaluation = GroupEvaluation(
            evaluator: entry.evaluator, steps: entry.steps, context: context, store: store, clock: clock,
            time: platform.time)
        let outcome = await withTaskCancellationHandler {
            if let outcome = await pool.run({ evaluation.run() }) { return outcome }
            // Evaluating late and blocking everything else is better than not at all.
            platform.log.error("no thread can be started to evaluate rules; they block everything else")
            return evaluation.run()
        } onCancel: {
            evaluation.cancel()
        }
        guard let outcome, !Task.isCancelled else {
            end(entry.id, key)
            return
        }
        await finish(key, outcome)
    }

    private func finish(_ key: String, _ outcome: GroupEvaluation.Outcome) async {
        // It still exists: a reload keeps a group that is being evaluated.
        guard var entry = entries[key] else { return }
        let group = outcome.evaluator.group
        let id = entry.id
        entry.evaluator = outcome.evaluator
        entry.steps = outcome.steps
        entry.lastDuration = (outcome.ended - outcome.began.monotonic).seconds
        entry.ruleSeconds = outcome.ruleSeconds
        entry.lastEvaluation = outcome.began.wall
        if entry.due <= outcome.began.monotonic {
            let phase = RuleManager.phase(key, entry.interval)
            let missed = phase.count(after: outcome.began.monotonic, through: outcome.ended)
            if missed > 0 { metrics.recordMissed(group, missed) }
            entry.due = phase.next(after: outcome.ended)
        }
        if !outcome.result.pending.isEmpty { pending(outcome.result.pending) }
        metrics.record(group, outcome.result, began: outcome.began.wall, seconds: entry.lastDuration)
        for (rule, error) in outcome.newFailures {
            platform.log.error(
                "a rule failed to evaluate", metadata: ["group": "\(group.name)", "rule": "\(rule)", "err": "\(error)"])
        }
        if let saved = entry.unmerged { entry.evaluator.merge(saved, now: platform.time.wall()) }
        entry.unmerged = nil
        var (alerts, state) = (outcome.result.alerts, outcome.state)
        switch entry.replacement {
        case nil: break
        case .group(let group): entry.evaluator.adopt(group)
        case .removal:
            entries[key] = nil
            (alerts, state) = end(key, entry.evaluator)
            alerts = outcome.result.alerts.filter { $0.endsAt != nil } + alerts
        }
        entry.replacement = nil
        entry.phase = .notifying
        if entries[key] != nil { entries[key] = entry }
        // The thread is free for another group while the journal writes.
        wake.signal()
        if !alerts.isEmpty || !state.isEmpty { await notify(alerts, state, true) }
        end(id, key)
        wake.signal()
    }

    /// An evaluation has ended, and its alerts have been received.
    private func end(_ id: UInt64, _ key: String) {
        if entries[key]?.id == id {
            entries[key]?.phase = .idle
            entries[key]?.ended += 1
        }
        resumeWaiters()
    }

    // MARK: The journal

    /// Restores the rules' state of the last run.
    /// - Parameters:
    ///   - states: the journal's states, by key; those that are not of rules are ignored.
    ///   - merging: the groups have been evaluated meanwhile, after a start without the journal.
    package func restore(_ states: [String: [UInt8]], merging: Bool = false) async {
        let states = states.filter { $0.key.hasPrefix(GroupEvaluation.stateKeyPrefix) }
        let saved =
            await pool.run { states.mapValues { GroupEvaluation.saved($0) } }
            ?? states.mapValues { GroupEvaluation.saved($0) }
        let (now, steps) = clock.check()
        var ends: [Alert] = []
        var forgotten: [JournalChange] = []
        for (stateKey, saved) in saved.sorted(by: { $0.key < $1.key }) {
            let key = String(stateKey.dropFirst(GroupEvaluation.stateKeyPrefix.count))
            guard entries[key] != nil else {
                // Its file was removed while the agent was down: without the group nothing else would end its alerts.
                ends += (try? saved.get())?.ends(at: now.wall, externalLabels: context.externalLabels) ?? []
                forgotten.append(.forgetState(key: stateKey))
                continue
            }
            switch saved {
            case .success(let saved):
                if entries[key]?.isEvaluating == true {
                    entries[key]?.unmerged = saved
                    continue
                }
                entries[key]?.align(to: steps)
                if merging {
                    entries[key]?.evaluator.merge(saved, now: now.wall)
                } else {
                    entries[key]?.evaluator.restore(saved, now: now.wall)
                }
            case .failure(let error):
                platform.log.error(
                    "a rule group's state in the journal could not be read",
                    metadata: ["group": "\(key)", "err": "\(error)"])
            }
        }
        if !forgotten.isEmpty { await notify(ends, forgotten, false) }
    }

    /// The alerts that fire in the journal but in no rule's state. They are left behind by a journal that was read
    /// late, or a disk that accepted one write and refused the next.
    /// - Parameter alerts: from the journal; those that came through the API have an end and are skipped.
    package func orphaned(_ alerts: [Alert]) -> [Alert] {
        var known: Set<UInt64> = []
        for entry in entries.values {
            known.formUnion(entry.evaluator.firing())
            let unmerged = entry.unmerged?.ends(at: Timestamp(milliseconds: 0), externalLabels: context.externalLabels)
            known.formUnion((unmerged ?? []).map(\.id))
        }
        return alerts.filter { $0.endsAt == nil && !known.contains($0.id) }
    }

    /// Writes the state of all groups, from which a restart computes the duration of the outage.
    package func save() async {
        let (now, steps) = clock.check()
        for key in order where entries[key]?.isEvaluating == false { entries[key]?.align(to: steps) }
        let evaluators = order.compactMap { entries[$0]?.evaluator }
        let encode = { @Sendable in evaluators.flatMap { GroupEvaluation.state(of: $0, now.wall) } }
        await notify([], await pool.run(encode) ?? encode(), true)
    }

    // MARK: Reload

    /// Replaces the rules; unchanged ones keep their state, and the alerts of the others end.
    package func reload(_ set: RuleSet, _ configuration: Configuration) async {
        context = RuleManager.context(configuration, store)
        let (now, steps) = clock.check()
        for group in set.groups {
            let interval = RuleManager.interval(group, configuration)
            var entry =
                entries[group.key]
                ?? Entry(
                    id: nextID, evaluator: GroupEvaluator(group), steps: steps, interval: interval, due: now.monotonic)
            if entry.id == nextID { nextID += 1 }
            entry.interval = interval
            entry.due = min(entry.due, RuleManager.phase(group.key, interval).next(after: now.monotonic))
            if entry.isEvaluating {
                entry.replacement = .group(group)
            } else {
                entry.align(to: steps)
            }
            entry.evaluator.adopt(group)
            entries[group.key] = entry
            metrics.declare(group, interval: interval)
        }
        let present = Set(set.groups.map(\.key))
        var ends: [Alert] = []
        var forgotten: [JournalChange] = []
        for key in entries.keys.sorted() where !present.contains(key) {
            if entries[key]?.isEvaluating == true {
                entries[key]?.replacement = .removal
            } else if let entry = entries.removeValue(forKey: key) {
                let (alerts, state) = end(key, entry.evaluator)
                ends += alerts
                forgotten += state
            }
        }
        order = set.groups.map(\.key)
        resumeWaiters()
        wake.signal()
        if !ends.isEmpty || !forgotten.isEmpty { await notify(ends, forgotten, true) }
    }

    /// Ends the series of a removed group.
    /// - Returns: the ends of its alerts, and the journal rows to delete.
    private func end(_ key: String, _ evaluator: GroupEvaluator) -> ([Alert], [JournalChange]) {
        let now = clock.check().now.wall
        store.append(evaluator.ending(at: now))
        return (evaluator.ends(at: now), [.forgetState(key: GroupEvaluation.stateKeyPrefix + key)])
    }

    /// All groups in the order of the files, as of their last evaluation.
    package func statuses() -> [GroupStatus] {
        order.compactMap { entries[$0] }.filter { !$0.isRemoved }.map {
            GroupStatus(
                evaluator: $0.evaluator, interval: $0.interval, lastDuration: $0.lastDuration,
                ruleSeconds: $0.ruleSeconds, lateness: $0.lateness, lastEvaluation: $0.lastEvaluation)
        }
    }
}

package import Alerts
package import Delivery
package import Dispatching
package import Journal
import Logging
package import Platform
import Samples
package import Telemetry

/// The dispatcher with its journal: its decisions are on the disk before a message leaves.
///
/// One loop decides, another writes. Decisions are written in the order in which they were made, so that the journal
/// never holds an end without its start, and simultaneous decisions share one fsync. A message costs two writes: when
/// it is decided and when it is accepted. A failed write delays nothing: the journal keeps the changes and the messages
/// leave.
package actor DispatcherService {
    /// Where decided messages go, in the order of the decisions. The closures must not block.
    package struct MessageSink: Sendable {
        /// Takes messages that are in the outbox.
        package var enqueue: @Sendable ([Outgoing]) -> Void
        /// Drops messages that left the outbox.
        package var withdraw: @Sendable ([UInt64]) -> Void
        /// The first message of each conversation under way, by key.
        package var threads: @Sendable () -> [String: String]

        /// A sink with custom closures.
        package init(
            enqueue: @escaping @Sendable ([Outgoing]) -> Void, withdraw: @escaping @Sendable ([UInt64]) -> Void,
            threads: @escaping @Sendable () -> [String: String] = { [:] }
        ) {
            self.enqueue = enqueue
            self.withdraw = withdraw
            self.threads = threads
        }

        /// The notifier's queues.
        package init(_ notifier: Notifier) {
            self.init(
                enqueue: { notifier.enqueue($0) }, withdraw: { notifier.withdraw($0) }, threads: { notifier.threads })
        }
    }

    /// The loops that the watchdog monitors; the raw values are values of a metric's label.
    package enum Loop: String, Sendable, CaseIterable {
        /// Decides what is due.
        case dispatch
        /// Writes to the journal and enqueues messages.
        case commit
    }

    /// How changes reach the disk: `Journal.write`, or a substitute of a test.
    package typealias Write = @Sendable ([JournalChange]) async throws(JournalError) -> Void

    private struct Batch {
        var changes: [JournalChange] = []
        var send: [Outgoing] = []
        var withdraw: [UInt64] = []
        var waiters: [CheckedContinuation<Void, Never>] = []

        var needsWrite: Bool { !changes.isEmpty || !waiters.isEmpty }
        var hasMessages: Bool { !send.isEmpty || !withdraw.isEmpty }
    }

    private enum Phase {
        /// Before `run`: the caller that makes changes writes them, and messages are held back.
        case starting
        case running
        /// After `run`: the caller that makes changes writes them.
        case stopped
    }

    var dispatcher: Dispatcher
    let platform: Platform
    private let write: Write
    private let beat: @Sendable (Loop) -> Void
    private let explainable: @Sendable ([Alert]) -> Void
    private let riders: @Sendable () -> [JournalChange]
    private var sink: MessageSink?
    private var batch = Batch()
    private var phase = Phase.starting
    private var isWriting = false
    private let decideWake = Wake()
    private let commitWake = Wake()
    private let refused: Counter
    private let refusedSilences: Counter
    private let shortened: Counter
    private let suppressed: Counter
    private let decided: Counter
    private let escalated: Counter

    /// Maximum time that a loop sleeps, so that its heartbeat shows that it is alive.
    private static let maxSleep = Duration.seconds(20)

    /// A service without alerts; `restore` loads the journal's state, `run` starts it.
    /// - Parameters:
    ///   - explainable: called with alerts that have begun to fire and that others may explain, though none does yet;
    ///     call `endSuspectWait` in return. Must return quickly.
    ///   - riders: returns changes to write along with the next ones; they do not justify a write of their own, least
    ///     of all just before one that a page waits for.
    ///   - beat: called once in each iteration of a loop, at least every 20 s.
    package init(
        options: DispatchOptions, write: @escaping Write, platform: Platform, registry: Registry,
        explainable: @escaping @Sendable ([Alert]) -> Void = { _ in },
        riders: @escaping @Sendable () -> [JournalChange] = { [] }, beat: @escaping @Sendable (Loop) -> Void
    ) {
        dispatcher = Dispatcher(options)
        self.write = write
        self.platform = platform
        self.beat = beat
        self.explainable = explainable
        self.riders = riders
        refused = registry.counter(
            "vaultwatch_alerts_refused_total",
            help: "Alerts refused, by source (rule or api) and reason.", labels: ["origin", "reason"])
        refused.declare("rule", AlertRefusal.limit.rawValue)
        for reason in AlertRefusal.allCases { refused.declare("api", reason.rawValue) }
        shortened = registry.counter(
            "vaultwatch_alerts_shortened_total",
            help:
                "Alerts of rules accepted without their annotations, since their total size exceeds the limit."
        )
        shortened.declare()
        refusedSilences = registry.counter(
            "vaultwatch_silences_refused_total", help: "Silences refused, by reason.", labels: ["reason"])
        for reason in ["invalid", "limit", "bytes"] { refusedSilences.declare(reason) }
        suppressed = registry.counter(
            "vaultwatch_notifications_suppressed_total",
            help: "Alerts not sent by a flush of their group, by reason.", labels: ["reason"])
        for reason in SuppressionReason.allCases { suppressed.declare(reason.rawValue) }
        decided = registry.counter(
            "vaultwatch_notifications_decided_total", help: "Notifications decided, by reason.", labels: ["reason"])
        for reason in Notification.Reason.allCases where reason != .test { decided.declare(reason.rawValue) }
        escalated = registry.counter(
            "vaultwatch_alerts_escalated_total",
            help: "Alerts that went to the fallback because their receiver has not accepted them in time.",
            labels: ["receiver", "severity"])
        declareEscalations(options)
    }

    private nonisolated func declareEscalations(_ options: DispatchOptions) {
        for receiver in options.receivers where receiver.fallback != nil {
            for severity in Severity.allCases { escalated.declare(receiver.name, severity.rawValue) }
        }
    }

    // MARK: The loops

    /// Decides and writes until its task is cancelled; everything decided by then is written before it returns. Later
    /// changes are written immediately, and their messages stay in the outbox.
    package func run(_ sink: MessageSink) async {
        self.sink = sink
        phase = .running
        await withDiscardingTaskGroup { group in
            group.addTask { await self.decideLoop() }
            group.addTask { await self.commitLoop() }
        }
        phase = .stopped
        await committed()
        // Breaks the reference cycle: the notifier refers to this service in turn.
        self.sink = nil
    }

    private func decideLoop() async {
        while !Task.isCancelled {
            let now = platform.time.now()
            enqueue(dispatcher.advance(now))
            beat(.dispatch)
            // Flushes check silences and ends themselves; waking up serves pending messages and the heartbeat.
            let latest = platform.time.monotonic() + DispatcherService.maxSleep
            await decideWake.wait(
                until: dispatcher.nextDeadline.map { min($0, latest) } ?? latest, time: platform.time)
        }
    }

    private func commitLoop() async {
        while !Task.isCancelled {
            await writeBatches()
            beat(.commit)
            // Nothing is left to write, or a caller that began to write before this loop did leaves nothing.
            await commitWake.wait(
                until: platform.time.monotonic() + DispatcherService.maxSleep, time: platform.time)
        }
    }

    /// Writes and enqueues until nothing is left. One caller does so at a time; changes that others add meanwhile are
    /// included.
    private func writeBatches() async {
        guard !isWriting else { return }
        isWriting = true
        defer { isWriting = false }
        while batch.needsWrite || (sink != nil && batch.hasMessages) {
            var current = batch
            batch = Batch()
            if !current.changes.isEmpty { current.changes += riders() }
            if sink == nil {
                (batch.send, batch.withdraw) = (current.send, current.withdraw)
                (current.send, current.withdraw) = ([], [])
            }
            if !current.changes.isEmpty { await persist(current.changes) }
            sink?.withdraw(current.withdraw)
            let withdrawn = Set(current.withdraw)
            sink?.enqueue(current.send.filter { !withdrawn.contains($0.id) })
            for waiter in current.waiters { waiter.resume() }
            beat(.commit)
        }
    }

    /// Writes even if the caller's task was cancelled: a stop must not prevent its state from being saved.
    private func persist(_ changes: [JournalChange]) async {
        let (write, log) = (write, platform.log)
        await Task {
            do {
                try await write(changes)
            } catch {
                // The journal keeps what it could not write, and its health reports that. Messages leave all the same.
                log.debug("the journal did not accept a write", metadata: ["err": "\(error)"])
            }
        }.value
    }

    /// Returns once everything decided so far is on the disk, or is kept by the journal because the disk refuses it.
    func committed() async {
        guard phase == .running || isWriting else { return await writeBatches() }
        await withCheckedContinuation { continuation in
            batch.waiters.append(continuation)
            commitWake.signal()
        }
    }

    func append(_ changes: [JournalChange]) {
        batch.changes += changes
        if !changes.isEmpty { commitWake.signal() }
    }

    /// Writes the changes that wait for another write, if there are any; see `riders`.
    package func writeRiders() { append(riders()) }

    /// A copy of the current dispatcher, from which callers compute what they show without blocking it.
    package func copy() -> Dispatcher { dispatcher }

    private func enqueue(_ decisions: Decisions, _ changes: [JournalChange] = []) {
        append(changes + self.changes(for: decisions))
        for message in decisions.send { decided.increment(message.notification.reason.rawValue) }
        // An accepted alert that goes unacknowledged is no fault of the receiver.
        for alert in decisions.escalated where alert.reason != .unacknowledged {
            escalated.increment(alert.receiver, alert.alert.severity.rawValue)
        }
        for (reason, count) in decisions.suppressed { suppressed.increment(reason.rawValue, by: Double(count)) }
        batch.send += decisions.send
        batch.withdraw += decisions.withdrawn
        if batch.hasMessages { commitWake.signal() }
    }

    /// Records decisions, and wakes the dispatch loop, which recomputes what is due next.
    func apply(_ decisions: Decisions, _ changes: [JournalChange] = []) {
        enqueue(decisions, changes)
        decideWake.signal()
    }

    // MARK: Start and reload

    /// Continues where the last run ended.
    /// - Parameter snapshot: the contents of the journal.
    package func restore(_ snapshot: JournalSnapshot) {
        let decisions = dispatcher.restore(saved(snapshot), now: platform.time.now())
        let new = Set(decisions.send.map(\.id))
        enqueue(decisions)
        batch.send += dispatcher.pending.filter { !new.contains($0.id) }
        commitWake.signal()
    }

    /// Merges the journal's contents after a start without it: undelivered messages are sent, and what this run knows
    /// takes precedence.
    package func merge(_ snapshot: JournalSnapshot) {
        let decisions = dispatcher.merge(saved(snapshot), now: platform.time.now())
        let ids = Set(snapshot.outbox.map(\.id)).subtracting(decisions.send.map(\.id))
        enqueue(decisions)
        batch.send += dispatcher.pending.filter { ids.contains($0.id) }
        commitWake.signal()
        decideWake.signal()
    }

    /// Ends alerts of the journal that no rule's state contains. They get a minute, like restored rules that wait for
    /// their data.
    package func endOrphaned(_ alerts: [Alert]) {
        append(dispatcher.end(alerts, at: platform.time.wall() + .seconds(60)).map { .alert($0) })
        decideWake.signal()
    }

    /// Starts without the journal's contents, since it can't be read now; `merge` adds them as soon as it can.
    package func beginWithoutPast() { dispatcher.beginWithoutPast(now: platform.time.now()) }

    /// Takes a new routing configuration.
    package func reload(_ options: DispatchOptions) {
        declareEscalations(options)
        apply(dispatcher.reload(options, now: platform.time.now()))
    }

    /// Writes everything again, into a journal that was created anew after its file broke.
    package func rewriteJournal() { append(allChanges(threads: sink?.threads() ?? [:])) }

    // MARK: Alerts

    /// Takes alerts of our own rules; on return they are in the journal.
    /// - Parameters:
    ///   - state: the rules' state, written in the same transaction.
    ///   - waits: false returns before the journal has it.
    package func receive(_ alerts: [Alert], state: [JournalChange] = [], waits: Bool = true) async {
        let refusals = await receive(alerts, external: false, state: state, waits: waits)
        guard let count = refusals[.limit], count > 0 else { return }
        refused.increment("rule", AlertRefusal.limit.rawValue, by: Double(count))
        platform.log.error(
            "alerts of rules refused: the limit on alerts is reached", metadata: ["refused": "\(count)"])
    }

    /// Takes alerts that came through the API; on return those that were not refused are in the journal.
    /// - Parameters:
    ///   - invalid: how many of the same request were refused before.
    ///   - caller: the client, for the history.
    /// - Returns: how many were refused because of limits.
    package func receivePosted(_ alerts: [Alert], invalid: Int = 0, by caller: String = "") async
        -> [AlertRefusal: Int]
    {
        let refusals =
            alerts.isEmpty ? [:] : await receive(alerts, external: true, state: [], waits: true, by: caller)
        for (reason, count) in refusals.merging(invalid > 0 ? [.invalid: invalid] : [:], uniquingKeysWith: +) {
            refused.increment("api", reason.rawValue, by: Double(count))
            platform.log.warning(
                "posted alerts refused", metadata: ["reason": "\(reason.rawValue)", "refused": "\(count)"])
        }
        return refusals
    }

    private func receive(
        _ alerts: [Alert], external: Bool, state: [JournalChange], waits: Bool, by caller: String = ""
    ) async
        -> [AlertRefusal: Int]
    {
        let now = platform.time.now()
        var before: Set<UInt64> = []
        for var alert in alerts {
            alert.isExternal = external
            if dispatcher.fires(alert.id, now) { before.insert(alert.id) }
        }
        let receipt = dispatcher.receive(alerts, external: external, now: now)
        var changes = state
        let unexplained = receipt.accepted.filter {
            $0.status(at: now.wall) == .firing && !before.contains($0.id) && dispatcher.waitsForSuspects($0)
        }
        // Must precede the history, whose entries contain the incidents' numbers.
        let decisions = dispatcher.advance(now)
        for alert in receipt.accepted {
            changes.append(.alert(alert))
            let isEnded = alert.status(at: now.wall) == .resolved
            guard isEnded == before.contains(alert.id) else { continue }
            let summary = alert.annotations["summary"] ?? ""
            changes.append(
                .history(
                    HistoryEntry(
                        at: now.wall, kind: isEnded ? .ended : .firing, subject: alert.labels.description,
                        detail: DispatcherService.detail(summary, caller.isEmpty ? "" : "posted by \(caller)"),
                        incidents: dispatcher.incidentNumbers(of: [alert]))))
            platform.log.info(
                isEnded ? "alert ended" : "alert fires",
                metadata: ["alert": "\(alert.name)", "labels": "\(alert.labels)", "summary": "\(summary)"])
        }
        // Groups without a group wait are flushed in the same transaction: one fsync between the fault and the page.
        apply(decisions, changes)
        if !unexplained.isEmpty { explainable(unexplained) }
        if waits, !changes.isEmpty { await committed() }
        if receipt.shortened > 0 { shortened.increment(by: Double(receipt.shortened)) }
        return receipt.refused
    }

    /// Everything that may explain an alert has been probed; see `explainable`.
    package func endSuspectWait(of id: UInt64) {
        dispatcher.endSuspectWait(of: id)
        decideWake.signal()
    }

    // MARK: Silences

    /// Creates a silence (empty id) or changes one; on return it is in the journal.
    /// - Returns: the silence with its id.
    /// - Throws: `SilenceError` for one that is invalid or unknown, or that exceeds a limit.
    package func setSilence(_ silence: Silence, by caller: String = "") async throws(SilenceError) -> Silence {
        let now = platform.time.now()
        let (stored, decisions): ([Silence], Decisions)
        do throws(SilenceError) {
            (stored, decisions) = try dispatcher.setSilence(silence, random: platform.random, now: now)
        } catch {
            switch error {
            case .tooMany: refusedSilences.increment("limit")
            case .tooManyBytes: refusedSilences.increment("bytes")
            case .invalid: refusedSilences.increment("invalid")
            case .notFound, .alreadyExpired, .nothingFires: break
            }
            throw error
        }
        apply(decisions, stored.flatMap { self.changes(for: $0, now, by: caller) })
        await committed()
        return stored.first ?? silence
    }

    /// Expires a silence; on return that is in the journal.
    /// - Throws: `SilenceError` for one that is unknown or has expired.
    package func expireSilence(_ id: String, by caller: String = "") async throws(SilenceError) {
        let now = platform.time.now()
        let (stored, decisions) = try dispatcher.expireSilence(id, now: now)
        apply(decisions, changes(for: stored, now, by: caller))
        await committed()
    }

    // MARK: Queries

    /// All firing alerts, as Alertmanager's API shows them.
    package func alertStatuses() -> [AlertStatus] { dispatcher.alertStatuses(platform.time.now()) }
    /// All groups with a firing alert, as Alertmanager's API shows them.
    package func groupStatuses() -> [GroupStatus] { dispatcher.groupStatuses(platform.time.now()) }
    /// The dispatcher's numbers, for metrics.
    package func counts() -> Dispatcher.Counts { dispatcher.counts(platform.time.now()) }
    /// All silences, the last changed first.
    package func silences() -> [Silence] { dispatcher.allSilences }
    /// The silence with this id.
    package func silence(_ id: String) -> Silence? { dispatcher.silence(id) }
    /// The routing configuration in use.
    package var options: DispatchOptions { dispatcher.options }
}

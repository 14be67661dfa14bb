import Alerts
import Dispatching
import Journal
import Logging
import Platform
import Samples
import Telemetry

/// The dispatcher with its journal: what it decides is on the disk before a message leaves.
///
/// Decisions are queued in the order in which they were made and written by one loop, so that the journal never
/// learns of an end before its beginning, and many decisions at once cost one fsync.
package actor AlertDesk {
    /// Where decided messages go. Both are called in the order of the decisions and must not block.
    package struct Outlet: Sendable {
        package var send: @Sendable (Outgoing) -> Void
        package var withdraw: @Sendable (UInt64) -> Void

        package init(send: @escaping @Sendable (Outgoing) -> Void, withdraw: @escaping @Sendable (UInt64) -> Void) {
            self.send = send
            self.withdraw = withdraw
        }
    }

    private struct Batch {
        var changes: [JournalChange] = []
        var send: [Outgoing] = []
        var withdraw: [UInt64] = []
        var waiters: [CheckedContinuation<Void, Never>] = []

        var isEmpty: Bool { changes.isEmpty && send.isEmpty && withdraw.isEmpty && waiters.isEmpty }
    }

    private var dispatcher: Dispatcher
    private let write: Write
    private let platform: Platform
    private var outlet: Outlet?
    private var batch = Batch()
    private let wake = Wake()
    private let commitWake = Wake()
    private let progress: @Sendable () -> Void
    private let refused: Counter
    private let quiet: Counter
    private let decided: Counter
    private let escalated: Counter
    /// Which message began a conversation, by Slack's names for both.
    private var threads: [String: String] = [:]
    private static let mostThreads = 10_000
    private static let threadPrefix = "thread/"

    /// How changes reach the disk: `Journal.write`, or what a test puts in its place.
    package typealias Write = @Sendable ([JournalChange]) async throws(JournalError) -> Void

    package init(
        options: DispatchOptions, write: @escaping Write, platform: Platform, registry: Registry,
        progress: @escaping @Sendable () -> Void
    ) {
        dispatcher = Dispatcher(options)
        self.write = write
        self.platform = platform
        self.progress = progress
        refused = registry.counter(
            "vaultwatch_alerts_refused_total", help: "Alerts refused because as many as may be are held.")
        quiet = registry.counter(
            "vaultwatch_notifications_suppressed_total",
            help: "Alerts that a turn of their group kept quiet, by reason.", labels: ["reason"])
        for reason in QuietReason.allCases { quiet.declare(reason.rawValue) }
        decided = registry.counter(
            "vaultwatch_notifications_decided_total", help: "Messages decided, by reason.", labels: ["reason"])
        for reason in SendReason.allCases { decided.declare(reason.rawValue) }
        escalated = registry.counter(
            "vaultwatch_alerts_escalated_total",
            help: "Alerts that went to the fallback since their receiver has not accepted them in time.",
            labels: ["receiver", "severity"])
        declareEscalations(options)
    }

    private nonisolated func declareEscalations(_ options: DispatchOptions) {
        for receiver in options.receivers where receiver.fallback != nil {
            for severity in Severity.allCases { escalated.declare(receiver.name, severity.rawValue) }
        }
    }

    /// Takes up where the last run ended.
    /// - Parameter snapshot: what the journal has kept.
    package func restore(_ snapshot: JournalSnapshot) {
        restoreThreads(snapshot)
        let decisions = dispatcher.restore(saved(snapshot), now: platform.time.now())
        let fresh = Set(decisions.send.map(\.id))
        enqueue(decisions)
        batch.send += dispatcher.pending.filter { !fresh.contains($0.id) }
        commitWake.signal()
    }

    /// Takes in what the journal has kept, after a start without it: undelivered messages go out, and what this run knows itself
    /// stays as it is.
    package func merge(_ snapshot: JournalSnapshot) {
        restoreThreads(snapshot)
        let decisions = dispatcher.merge(saved(snapshot), now: platform.time.now())
        let ids = Set(snapshot.outbox.map(\.id)).subtracting(decisions.send.map(\.id))
        enqueue(decisions)
        batch.send += dispatcher.pending.filter { ids.contains($0.id) }
        commitWake.signal()
        wake.signal()
    }

    /// What this run has set itself is newer.
    private func restoreThreads(_ snapshot: JournalSnapshot) {
        for (key, bytes) in snapshot.states where key.hasPrefix(AlertDesk.threadPrefix) {
            let name = String(key.dropFirst(AlertDesk.threadPrefix.count))
            if threads[name] == nil { threads[name] = String(decoding: bytes, as: UTF8.self) }
        }
    }

    private func saved(_ snapshot: JournalSnapshot) -> Dispatcher.Saved {
        var saved = Dispatcher.Saved(alerts: snapshot.alerts)
        for (key, bytes) in snapshot.silences {
            do {
                saved.silences.append(try Silence(encoded: bytes))
            } catch {
                platform.log.error(
                    "a silence in the journal could not be read and is left out",
                    metadata: ["id": "\(key)", "err": "\(error)"])
            }
        }
        for (key, bytes) in snapshot.records {
            do {
                saved.records.append(try NotificationRecord(encoded: bytes))
            } catch {
                platform.log.error(
                    "an entry of the notification log could not be read; its group is told again",
                    metadata: ["key": "\(key)", "err": "\(error)"])
            }
        }
        for (key, bytes) in snapshot.states where key.hasPrefix(EscalationRecord.keyPrefix) {
            do {
                saved.escalations.append(try EscalationRecord(encoded: bytes))
            } catch {
                platform.log.error(
                    "an escalation in the journal could not be read; its alerts wait anew",
                    metadata: ["key": "\(key)", "err": "\(error)"])
            }
        }
        saved.outgoing = snapshot.outbox.map {
            Outgoing(id: $0.id, notification: $0.notification, attempted: $0.attempted)
        }
        return saved
    }

    /// The journal can't be read now: `merge` takes in what it holds as soon as it can.
    package func beginWithoutPast() { dispatcher.beginWithoutPast(now: platform.time.now()) }

    /// Something that happened to the agent itself, for the history.
    package func note(_ subject: String, _ detail: String = "") {
        batch.changes.append(
            .history(HistoryEntry(at: platform.time.wall(), kind: .agent, subject: subject, detail: detail)))
        commitWake.signal()
    }

    /// Decides and writes until its task is cancelled; what was decided by then is still written.
    package func run(_ outlet: Outlet) async {
        self.outlet = outlet
        await withDiscardingTaskGroup { group in
            group.addTask { await self.decide() }
            group.addTask { await self.commitLoop() }
        }
        await commit()
    }

    private func decide() async {
        while !Task.isCancelled {
            let now = platform.time.now()
            enqueue(dispatcher.advance(now))
            progress()
            // Groups look at silences and ends themselves; this is for messages that wait, and for the watchdog.
            let latest = platform.time.monotonic() + .seconds(20)
            await wake.wait(until: dispatcher.nextWake.map { min($0, latest) } ?? latest, time: platform.time)
        }
    }

    private func commitLoop() async {
        while !Task.isCancelled {
            await commit()
            if batch.isEmpty { await commitWake.wait(until: nil, time: platform.time) }
        }
    }

    private func commit() async {
        guard !batch.isEmpty else { return }
        let current = batch
        batch = Batch()
        if !current.changes.isEmpty {
            do {
                try await write(current.changes)
            } catch {
                // The journal keeps what it could not write and says so; a page must go out all the same.
                platform.log.debug("the journal did not take a write", metadata: ["err": "\(error)"])
            }
        }
        for id in current.withdraw { outlet?.withdraw(id) }
        for message in current.send { outlet?.send(message) }
        for waiter in current.waiters { waiter.resume() }
    }

    private func enqueue(_ decisions: Decisions, _ more: [JournalChange] = []) {
        batch.changes += more
        for outgoing in decisions.send {
            batch.changes.append(.outbox(id: outgoing.id, outgoing.notification))
            decided.increment(outgoing.notification.reason)
        }
        batch.changes += decisions.withdrawn.map { .forgetOutbox(id: $0) }
        for record in decisions.records {
            batch.changes.append(.record(key: record.destination.storageKey, record.encoded()))
        }
        for (key, record) in decisions.escalations { batch.changes.append(escalationChange(key, record)) }
        for handOver in decisions.handedOver {
            let (alert, now) = (handOver.alert, platform.time.wall())
            escalated.increment(handOver.receiver, alert.severity.rawValue)
            let why = handOver.reason == .refused ? "refused it" : "has not accepted it in time"
            batch.changes.append(
                .history(
                    HistoryEntry(
                        at: now, kind: .escalated, subject: alert.labels.description, receiver: handOver.fallback,
                        detail: "\(handOver.receiver) \(why)")))
            platform.log.error(
                "alert escalates to the fallback",
                metadata: [
                    "alert": "\(alert.name)", "labels": "\(alert.labels)", "receiver": "\(handOver.receiver)",
                    "fallback": "\(handOver.fallback)",
                    "reason": "\(handOver.reason.rawValue)",
                ])
        }
        batch.changes += decisions.forgottenRecords.map { .forgetRecord(key: $0.storageKey) }
        batch.changes += decisions.forgottenAlerts.map { .forgetAlert(fingerprint: $0) }
        batch.changes += decisions.forgottenSilences.map { .forgetSilence(id: $0) }
        batch.send += decisions.send
        batch.withdraw += decisions.withdrawn
        for (reason, count) in decisions.quiet { quiet.increment(reason.rawValue, by: Double(count)) }
        if !batch.isEmpty { commitWake.signal() }
    }

    private func escalationChange(_ key: String, _ record: EscalationRecord?) -> JournalChange {
        guard let record else { return .forgetState(key: key) }
        do {
            return .state(key: key, try record.encoded())
        } catch {
            platform.log.error(
                "an escalation could not be encoded and will not outlive a restart",
                metadata: ["key": "\(key)", "err": "\(error)"])
            return .forgetState(key: key)
        }
    }

    /// Returns once everything decided so far is on the disk (or waits in the journal's memory because the disk
    /// refuses).
    private func committed() async {
        await withCheckedContinuation { continuation in
            batch.waiters.append(continuation)
            commitWake.signal()
        }
    }

    // MARK: Alerts in

    /// Takes alerts; on return they are in the journal.
    /// - Parameters:
    ///   - external: they came through the API rather than from our own rules.
    ///   - state: what the rules need to go on after a restart, written in the same transaction.
    ///   - waits: false returns before the journal has it; before `run`, nobody writes yet.
    /// - Returns: how many new alerts were refused because as many as may be are held.
    @discardableResult
    package func receive(_ alerts: [Alert], external: Bool = false, state: [JournalChange] = [], waits: Bool = true)
        async -> Int
    {
        let now = platform.time.now()
        let before = Set(alerts.lazy.map(\.fingerprint).filter { self.dispatcher.fires($0, now) })
        let receipt = dispatcher.receive(alerts, external: external, now: now)
        var changes = state
        for alert in receipt.accepted {
            changes.append(.alert(alert))
            let ended = alert.status(at: now.wall) == .resolved
            if ended == before.contains(alert.fingerprint) {
                changes.append(
                    .history(
                        HistoryEntry(
                            at: now.wall, kind: ended ? .ended : .firing, subject: alert.labels.description,
                            detail: alert.annotations["summary"] ?? "")))
                platform.log.info(
                    ended ? "alert ended" : "alert fires",
                    metadata: [
                        "alert": "\(alert.name)", "labels": "\(alert.labels)",
                        "summary": "\(alert.annotations["summary"] ?? "")",
                    ])
            }
        }
        if receipt.refused > 0 {
            refused.increment(by: Double(receipt.refused))
            platform.log.error(
                "alerts refused: as many as may be are held", metadata: ["refused": "\(receipt.refused)"])
        }
        // Groups that need not wait are decided in the same transaction: one fsync between the fault and the page.
        enqueue(dispatcher.advance(now), changes)
        wake.signal()
        if waits, !changes.isEmpty { await committed() }
        return receipt.refused
    }

    // MARK: What became of messages

    /// A sending is about to begin; nil: the message must not leave any more.
    package func beginAttempt(_ id: UInt64) async -> Notification? {
        guard let notification = dispatcher.beginAttempt(id) else { return nil }
        batch.changes.append(.attempted(id: id))
        await committed()
        return notification
    }

    package func accepted(_ id: UInt64, _ notification: Notification, detail: String) async {
        let now = platform.time.now()
        enqueue(
            dispatcher.recordAccepted(id, now: now),
            notification.isRoutine ? [] : [entry(.sent, notification, now, detail)])
        wake.signal()
        await committed()
    }

    /// - Parameter uncertain: the receiver may have it all the same.
    package func failed(_ id: UInt64, _ notification: Notification, uncertain: Bool, detail: String, firstTime: Bool) {
        let now = platform.time.now()
        // A receiver that is down for a day would fill the history: its first failure tells.
        let history = firstTime ? [entry(.failed, notification, now, detail)] : []
        enqueue(dispatcher.recordFailed(id, uncertain: uncertain, now: now), history)
        wake.signal()
    }

    /// The receiver will never take it.
    package func abandoned(_ id: UInt64, _ notification: Notification, detail: String) {
        let now = platform.time.now()
        enqueue(dispatcher.recordAbandoned(id, now: now), [entry(.dropped, notification, now, detail)])
        wake.signal()
    }

    private func entry(_ kind: HistoryEntry.Kind, _ notification: Notification, _ now: Moment, _ detail: String)
        -> JournalChange
    {
        .history(
            HistoryEntry(
                at: now.wall, kind: kind, subject: notification.groupKey, receiver: notification.receiver,
                integration: notification.integration,
                detail:
                    "\(notification.reason), \(notification.firing.count) firing, \(notification.resolved.count) resolved: \(detail)"
            ))
    }

    /// What lies in the outbox for an integration, oldest first.
    package func pending(_ receiver: String, _ integration: String) -> [Outgoing] {
        dispatcher.pending.filter { $0.notification.receiver == receiver && $0.notification.integration == integration }
    }

    // MARK: Conversations

    package func thread(_ key: String) -> String? { threads[key] }

    /// Kept over a restart: an end answers the message that told of the beginning. Nil forgets.
    package func setThread(_ key: String, _ value: String?) {
        guard threads[key] != value else { return }
        // Ids are times: the least is the oldest.
        if value != nil, threads[key] == nil, threads.count >= AlertDesk.mostThreads,
            let oldest = threads.min(by: { $0.value < $1.value })?.key
        {
            threads[oldest] = nil
            batch.changes.append(.forgetState(key: AlertDesk.threadPrefix + oldest))
        }
        threads[key] = value
        let row = AlertDesk.threadPrefix + key
        batch.changes.append(value.map { .state(key: row, Array($0.utf8)) } ?? .forgetState(key: row))
        commitWake.signal()
    }

    // MARK: Silences

    package func setSilence(_ silence: Silence) async throws(SilenceError) -> Silence {
        let now = platform.time.now()
        let (stored, decisions) = try dispatcher.setSilence(silence, random: platform.random, now: now)
        var changes: [JournalChange] = []
        for silence in stored { changes += silenceChanges(silence, now) }
        enqueue(decisions, changes)
        wake.signal()
        await committed()
        return stored.first ?? silence
    }

    package func expireSilence(_ id: String) async throws(SilenceError) {
        let now = platform.time.now()
        let (stored, decisions) = try dispatcher.expireSilence(id, now: now)
        enqueue(decisions, silenceChanges(stored, now))
        wake.signal()
        await committed()
    }

    private func silenceChanges(_ silence: Silence, _ now: Moment) -> [JournalChange] {
        var changes: [JournalChange] = [
            .history(
                HistoryEntry(
                    at: now.wall, kind: .silence, subject: silence.matchers.map(\.description).joined(separator: ", "),
                    detail:
                        "\(silence.state(at: now.wall).rawValue) until \(silence.endsAt.rfc3339) by \(silence.createdBy): \(silence.comment)"
                ))
        ]
        do {
            changes.append(.silence(id: silence.id, try silence.encoded()))
        } catch {
            platform.log.error(
                "a silence could not be encoded and will not outlive a restart",
                metadata: ["id": "\(silence.id)", "err": "\(error)"])
        }
        return changes
    }

    // MARK: Questions

    package func alertStatuses() -> [AlertStatus] { dispatcher.alertStatuses(platform.time.now()) }
    package func groupStatuses() -> [GroupStatus] { dispatcher.groupStatuses(platform.time.now()) }
    package func counts() -> Dispatcher.Counts { dispatcher.counts(platform.time.now()) }
    package func silences() -> [Silence] { dispatcher.allSilences }
    package func silence(_ id: String) -> Silence? { dispatcher.silence(id) }
    package var options: DispatchOptions { dispatcher.options }

    /// Takes a new routing configuration.
    package func reload(_ options: DispatchOptions) {
        declareEscalations(options)
        enqueue(dispatcher.reload(options, now: platform.time.now()))
        wake.signal()
    }

    /// Everything again, for a journal that was begun anew after its file broke.
    package func rewriteJournal() {
        let now = platform.time.now()
        let saved = dispatcher.saved
        batch.changes += saved.alerts.map { .alert($0) }
        for outgoing in saved.outgoing {
            batch.changes.append(.outbox(id: outgoing.id, outgoing.notification))
            if outgoing.attempted { batch.changes.append(.attempted(id: outgoing.id)) }
        }
        for silence in saved.silences { batch.changes += silenceChanges(silence, now) }
        var decisions = Decisions()
        decisions.records = saved.records
        for record in saved.escalations { decisions.escalations[record.storageKey] = record }
        for (key, value) in threads {
            batch.changes.append(.state(key: AlertDesk.threadPrefix + key, Array(value.utf8)))
        }
        enqueue(decisions)
        commitWake.signal()
    }
}

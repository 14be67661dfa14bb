import Config
import Delivery
import Journal
import Logging
import Platform
import Probes
import Samples
import Synchronization
import Telemetry
import Text

extension Agent {
    /// The journal in the storage folder.
    @Sendable static func openJournal(
        _ options: StorageOptions, _ platform: Platform, _ report: @escaping @Sendable (JournalEvent) -> Void
    ) -> any JournalStorage {
        Journal(
            JournalOptions(path: options.path + "/journal.db", historyAge: options.historyRetention),
            files: platform.files, time: platform.time, threads: platform.threads, report: report)
    }

    /// Logs an event of the journal.
    /// - Returns: whether everything must be written again.
    static func handle(_ event: JournalEvent, _ platform: Platform, _ metrics: AgentMetrics) -> Bool {
        let log = platform.log
        switch event {
        case .begunAnew(let keptAs, let reason):
            log.error(
                "the journal cannot be used; it was set aside and a new one created",
                metadata: ["kept": "\(keptAs)", "err": "\(reason)"])
            metrics.journalBegunAnew.set(platform.time.wall().seconds)
            return true
        case .failing(let reason):
            log.error("the journal cannot be written; alerts still go out", metadata: ["err": "\(reason)"])
        case .recovered: log.notice("the journal can be written again")
        case .refused(let row, let bytes):
            log.error(
                "too large for the journal, so it will not survive a restart",
                metadata: ["row": "\(row)", "bytes": "\(bytes)"])
        case .rowsLost(let count):
            log.error(
                "more waited for the disk than may wait; everything is written again", metadata: ["rows": "\(count)"])
            return true
        }
        return false
    }

    /// Periodic maintenance of the journal.
    /// - Parameter isTurn: whether old history is to be deleted; pending writes are retried every time.
    func maintainJournal(isTurn: Bool) async {
        if state.withLock(\.isJournalUnread) { await mergeJournal() }
        if isTurn || !journal.health.isHealthy {
            do {
                try await journal.maintain()
            } catch {
                platform.log.debug("the journal could not be maintained", metadata: ["err": "\(error)"])
            }
        }
    }

    /// After a start without the journal: merges its contents once it can be read.
    private func mergeJournal() async {
        guard let snapshot = try? await journal.load() else { return }
        state.withLock { $0.isJournalUnread = false }
        logUnreadable(snapshot)
        notifier.restore(threads: DispatcherService.threads(in: snapshot))
        await dispatcher.merge(snapshot)
        await rules.restore(snapshot.states, merging: true)
        beginnings.restore(Agent.beginnings(in: snapshot))
        targetHistory.restore(snapshot)
        for rows in storedRows { Agent.restore(rows, snapshot) }
        await dispatcher.append(formKey.restore(snapshot))
        await dispatcher.endOrphaned(rules.orphaned(snapshot.alerts))
        await dispatcher.recordEvent(
            "journal merged", "\(snapshot.alerts.count) alerts, \(snapshot.outbox.count) undelivered messages")
        journal.resume()
        platform.log.notice(
            "the journal can be read; what it holds has been merged",
            metadata: ["alerts": "\(snapshot.alerts.count)", "undelivered": "\(snapshot.outbox.count)"])
    }

    /// What the probes keep across restarts.
    var storedRows: [any StoredRows] { [verdicts.ledger, auditPositions] }

    /// Changes since the last journal write, to be written together with the next one.
    static func changes(of rows: some StoredRows) -> [JournalChange] {
        let prefix = type(of: rows).keyPrefix
        return rows.takeChanges().sorted { $0.key < $1.key }.map { name, bytes in
            bytes.map { .state(key: prefix + name, $0) } ?? .forgetState(key: prefix + name)
        }
    }

    /// Everything, for a journal that was created anew.
    static func allChanges(of rows: some StoredRows) -> [JournalChange] {
        let prefix = type(of: rows).keyPrefix
        return rows.all.sorted { $0.key < $1.key }.map { .state(key: prefix + $0.key, $0.value) }
    }

    /// Restores what the last run has stored.
    static func restore(_ rows: some StoredRows, _ snapshot: JournalSnapshot) {
        for (name, bytes) in snapshot.states(under: type(of: rows).keyPrefix) { rows.restore(name, bytes) }
    }

    private static let beginningPrefix = "backup_set/"

    /// The row that records since when a backup set has been watched.
    static func beginning(of set: String, _ time: Timestamp) -> JournalChange {
        .state(key: beginningPrefix + set, Array(time.rfc3339.utf8))
    }

    /// Since when each backup set has been watched, according to the journal.
    static func beginnings(in snapshot: JournalSnapshot) -> [String: Timestamp] {
        snapshot.states(under: beginningPrefix).compactMapValues {
            Timestamp(rfc3339: String(decoding: $0, as: UTF8.self))
        }
    }

    func logUnreadable(_ snapshot: JournalSnapshot) {
        for (table, count) in snapshot.omitted {
            platform.log.error(
                "the journal holds more than can be loaded; the largest rows were deleted",
                metadata: ["table": "\(table)", "rows": "\(count)"])
        }
        for (table, count) in snapshot.unreadable {
            platform.log.error(
                "rows of the journal could not be read", metadata: ["table": "\(table)", "rows": "\(count)"])
        }
    }

    /// Faults that do not keep pages from being sent, for `/-/healthy`.
    func degradations() -> [String] { journal.health.failure.map { [$0] } ?? [] }
}

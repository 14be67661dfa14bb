import Probes
package import Samples
import Text

/// What pruning would do with the backups of a set, and why. Decided by the calendar and not by age: a month has its own
/// length, and a backup that was late is no younger.
package struct PrunePlan: Sendable {
    /// One backup and what happens to it.
    package struct Item: Sendable, Hashable {
        /// The backup.
        package var backup: StoredBackup
        /// Whether it is deleted.
        package var isDeleted: Bool
        /// Why, in words.
        package var reason: String
    }

    /// The name of the set.
    package private(set) var set: String
    /// The newest first.
    package private(set) var items: [Item]
    /// Why nothing at all is deleted; nil if that is not so.
    package private(set) var refusal: String?

    /// The backups to delete, the oldest first.
    package var deletions: [StoredBackup] { items.filter(\.isDeleted).map(\.backup).reversed() }

    /// Decides by the calendar: as many periods as `retention`, counted back from that of the newest backup, keep theirs;
    /// of what is older, the newest stay until `floor` are left. If the newest is overdue nothing is deleted: whatever
    /// stopped the backups would otherwise let retention delete the last ones.
    /// - Parameter backups: all of the set.
    package init(_ set: RecoverySet, _ backups: [StoredBackup], now: Timestamp) {
        self.set = set.options.name
        let sorted = backups.sorted { ($0.time, $0.key) > ($1.time, $1.key) }
        let past = sorted.filter { $0.time <= now + BackupCatalogue.futureTolerance }
        let calendar = BackupCalendar(options: set.options, now: now, newest: past.first?.time)
        var oldestKept: BackupPeriod?
        if let newest = past.first {
            var period = calendar.period(of: newest.time)
            for _ in 1..<max(1, set.options.retention) {
                guard let earlier = calendar.previous(period) else { break }
                period = earlier
            }
            oldestKept = period
        }
        var kept = 0
        items = sorted.map { backup in
            guard backup.time <= now + BackupCatalogue.futureTolerance else {
                return Item(backup: backup, isDeleted: false, reason: "dated in the future: a clock is wrong")
            }
            let period = calendar.period(of: backup.time)
            if let oldestKept, period >= oldestKept {
                kept += 1
                return Item(
                    backup: backup, isDeleted: false,
                    reason: "within the \(set.options.retention) \(set.options.schedule.period)s that are kept")
            }
            if kept < set.floor {
                kept += 1
                return Item(
                    backup: backup, isDeleted: false, reason: "one of the \(set.floor) that always stay (floor)")
            }
            return Item(
                backup: backup, isDeleted: true,
                reason:
                    "of \(period), before \(oldestKept.map { "\($0)" } ?? "the first"), the oldest of \(set.options.retention) \(set.options.schedule.period)s"
            )
        }
        if let newest = past.first, now - newest.time > calendar.allowedAge {
            refuse(
                "the newest backup is \(Words.duration(now - newest.time)) old and overdue (\(set.options.scheduleText)): nothing is deleted before there is a new one"
            )
        }
    }

    /// Deletes nothing.
    mutating func refuse(_ reason: String) {
        guard items.contains(where: \.isDeleted) else { return }
        refusal = refusal ?? reason
        for index in items.indices where items[index].isDeleted {
            items[index].isDeleted = false
            items[index].reason = "due, but kept: \(reason)"
        }
    }

    /// Keeps one backup that would have been deleted.
    mutating func keep(_ key: String, _ reason: String) {
        for index in items.indices where items[index].backup.key == key && items[index].isDeleted {
            items[index].isDeleted = false
            items[index].reason = reason
        }
    }
}

import Samples
import Text

/// What a set's listing and its newest object's metadata amount to. Pure: the listing and the time come in.
struct BackupReport: Sendable {
    /// A backup among the set's objects.
    struct Entry: Sendable, Hashable {
        var object: BackupObject
        var key: BackupKey
    }

    let options: BackupSetOptions
    let now: Timestamp
    /// Oldest first by the time in the key, then by upload; those of the future are not among them.
    let entries: [Entry]
    /// Backups of the sets that cover periods of this one, oldest first.
    let covering: [Entry]
    let future: Int
    let unrecognized: Int
    let isTruncated: Bool
    /// Periods that have a backup, of this set or of one that covers it.
    let covered: Set<BackupPeriod>
    /// Time in the newest key, of this set or of one that covers it: on the 1st the monthly backup is the newest.
    let newestTime: Timestamp?
    let calendar: BackupCalendar
    private let retentionAge: Duration
    private let all: [Entry]

    /// A key's clock may run ahead of ours by this much before it counts as dated in the future.
    private static let futureTolerance: Duration = .seconds(300)

    /// - Parameters:
    ///   - objects: below the set's own prefix.
    ///   - covering: below the prefixes that cover the set's periods too, each with its prefix.
    init(
        options: BackupSetOptions, objects: [BackupObject], covering: [(prefix: String, objects: [BackupObject])],
        isTruncated: Bool, now: Timestamp
    ) {
        self.options = options
        self.now = now
        self.isTruncated = isTruncated
        let limit = now + BackupReport.futureTolerance
        var unrecognized = 0
        var all: [Entry] = []
        for object in objects {
            // Consoles make empty objects that end in a slash to show folders.
            if object.key.hasSuffix("/") { continue }
            guard let key = BackupKey(object.key, prefix: options.prefix) else {
                unrecognized += 1
                continue
            }
            all.append(Entry(object: object, key: key))
        }
        self.unrecognized = unrecognized
        self.all = all
        entries = all.filter { $0.key.time <= limit }.sorted {
            ($0.key.time, $0.object.lastModified, $0.object.key) < ($1.key.time, $1.object.lastModified, $1.object.key)
        }
        future = all.count - entries.count
        var keys = entries.filter { $0.object.size > 0 }.map(\.key)
        var newestTime = entries.last?.key.time
        var others: [Entry] = []
        for (prefix, objects) in covering {
            for object in objects where object.size > 0 {
                guard let key = BackupKey(object.key, prefix: prefix), key.time <= limit else { continue }
                keys.append(key)
                others.append(Entry(object: object, key: key))
                newestTime = max(newestTime ?? key.time, key.time)
            }
        }
        self.covering = others.sorted { ($0.key.time, $0.object.key) < ($1.key.time, $1.object.key) }
        calendar = BackupCalendar(options: options, now: now, newest: keys.map(\.time).max())
        covered = Set(keys.flatMap { [calendar] in calendar.periods(of: $0) })
        retentionAge = calendar.retentionAge
        self.newestTime = newestTime
    }

    var newest: Entry? { entries.last }
    var missing: [BackupPeriod] { calendar.missing(covered) }
    var isLate: Bool { !covered.contains { $0 >= calendar.newestRequired } }

    /// Whether the set has no backup since its first time has not come, or is not over for longer than the grace.
    /// - Parameter first: when the set was first watched.
    func isAwaitingFirst(since first: Timestamp) -> Bool {
        all.isEmpty && now < calendar.due(after: first) + options.grace
    }

    /// Size of the backups but the newest one; nil with fewer than three, which say nothing of what is usual.
    var medianSize: Double? {
        let sizes = entries.dropLast().map { Double($0.object.size) }.sorted()
        guard sizes.count >= 3 else { return nil }
        let middle = sizes.count / 2
        return sizes.count % 2 == 1 ? sizes[middle] : (sizes[middle - 1] + sizes[middle]) / 2
    }

    /// Backups that retention should have deleted: by upload, as it does, with a day for its own run.
    var overdueCount: Int {
        let limit = now - retentionAge - .seconds(86_400)
        return entries.count { $0.object.lastModified < limit }
    }

    func samples(into set: inout SampleSet) {
        set.add("backup_listing_truncated", isTruncated)
        set.add("backup_objects", all.count)
        set.add("backup_total_size_bytes", all.reduce(0.0) { $0 + Double($1.object.size) })
        set.add("backup_unrecognized_objects", unrecognized)
        set.add("backup_empty_objects", all.count { $0.object.size == 0 })
        set.add("backup_future_objects", future)
        set.add("backup_periods_expected", options.retention)
        set.add("backup_periods_tolerated", max(1, options.retention - 1))
        set.add("backup_periods_covered", calendar.coveredCount(covered))
        let missing = missing
        set.add("backup_missing_periods", missing.count, ["period": options.schedule.period])
        for period in missing.prefix(31) { set.add("backup_missing_info", 1, ["date": period.description]) }
        set.add("backup_late", isLate)
        set.add("backup_due_timestamp_seconds", calendar.nextDue)
        set.add("backup_allowed_age_seconds", calendar.allowedAge.seconds)
        set.add("backup_interval_seconds", options.schedule.interval.seconds)
        set.add("backup_overdue_objects", overdueCount)
        set.add("backup_oldest_timestamp_seconds", entries.first?.key.time)
        if let newestTime {
            set.add("backup_newest_timestamp_seconds", newestTime)
            set.add("backup_newest_age_seconds", max(0, (now - newestTime).seconds))
        }
        guard let newest else { return }
        set.add("backup_newest_uploaded_timestamp_seconds", newest.object.lastModified)
        set.add("backup_newest_size_bytes", Double(newest.object.size))
        set.add("backup_newest_info", 1, ["key": newest.object.key])
        set.add("backup_last_copy_expiry_timestamp_seconds", newest.object.lastModified + retentionAge)
        set.add("backup_claims_snapshot", newest.key.claimsSnapshot)
        if let medianSize {
            set.add("backup_median_size_bytes", medianSize)
            if medianSize > 0 { set.add("backup_newest_size_ratio", Double(newest.object.size) / medianSize) }
        }
    }

    /// A row of the status table.
    /// - Parameters:
    ///   - storageTypes: what Vault's nodes say of their storage.
    ///   - isAwaited: whether the first backup is yet to come.
    ///   - isContentValid: whether the newest one was read and can be restored: then its name is no matter.
    func targetStatus(
        metadata: BackupMetadata?, storageTypes: [String], isAwaited: Bool = false, isContentValid: Bool = false
    ) -> TargetStatus {
        var warnings: [String] = []
        if let newest, newest.key.claimsSnapshot, !isContentValid, !storageTypes.isEmpty, !storageTypes.contains("raft")
        {
            warnings.append(
                "the backups claim to be snapshots, but Vault's storage is \(storageTypes.sorted().joined(separator: ", ")), which has none: sys/storage/raft/snapshot answers 404 there; look into the newest, and back PostgreSQL up with pg_dump"
            )
        }
        if let metadata { warnings += metadata.warnings }
        if unrecognized > 0 {
            warnings.append("\(unrecognized) objects below \(options.prefix) have keys of no known form")
        }
        if future > 0 {
            warnings.append(
                future == 1 ? "1 backup is dated in the future" : "\(future) backups are dated in the future")
        }
        let missing = missing
        if !missing.isEmpty {
            let dates = missing.prefix(5).map(\.description).joined(separator: ", ")
            warnings.append("no backup for \(dates)\(missing.count > 5 ? " and \(missing.count - 5) more" : "")")
        }
        if overdueCount > 0 {
            warnings.append(
                overdueCount == 1
                    ? "1 backup is older than retention keeps it"
                    : "\(overdueCount) backups are older than retention keeps them")
        }
        if isAwaited {
            return TargetStatus(.ok, "waiting", detail: "its first backup is due \(calendar.nextDue.rfc3339)")
        }
        guard let newest else {
            return TargetStatus(.critical, "empty", detail: "nothing below \(options.prefix)", warnings: warnings)
        }
        let time = newestTime ?? newest.key.time
        let minutes = max(0, (now - time).milliseconds / 60_000)
        let age =
            minutes < 2 * 1440
            ? "\(minutes / 60) h \(minutes % 60) min" : "\(minutes / 1440) d \(minutes % 1440 / 60) h"
        let detail = "\(entries.count) backups, newest \(time.rfc3339), \(age) old, \(newest.object.size) bytes"
        if newest.object.size == 0 {
            return TargetStatus(.critical, "newest is empty", detail: detail, warnings: warnings)
        }
        if isLate { return TargetStatus(.critical, "late", detail: detail, warnings: warnings) }
        return TargetStatus(
            warnings.isEmpty ? .ok : .warning, missing.isEmpty ? "complete" : "gaps", detail: detail, warnings: warnings
        )
    }
}

import FoundationEssentials
package import Samples
import Synchronization
import Text

/// Everything known about each listed backup: the last listing of each set, and the result of each reading, by key and
/// ETag, so that a backup verified yesterday stays verified. It survives reloads, and restarts through its owner's
/// storage.
package final class BackupLedger: StoredRows {
    package static let keyPrefix = "backup_findings/"

    /// One backup of a listing, or a period without one.
    package struct Day: Sendable, Hashable {
        /// The status; the raw value is what the API shows.
        package enum State: String, Sendable, Hashable, CaseIterable {
            case verified, present, missing, corrupt, archived, empty, due
        }

        /// The period as shown in the calendar.
        package var date: String
        /// The start of the period.
        package var start: Timestamp
        /// Its status.
        package var state: State
        /// The object; nil if there is none.
        package var object: BackupObject?
        /// When the backup was made, according to its key; nil if there is none.
        package var madeAt: Timestamp?
        /// When it was last read in full; nil if never.
        package var readAt: Timestamp?
        /// The result of the reading.
        package var detail = ""
    }

    /// One set as last listed.
    package struct Listing: Sendable, Hashable {
        /// The set's configuration.
        package var options: BackupSetOptions
        /// When it was listed; nil before the first successful listing.
        package var listedAt: Timestamp?
        /// The error of the last listing; empty if it succeeded.
        package var error = ""
        /// When the next backup is due.
        package var nextDue: Timestamp?
        /// Oldest first; at most `dayLimit`.
        package var days: [Day] = []
        /// The median size of the backups in bytes; nil if there are fewer than three.
        package var medianSize: Double?

        /// A set that has not been listed.
        package init(options: BackupSetOptions) { self.options = options }
    }

    /// The result of reading a backup.
    private struct Finding: Sendable, Hashable, Codable {
        var key: String
        var etag: String
        var isSound: Bool
        var isArchived: Bool
        var detail: String
        /// Milliseconds since 1970.
        var at: Int64
    }

    private struct State {
        var listings: [String: Listing] = [:]
        var findings: [String: [String: Finding]] = [:]
        var changed: Set<String> = []
    }

    /// Maximum number of days per set, and of findings.
    package static let dayLimit = 400
    private static let setLimit = 1000
    private static let archiveClasses: Set<String> = ["GLACIER", "DEEP_ARCHIVE"]

    private let state = Mutex(State())

    /// An empty ledger.
    package init() {}

    // MARK: Probe results

    func noteListing(_ report: BackupReport) {
        let name = report.options.name
        var listing = Listing(options: report.options)
        listing.listedAt = report.now
        listing.nextDue = report.calendar.nextDue
        listing.medianSize = report.medianSize
        listing.days = BackupLedger.days(of: report)
        let keys = Set(report.entries.map(\.object.key))
        state.withLock { state in
            guard state.listings[name] != nil || state.listings.count < BackupLedger.setLimit else { return }
            state.listings[name] = listing
            // An object missing from a complete listing will not return with the same ETag.
            guard !report.isTruncated, let known = state.findings[name] else { return }
            let kept = known.filter { keys.contains($0.key) }
            if kept.count != known.count {
                state.findings[name] = kept
                state.changed.insert(name)
            }
        }
    }

    func noteFailure(_ options: BackupSetOptions, _ failure: ProbeFailure) {
        state.withLock { state in
            guard state.listings[options.name] != nil || state.listings.count < BackupLedger.setLimit else { return }
            state.listings[options.name, default: Listing(options: options)].error = failure.description
        }
    }

    func note(_ verdict: BackupVerdict, of set: String) {
        let found = [
            verdict.isChecksumValid.map { $0 ? "checksum right" : "checksum wrong" },
            verdict.isEncryptionValid.map { $0 ? "encryption right" : "can't be decrypted" },
            verdict.content.flatMap { content in
                content.fault.map { "it holds \($0.phrase)" } ?? (content.isValid == true ? "content whole" : nil)
            },
        ].compactMap { $0 }
        note(
            Finding(
                key: verdict.object.key, etag: verdict.object.etag, isSound: verdict.isSound, isArchived: false,
                detail: found.isEmpty ? "read whole" : found.joined(separator: ", "), at: verdict.at.milliseconds),
            of: set)
    }

    func noteArchived(_ object: BackupObject, of set: String, at now: Timestamp) {
        let before = state.withLock { $0.findings[set]?[object.key] }
        guard before?.etag != object.etag else { return }
        note(
            Finding(
                key: object.key, etag: object.etag, isSound: true, isArchived: true, detail: "archived",
                at: now.milliseconds), of: set)
    }

    private func note(_ finding: Finding, of set: String) {
        state.withLock { state in
            guard state.findings[set] != nil || state.findings.count < BackupLedger.setLimit else { return }
            if state.findings[set]?[finding.key] == finding { return }
            if state.findings[set]?.count ?? 0 >= BackupLedger.dayLimit,
                let oldest = state.findings[set]?.values.min(by: { $0.at < $1.at })
            {
                state.findings[set]?[oldest.key] = nil
            }
            state.findings[set, default: [:]][finding.key] = finding
            state.changed.insert(set)
        }
    }

    // MARK: Status

    /// The sets as last listed, by name, each day with its status.
    package var listings: [Listing] {
        let (listings, findings) = state.withLock { ($0.listings, $0.findings) }
        return listings.values.sorted { $0.options.name < $1.options.name }.map { listing in
            var listing = listing
            let known = findings[listing.options.name] ?? [:]
            for index in listing.days.indices { BackupLedger.judge(&listing.days[index], known) }
            return listing
        }
    }

    /// Drops sets that are no longer configured.
    package func retain(_ sets: Set<String>) {
        state.withLock { state in
            state.listings = state.listings.filter { sets.contains($0.key) }
            for name in state.findings.keys where !sets.contains(name) {
                state.findings[name] = nil
                state.changed.insert(name)
            }
        }
    }

    private static func judge(_ day: inout Day, _ findings: [String: Finding]) {
        guard let object = day.object else { return }
        let isArchived = object.storageClass.map(archiveClasses.contains) ?? false
        let finding = findings[object.key].flatMap { $0.etag == object.etag ? $0 : nil }
        if let finding, !finding.isArchived {
            day.readAt = Timestamp(milliseconds: finding.at)
            day.detail = finding.detail
        }
        if object.size == 0 {
            day.state = .empty
        } else if finding?.isSound == false {
            day.state = .corrupt
        } else if isArchived || finding?.isArchived == true {
            day.state = .archived
        } else {
            day.state = finding == nil ? .present : .verified
        }
    }

    /// One for each backup, for each period that lacks one, and for the next due one.
    private static func days(of report: BackupReport) -> [Day] {
        let calendar = report.calendar
        var days = (report.entries + report.covering).suffix(2 * dayLimit).map { entry in
            let period = calendar.period(of: entry.key.time)
            return Day(
                date: period.description, start: period.start, state: .present, object: entry.object,
                madeAt: entry.key.time)
        }
        // An existing but empty backup is reported as empty.
        let listed = Set(days.map(\.start))
        days += report.missing.filter { !listed.contains($0.start) }.map {
            Day(date: $0.description, start: $0.start, state: .missing)
        }
        let current = calendar.period(of: report.now)
        let last = calendar.period(of: calendar.nextDue)
        for period in Set([current, last])
        where !report.covered.contains(period) && period > calendar.newestRequired {
            days.append(Day(date: period.description, start: period.start, state: .due))
        }
        return Array(
            days.sorted { a, b in
                let (x, y) = (a.madeAt ?? a.start, b.madeAt ?? b.start)
                return (a.start, x, a.object?.key ?? "") < (b.start, y, b.object?.key ?? "")
            }.suffix(dayLimit))
    }

    // MARK: Storage

    /// The rows to store for the sets that have changed since the last call: JSON by the set's name; nil deletes.
    package func takeChanges() -> [String: [UInt8]?] {
        let changed = state.withLock { state in
            defer { state.changed = [] }
            return state.changed.map { ($0, state.findings[$0]) }
        }
        return changed.reduce(into: [:]) { $0[$1.0] = .some($1.1.flatMap { BackupLedger.encoded($0) }) }
    }

    /// All rows to store.
    package var all: [String: [UInt8]] {
        state.withLock { $0.findings }.compactMapValues { BackupLedger.encoded($0) }
    }

    private static func encoded(_ findings: [String: Finding]) -> [UInt8]? {
        if findings.isEmpty { return nil }
        return (try? JSONEncoder().encode(findings.values.sorted { $0.key < $1.key })).map { Array($0) }
    }

    /// Restores the stored row of a set; newer findings are kept.
    package func restore(_ set: String, _ bytes: [UInt8]) {
        guard let stored = try? JSONDecoder().decode([Finding].self, from: Data(bytes)) else { return }
        state.withLock { state in
            guard state.findings[set] != nil || state.findings.count < BackupLedger.setLimit else { return }
            var findings = state.findings[set] ?? [:]
            for finding in stored.suffix(BackupLedger.dayLimit) where findings[finding.key] == nil {
                findings[finding.key] = finding
            }
            state.findings[set] = findings
        }
    }
}

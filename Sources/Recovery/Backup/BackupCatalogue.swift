import Probes
package import S3
package import Samples

/// A backup in the bucket.
package struct StoredBackup: Sendable, Hashable {
    /// The whole key.
    package var key: String
    /// The name of its set.
    package var set: String
    /// When it was made, according to its name.
    package var time: Timestamp
    /// In bytes.
    package var size: Int64
    /// Such as `GLACIER`; nil for the usual one.
    package var storageClass: String?

    /// An entry of a listing.
    package init(key: String, set: String, time: Timestamp, size: Int64, storageClass: String? = nil) {
        self.key = key
        self.set = set
        self.time = time
        self.size = size
        self.storageClass = storageClass
    }
}

/// What is in the bucket.
package struct BackupCatalogue: Sendable {
    private let client: S3Client

    /// A catalogue of a bucket.
    package init(_ client: S3Client) { self.client = client }

    /// The clock of another machine may be ahead by this much.
    static let futureTolerance = Duration.seconds(300)

    /// The backups of a set, the newest first; objects whose names are no backup's are left out.
    /// - Throws: `BackupFailure` of the kind `store`.
    package func backups(of set: RecoverySet) async throws(BackupFailure) -> [StoredBackup] {
        do throws(S3Error) {
            return try await client.list(prefix: set.options.prefix).compactMap { object in
                BackupKey(object.key, prefix: set.options.prefix).map {
                    StoredBackup(
                        key: object.key, set: set.options.name, time: $0.time, size: object.sizeBytes,
                        storageClass: object.storageClass == "STANDARD" ? nil : object.storageClass)
                }
            }.sorted { ($0.time, $0.key) > ($1.time, $1.key) }
        } catch { throw BackupFailure(error) }
    }

    /// The newest backup of the sets; of those of the same time that of the first set. Nil without any.
    /// - Throws: `BackupFailure` of the kind `store`.
    package func newest(of sets: [RecoverySet], now: Timestamp) async throws(BackupFailure) -> StoredBackup? {
        var all: [StoredBackup] = []
        for set in sets { all += try await backups(of: set) }
        return BackupCatalogue.newest(all, now: now)
    }

    /// The newest of some backups, without those whose names are dated in the future: one of them would stand before all
    /// others for years.
    static func newest(_ backups: [StoredBackup], now: Timestamp) -> StoredBackup? {
        var newest: StoredBackup?
        for backup in backups where backup.time <= now + futureTolerance {
            if newest.map({ $0.time < backup.time }) ?? true { newest = backup }
        }
        return newest
    }
}

extension RecoverySet {
    /// The key of a backup: `daily/2026-11-30/vault-snapshot-20261130-020000.enc`, in a folder of its month for monthly
    /// sets. Only a snapshot is called one.
    package func key(at time: Timestamp, of source: BackupSource) -> String {
        let text = time.rfc3339
        let digits = text.prefix(19).filter(\.isNumber)
        let folder = options.schedule == .month ? text.prefix(7) : text.prefix(10)
        let kind =
            switch source {
            case .raft: "snapshot"
            case .postgres: "dump"
            }
        return "\(options.prefix)\(folder)/vault-\(kind)-\(digits.prefix(8))-\(digits.suffix(6)).enc"
    }
}

extension RecoveryConfiguration {
    /// The sets for which a backup is to be made now: the named ones; without names those whose present period has none
    /// yet, so that on the 1st the monthly one is made beside the daily one, and one that was missed is made up for. If
    /// none is due, the one that is made most often: whoever asks for a backup gets one.
    /// - Parameter newest: the times of the backups of each set, by its name.
    package func due(_ names: [String], now: Timestamp, times: [String: [Timestamp]]) -> [RecoverySet] {
        guard names.isEmpty else { return sets.filter { names.contains($0.options.name) } }
        let due = sets.filter { set in
            let known = (times[set.options.name] ?? []).filter { $0 <= now + BackupCatalogue.futureTolerance }
            let calendar = BackupCalendar(options: set.options, now: now, newest: known.max())
            let current = calendar.period(of: now)
            return !known.contains { calendar.period(of: $0) == current }
        }
        return due.isEmpty
            ? Array(sets.min { $0.options.schedule.interval < $1.options.schedule.interval }.map { [$0] } ?? []) : due
    }
}

import Platform
import S3
import Samples
import Synchronization

/// Whether a backup that is missing was deleted rather than never written: in a bucket with versioning its older version
/// is still there. Versions are listed only while the newest backup is missing, and once in an hour.
final class BackupDeletions: Sendable {
    private struct Look: Sendable {
        var newestListed: String?
        var at: Instant
        var found: S3Deleted?
    }

    /// How long an answer stands while the same backup is the newest.
    private static let interval = Duration.seconds(3600)

    private let prefix: String
    private let store: any BackupStore
    private let last = Mutex<Look?>(nil)

    init(prefix: String, store: any BackupStore) {
        self.prefix = prefix
        self.store = store
    }

    /// The newest backup that was deleted and is newer than all that are listed; nil for none, and where it is not known.
    func newest(_ report: BackupReport, _ now: Moment) async -> S3Deleted? {
        let listed = report.newest?.object.key
        if let last = last.withLock({ $0 }), last.newestListed == listed,
            now.monotonic - last.at < BackupDeletions.interval
        {
            return last.found
        }
        var look = Look(newestListed: listed, at: now.monotonic)
        // Refused, or without versions: then nothing more is known than that it is missing.
        if let deleted = try? await store.deleted(prefix: prefix, after: listed) {
            let limit = now.wall + .seconds(300)
            var newest = report.newestTime
            for object in deleted {
                guard let time = BackupKey(object.key, prefix: prefix)?.time, time <= limit else { continue }
                if let newest, time <= newest { continue }
                newest = time
                look.found = object
            }
        }
        last.withLock { [look] in $0 = look }
        return look.found
    }
}

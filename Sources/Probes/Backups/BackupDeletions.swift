import Platform
import S3
import Samples
import Synchronization

/// Determines whether a missing backup was deleted rather than never written: in a bucket with versioning its older
/// version still exists. Versions are only listed while the newest backup is missing, once an hour.
final class BackupDeletions: Sendable {
    private struct Look: Sendable {
        var newestListed: String?
        var at: Instant
        var found: S3Deleted?
    }

    /// How long a result is valid while the same backup is the newest.
    private static let interval = Duration.seconds(3600)

    private let prefix: String
    private let store: any BackupStore
    private let last = Mutex<Look?>(nil)

    init(prefix: String, store: any BackupStore) {
        self.prefix = prefix
        self.store = store
    }

    /// The newest deleted backup that is newer than all listed ones; nil if there is none, or if unknown.
    func newest(_ report: BackupReport, _ now: Moment) async -> S3Deleted? {
        let listed = report.newest?.object.key
        if let last = last.withLock({ $0 }), last.newestListed == listed,
            now.monotonic - last.at < BackupDeletions.interval
        {
            return last.found
        }
        var look = Look(newestListed: listed, at: now.monotonic)
        // If access is denied or there are no versions, it is only known to be missing.
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

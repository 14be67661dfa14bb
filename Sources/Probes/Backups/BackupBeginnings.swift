package import Samples
import Synchronization

/// Since when each backup set has been watched, so that backups that were never due yet are not reported missing. It
/// survives reloads, and restarts through its owner's storage.
package final class BackupBeginnings: Sendable {
    private let times = Mutex<[String: Timestamp]>([:])
    private let remember: @Sendable (String, Timestamp) async -> Void
    /// Sets that are no longer configured are kept until the next start; at most this many.
    private static let limit = 1000

    /// - Parameter remember: stores the time at which a set was first watched. Default: nothing is stored.
    package init(remember: @escaping @Sendable (String, Timestamp) async -> Void = { _, _ in }) {
        self.remember = remember
    }

    /// All known times, for the owner to store again.
    package var all: [String: Timestamp] { times.withLock { $0 } }

    /// Adds the stored times; of two times the earlier counts.
    package func restore(_ stored: [String: Timestamp]) {
        times.withLock { $0.merge(stored) { min($0, $1) } }
    }

    /// When a set was first watched: now, if it is not known.
    func first(_ set: String, now: Timestamp) async -> Timestamp {
        let (time, isNew) = times.withLock { times in
            if let known = times[set] { return (known, false) }
            if times.count >= BackupBeginnings.limit { times.removeAll() }
            times[set] = now
            return (now, true)
        }
        if isNew { await remember(set, now) }
        // The clock may have been set back since.
        return min(time, now)
    }
}

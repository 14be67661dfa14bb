package import Platform
import Samples
import Synchronization
import Text

/// Records when each loop of the agent last advanced, and how long it may stall. systemd's watchdog is fed only while
/// every loop is within its limit.
package final class Watchdog: Sendable {
    private struct Loop {
        var limit: Duration
        var last: Instant
    }

    private let loops = Mutex<[String: Loop]>([:])

    /// A watchdog without loops.
    package init() {}

    /// Starts to watch a loop, counting from now.
    /// - Parameter limit: the longest time between two calls of `advanced` for a healthy loop.
    package func watch(_ loop: String, limit: Duration, now: Instant) {
        loops.withLock { $0[loop] = Loop(limit: limit, last: now) }
    }

    /// A loop has advanced. Loops that are not watched are ignored.
    package func advanced(_ loop: String, now: Instant) {
        loops.withLock { loops in
            guard let known = loops[loop], known.last < now else { return }
            loops[loop]?.last = now
        }
    }

    /// The loops that have not advanced within their limit, sorted.
    package func stalled(now: Instant) -> [String] {
        loops.withLock { loops in loops.filter { now - $0.value.last > $0.value.limit }.map(\.key).sorted() }
    }

    /// Seconds since each loop last advanced, sorted by loop.
    package func ages(now: Instant) -> [(loop: String, seconds: Double)] {
        loops.withLock { loops in loops.map { ($0.key, (now - $0.value.last).seconds) }.sorted { $0.0 < $1.0 } }
    }
}

import Platform
import Samples
import Synchronization

/// Tells whether all loops of the agent go forward. Each loop beats once a turn and has its own patience;
/// the watchdog is fed only while none has been silent for longer.
package final class Heartbeat: Sendable {
    private struct Loop {
        var patience: Duration
        var last: Instant
    }

    private let loops = Mutex<[String: Loop]>([:])

    package init() {}

    /// Begins to watch a loop, counting from now.
    /// - Parameter patience: the longest time between two beats of a healthy loop.
    package func watch(_ loop: String, patience: Duration, now: Instant) {
        loops.withLock { $0[loop] = Loop(patience: patience, last: now) }
    }

    package func beat(_ loop: String, now: Instant) {
        loops.withLock { loops in
            guard let known = loops[loop], known.last < now else { return }
            loops[loop]?.last = now
        }
    }

    /// The loops that have been silent for too long, sorted.
    package func stalled(now: Instant) -> [String] {
        loops.withLock { loops in loops.filter { now - $0.value.last > $0.value.patience }.map(\.key).sorted() }
    }

    /// Seconds since each loop's last beat.
    package func ages(now: Instant) -> [(loop: String, seconds: Double)] {
        loops.withLock { loops in loops.map { ($0.key, (now - $0.value.last).seconds) }.sorted { $0.0 < $1.0 } }
    }
}

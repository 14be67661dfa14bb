import Platform
import Samples
import Text

/// When a rule group is due: once per interval, at an offset derived from its identity, so that groups with the same
/// interval are spread over it and a restart or reload does not shift them.
/// Source: prometheus/prometheus, rules/group.go, `EvalTimestamp`.
struct EvaluationPhase: Sendable, Hashable {
    /// Nanoseconds, at least a millisecond.
    private let interval: Int64
    /// Nanoseconds, less than the interval.
    private let offset: Int64

    /// - Parameter key: identifies the group uniquely, by file and name.
    init(key: String, interval: Duration) {
        // Capped at a century; longer intervals would overflow the clock.
        let milliseconds = min(max(1, interval.milliseconds), 3_155_760_000_000)
        self.interval = milliseconds * 1_000_000
        let hash = Labels(name: key, [:]).fingerprint
        // FNV-1a's low bits are weak for short strings that differ in the last character.
        let mixed = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
        offset = Int64(mixed % UInt64(self.interval))
    }

    /// The first due moment after `time`.
    func next(after time: Instant) -> Instant {
        var since = (time.nanoseconds - offset) % interval
        if since < 0 { since += interval }
        return Instant(nanoseconds: time.nanoseconds - since + interval)
    }

    /// How many due moments lie after the first and up to the second.
    func count(after start: Instant, through end: Instant) -> Int64 {
        guard end > start else { return 0 }
        return (next(after: end).nanoseconds - next(after: start).nanoseconds) / interval
    }
}

package import Samples
public import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A reading of the monotonic clock, in nanoseconds since an arbitrary origin. Schedules and timeouts use it, since
/// the wall clock (`Timestamp`) may step in either direction; wall time only labels data. Arithmetic ends at the bounds
/// of `Int64` and never traps, so that a deadline 292 years ahead lies in the future.
@frozen public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's origin.
    public var nanoseconds: Int64

    /// An instant from nanoseconds since the clock's origin.
    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    /// The time from `b` to `a`, saturated at 292 years.
    @inlinable public static func - (a: Instant, b: Instant) -> Duration {
        .nanoseconds(a.nanoseconds.subtractingSaturated(b.nanoseconds))
    }
    /// The instant so much later.
    @inlinable public static func + (a: Instant, b: Duration) -> Instant {
        Instant(nanoseconds: a.nanoseconds.addingSaturated(b.nanoseconds))
    }
    /// The instant so much earlier.
    @inlinable public static func - (a: Instant, b: Duration) -> Instant {
        Instant(nanoseconds: a.nanoseconds.subtractingSaturated(b.nanoseconds))
    }
}

/// The monotonic and the wall clock, and a way to sleep. Simulations implement it with virtual time.
package protocol TimeSource: Sendable {
    /// The monotonic clock.
    func monotonic() -> Instant
    /// The wall clock.
    func wall() -> Timestamp
    /// Sleeps until the monotonic clock has reached the deadline.
    /// - Throws: `CancellationError` where the task is cancelled first.
    func sleep(until deadline: Instant) async throws
    /// Whether time stands still unless a test moves it. Default: no.
    var isVirtual: Bool { get }
}

extension TimeSource {
    package var isVirtual: Bool { false }

    /// Sleeps for a time, measured on the monotonic clock.
    /// - Throws: `CancellationError` where the task is cancelled first.
    package func sleep(for duration: Duration) async throws {
        try await sleep(until: monotonic() + duration)
    }
}

/// CLOCK_MONOTONIC and CLOCK_REALTIME. Source: clock_gettime(2).
package struct SystemTime: TimeSource {
    /// The machine's clocks.
    package init() {}

    /// CLOCK_MONOTONIC, to the nanosecond.
    package func monotonic() -> Instant {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Instant(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }

    /// CLOCK_REALTIME, cut to milliseconds.
    package func wall() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// Sleeps with `Task.sleep`; returns at once where the deadline has passed.
    package func sleep(until deadline: Instant) async throws {
        let wait = deadline - monotonic()
        guard wait > .zero else {
            try Task.checkCancellation()
            return
        }
        // On Linux SuspendingClock is CLOCK_MONOTONIC, the clock that `monotonic()` reads.
        try await Task.sleep(for: wait, clock: .suspending)
    }
}

/// Both clocks, read together: schedules use the monotonic time, data carry the wall time.
package struct Moment: Hashable, Sendable {
    /// The monotonic clock's time.
    package var monotonic: Instant
    /// The wall clock's time.
    package var wall: Timestamp

    /// A moment from both clocks' times.
    package init(monotonic: Instant, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

extension TimeSource {
    /// Reads both clocks.
    package func now() -> Moment { Moment(monotonic: monotonic(), wall: wall()) }
}

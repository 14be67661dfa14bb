import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// A point on the monotonic clock: nanoseconds since an origin that means nothing. Schedules use it;
/// wall time (`Timestamp`) is only a label on data, since it may step either way.
@frozen public struct Instant: Hashable, Comparable, Sendable {
    public var nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable public static func - (a: Instant, b: Instant) -> Duration { .nanoseconds(a.nanoseconds - b.nanoseconds) }
    @inlinable public static func + (a: Instant, b: Duration) -> Instant {
        Instant(
            nanoseconds: a.nanoseconds &+ b.components.seconds &* 1_000_000_000 &+ b.components.attoseconds
                / 1_000_000_000)
    }
}

/// Both clocks and the way to wait. A simulation puts its own in and turns days into milliseconds.
package protocol TimeSource: Sendable {
    func monotonic() -> Instant
    func wall() -> Timestamp
    /// Returns at or after the deadline.
    /// - Throws: `CancellationError` when the task is cancelled first.
    func sleep(until deadline: Instant) async throws
    /// Whether time stands still unless a test moves it. Default: no.
    var isVirtual: Bool { get }
}

extension TimeSource {
    package var isVirtual: Bool { false }

    package func sleep(for duration: Duration) async throws {
        try await sleep(until: monotonic() + duration)
    }
}

/// CLOCK_MONOTONIC and CLOCK_REALTIME, clock_gettime(2).
package struct SystemTime: TimeSource {
    package init() {}

    package func monotonic() -> Instant {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Instant(nanoseconds: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec))
    }

    package func wall() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    package func sleep(until deadline: Instant) async throws {
        let wait = deadline - monotonic()
        guard wait > .zero else {
            try Task.checkCancellation()
            return
        }
        // SuspendingClock is CLOCK_MONOTONIC on Linux, the same clock as `monotonic()`.
        try await Task.sleep(for: wait, clock: .suspending)
    }
}

/// Both clocks read at once: the monotonic one decides when, the wall one says what time it was.
package struct Moment: Hashable, Sendable {
    package var monotonic: Instant
    package var wall: Timestamp

    package init(monotonic: Instant, wall: Timestamp) {
        self.monotonic = monotonic
        self.wall = wall
    }
}

extension TimeSource {
    package func now() -> Moment { Moment(monotonic: monotonic(), wall: wall()) }
}

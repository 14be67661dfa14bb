package import Samples
public import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A reading of the monotonic clock, in nanoseconds since an arbitrary origin. Schedules and timeouts use it, since the
/// wall clock (`Timestamp`) may step in either direction; wall time only labels data. Arithmetic saturates at the
/// bounds of `Int64` and never traps, so that a deadline 292 years ahead stays in the future.
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
    /// The instant that is later by a duration.
    @inlinable public static func + (a: Instant, b: Duration) -> Instant {
        Instant(nanoseconds: a.nanoseconds.addingSaturated(b.nanoseconds))
    }
    /// The instant that is earlier by a duration.
    @inlinable public static func - (a: Instant, b: Duration) -> Instant {
        Instant(nanoseconds: a.nanoseconds.subtractingSaturated(b.nanoseconds))
    }
}

/// The monotonic and the wall clock, and timers. Simulations implement it with virtual time.
package protocol TimeSource: Sendable {
    /// The monotonic clock.
    func monotonic() -> Instant
    /// The wall clock.
    func wall() -> Timestamp
    /// Calls the body once, when the monotonic clock has reached the deadline; if it already has, soon.
    /// - Parameter body: runs on the clock's own thread and must return quickly.
    /// - Returns: the id to pass to `cancel`.
    func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID
    /// Cancels a timer: its body is not called any more, unless it is already running. A timer that has fired is no
    /// error.
    func cancel(_ timer: TimerID)
    /// Whether time only advances when a test moves it. Default: no.
    var isVirtual: Bool { get }
}

/// A scheduled call, unique within its `TimeSource`.
package typealias TimerID = UInt64

extension TimeSource {
    package var isVirtual: Bool { false }

    /// Sleeps until the monotonic clock has reached the deadline; returns at once if it already has.
    /// - Throws: `CancellationError` if the task is cancelled first.
    package func sleep(until deadline: Instant) async throws {
        try Task.checkCancellation()
        guard deadline > monotonic() else { return }
        let ended = OneShot<Bool>()
        let timer = schedule(at: deadline) { ended.fulfil(true) }
        let isOver = await withTaskCancellationHandler {
            await ended.value()
        } onCancel: {
            cancel(timer)
            ended.fulfil(false)
        }
        if !isOver { throw CancellationError() }
    }

    /// Sleeps for a time, measured on the monotonic clock.
    /// - Throws: `CancellationError` if the task is cancelled first.
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

    /// CLOCK_REALTIME, truncated to milliseconds.
    package func wall() -> Timestamp {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }

    /// Calls the body on the process's timer thread.
    package func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
        SystemTimers.shared.schedule(at: deadline, body)
    }

    /// Cancels a timer; see `TimeSource`.
    package func cancel(_ timer: TimerID) { SystemTimers.shared.cancel(timer) }
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

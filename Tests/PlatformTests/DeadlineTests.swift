import Samples
import Synchronization
import Testing
import Text

@testable import Platform

struct DeadlineTests {
    /// A clock that stands still, and timers that go off when the test says so.
    private final class ManualTime: TimeSource {
        private struct State {
            var now = Instant(nanoseconds: 0)
            var timers: [(deadline: Instant, body: @Sendable () -> Void)] = []
        }

        private let state = Mutex(State())

        func monotonic() -> Instant { state.withLock(\.now) }
        func wall() -> Timestamp { Timestamp(milliseconds: 0) }

        func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
            state.withLock {
                $0.timers.append((deadline, body))
                return TimerID(UInt64($0.timers.count))
            }
        }

        func cancel(_ timer: TimerID) {}

        var deadlines: [Instant] { state.withLock { $0.timers.map(\.deadline) } }

        /// The last timer goes off, at this time.
        func fire(at now: Instant) {
            let body = state.withLock { state -> (@Sendable () -> Void)? in
                state.now = now
                return state.timers.last?.body
            }
            body?()
        }
    }

    private func wait(_ condition: @Sendable () -> Bool) async {
        for _ in 0..<1_000_000 where !condition() { await Task.yield() }
    }

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    @Test func atItsDeadlineItIsOver() async {
        let time = ManualTime()
        let never = Gate()
        async let value = Deadline.run({ await never.pass() }, until: at(3), time: time)
        await wait { time.deadlines.count == 1 }
        time.fire(at: at(3))
        #expect(await value == nil)
        never.open()
    }

    /// After a stop of the process the work gets the time in which it could not run, once.
    @Test func aStopIsNotCounted() async {
        let time = ManualTime()
        let never = Gate()
        async let value = Deadline.run({ await never.pass() }, until: at(3), time: time)
        await wait { time.deadlines.count == 1 }
        time.fire(at: at(8))
        #expect(time.deadlines.last == at(13))
        time.fire(at: at(20))
        #expect(await value == nil)
        never.open()
    }

    @Test func afterAStopItsValueCounts() async {
        let time = ManualTime()
        let gate = Gate()
        async let value = Deadline.run({ await gate.pass() }, until: at(3), time: time)
        await wait { time.deadlines.count == 1 }
        time.fire(at: at(3600))
        // Not longer than ten seconds.
        #expect(time.deadlines.last == at(3610))
        gate.open()
        #expect(await value != nil)
    }
}

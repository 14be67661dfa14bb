package import Platform
package import Samples
import Synchronization
import Text

/// Time that only advances when a test moves it. Sleepers wake in the order of their deadlines, so that a day of
/// schedules runs in milliseconds and reproducibly.
package final class VirtualTime: TimeSource {
    private struct Sleeper {
        let id: UInt64
        let deadline: Instant
        let body: @Sendable () -> Void
    }

    private struct State {
        var monotonic: Instant
        /// Wall time is monotonic time plus this; a step of the wall clock changes it.
        var wallOffsetMilliseconds: Int64
        var sleepers: [Sleeper] = []
        var nextID: UInt64 = 0
    }

    private let state: Mutex<State>

    package var isVirtual: Bool { true }

    /// - Parameter wall: the wall time at the start.
    package init(wall: Timestamp = Timestamp(milliseconds: 1_764_122_400_000)) {
        state = Mutex(State(monotonic: Instant(nanoseconds: 0), wallOffsetMilliseconds: wall.milliseconds))
    }

    /// Virtual time since the start.
    package func monotonic() -> Instant { state.withLock { $0.monotonic } }

    /// Virtual wall time, which `stepWall` changes.
    package func wall() -> Timestamp {
        state.withLock { Timestamp(milliseconds: $0.monotonic.nanoseconds / 1_000_000 + $0.wallOffsetMilliseconds) }
    }

    /// Calls the body once time has been moved to the deadline; at once if it already is there.
    package func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
        let (id, isDue) = state.withLock { state in
            state.nextID += 1
            let isDue = deadline <= state.monotonic
            if !isDue { state.sleepers.append(Sleeper(id: state.nextID, deadline: deadline, body: body)) }
            return (state.nextID, isDue)
        }
        if isDue { body() }
        return id
    }

    /// Cancels a timer; see `TimeSource`.
    package func cancel(_ timer: TimerID) {
        state.withLock { state in
            if let index = state.sleepers.firstIndex(where: { $0.id == timer }) { state.sleepers.remove(at: index) }
        }
    }

    /// Steps only the wall clock, forwards or back, as an administrator or NTP would.
    package func stepWall(by duration: Duration) {
        state.withLock { $0.wallOffsetMilliseconds += duration.milliseconds }
    }

    /// The next deadline that a task waits for.
    package var nextDeadline: Instant? { state.withLock { $0.sleepers.lazy.map(\.deadline).min() } }

    /// Moves to a time and wakes the tasks that wait for it, without letting them run: for callers that run tasks by hand
    /// (`SerialExecution`).
    package func move(to time: Instant) {
        let woken = state.withLock { state in
            state.monotonic = max(state.monotonic, time)
            let due = state.sleepers.filter { $0.deadline <= state.monotonic }.sorted {
                ($0.deadline, $0.id) < ($1.deadline, $1.id)
            }
            state.sleepers.removeAll { $0.deadline <= state.monotonic }
            return due
        }
        for sleeper in woken { sleeper.body() }
    }

    /// How many tasks are sleeping.
    package var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves to the earliest deadline, wakes the tasks that wait for it, and lets everything that follows from it run
    /// until all tasks sleep again or `settle` turns have passed.
    /// - Returns: false if no task sleeps, or the next deadline is after `limit`; time then stands at `limit`.
    @discardableResult
    package func advance(through limit: Instant, settle: Int = 200) async -> Bool {
        await quiesce(settle)
        guard let next = nextDeadline, next <= limit else {
            move(to: limit)
            return false
        }
        move(to: next)
        await quiesce(settle)
        return true
    }

    /// Runs everything that is due within a duration.
    package func run(for span: Duration, settle: Int = 200) async {
        let end = monotonic() + span
        while await advance(through: end, settle: settle) {}
    }

    /// Yields to other tasks, so that those that are ready can run.
    private func quiesce(_ turns: Int) async {
        for _ in 0..<turns { await Task.yield() }
    }
}

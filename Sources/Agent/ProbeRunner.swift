import Probes
import Synchronization

/// Runs the probes of the current configuration, replacing those of the previous one.
final class ProbeRunner: Sendable {
    private struct State {
        var schedule: ProbeSchedule?
        var task: Task<Void, Never>?
        var isStopped = false
    }

    private let state = Mutex(State())

    /// The targets that are probed now.
    var targets: [ProbeTarget] { state.withLock(\.schedule)?.targets ?? [] }

    /// When each of them is probed.
    var timings: [ProbeTarget: ProbeSchedule.Timing] { state.withLock(\.schedule)?.timings ?? [:] }

    /// Starts a schedule and cancels the one before it. Without effect after `stop`.
    func start(_ schedule: ProbeSchedule) {
        let old = state.withLock { state -> Task<Void, Never>? in
            if state.isStopped { return nil }
            let old = state.task
            state.schedule = schedule
            state.task = Task { await schedule.run() }
            return old
        }
        old?.cancel()
    }

    /// Requests a run of a target as soon as its limits allow.
    func probeNow(_ target: ProbeTarget) { state.withLock(\.schedule)?.probeNow(target) }

    /// Cancels the probes and returns when none runs.
    func stop() async {
        let task = state.withLock { state in
            state.isStopped = true
            state.task?.cancel()
            return state.task
        }
        await task?.value
    }
}

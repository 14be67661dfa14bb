import Synchronization

/// Runs work with a deadline that applies even if the work ignores its cancellation.
package enum Deadline {
    /// A timer that is no later than this is on time.
    private static let stallTolerance = Duration.milliseconds(100)
    private static let extensionLimit = Duration.seconds(10)

    /// If the deadline is noticed late, this process did not run for a while: it was stopped, or had no CPU. The work, which
    /// did not run either, then gets that much time more, once.
    /// - Parameters:
    ///   - executor: where the work runs; nil is Swift's pool. On the caller's thread, work that computes would keep
    ///     the caller from noticing the deadline.
    ///   - ended: called when the work has really ended, in either case.
    /// - Returns: the work's value; nil at the deadline, or when the caller is cancelled. The work is cancelled then
    ///   and may continue in the background.
    package static func run<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value, until deadline: Instant, time: any TimeSource,
        on executor: (any TaskExecutor)? = nil, ended: @escaping @Sendable () -> Void = {}
    ) async -> Value? {
        let race = OneShot<Value?>()
        // Not started inline: work that blocks or computes would keep the caller from noticing the deadline.
        let worker = Task(executorPreference: executor) {
            let value = await work()
            ended()
            race.fulfil(value)
        }
        let extended = Timers()
        let timer = time.schedule(at: deadline) {
            let late = time.monotonic() - deadline
            if late <= stallTolerance { return race.fulfil(nil) }
            let second = time.schedule(at: deadline + late + min(late, extensionLimit)) { race.fulfil(nil) }
            extended.second.withLock { $0 = second }
        }
        let value = await withTaskCancellationHandler {
            await race.value()
        } onCancel: {
            worker.cancel()
            race.fulfil(nil)
        }
        time.cancel(timer)
        if let second = extended.second.withLock({ $0 }) { time.cancel(second) }
        worker.cancel()
        return value
    }

    /// A class, since the timer's closure outlives the call that made it.
    private final class Timers: Sendable {
        let second = Mutex<TimerID?>(nil)
    }
}

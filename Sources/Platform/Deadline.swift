/// Runs work with a deadline that applies even if the work ignores its cancellation.
package enum Deadline {
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
        let timer = time.schedule(at: deadline) { race.fulfil(nil) }
        let value = await withTaskCancellationHandler {
            await race.value()
        } onCancel: {
            worker.cancel()
            race.fulfil(nil)
        }
        time.cancel(timer)
        worker.cancel()
        return value
    }
}

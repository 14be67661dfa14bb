/// Runs work with a deadline that holds even when the work ignores its cancellation.
package enum Deadline {
    /// - Parameters:
    ///   - executor: where the work runs; nil is Swift's pool. What computes keeps a caller on the same thread from
    ///     seeing the deadline.
    ///   - ended: called when the work has really ended, in either case.
    /// - Returns: the work's value; nil at the deadline, or when the caller is cancelled. The work is cancelled then and
    ///   may go on by itself.
    package static func run<Value: Sendable>(
        _ work: @escaping @Sendable () async -> Value, until deadline: Instant, time: any TimeSource,
        on executor: (any TaskExecutor)? = nil, ended: @escaping @Sendable () -> Void = {}
    ) async -> Value? {
        let race = OneShot<Value?>()
        // Not begun here: what blocks or computes would keep its caller from seeing the deadline.
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

/// Runs tasks on a thread of its own, where they may block and compute for long:
/// `await withTaskExecutorPreference(WorkExecutor("backup")) { … }`. Child tasks inherit it.
package final class WorkExecutor: TaskExecutor {
    private let pool: ThreadPool

    /// - Parameters:
    ///   - name: of its threads; cut to 15 bytes.
    ///   - count: maximum number of threads: how many of its tasks may block at the same time.
    package init(_ name: String, threads count: Int = 1) { pool = ThreadPool(name, threads: count) }

    /// Queues a job of a task; without a thread for it, the caller runs it.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = pool.submit { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
        if !isTaken { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }
}

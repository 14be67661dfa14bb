/// An executor whose jobs wait for one thread.
package protocol QueueingExecutor: TaskExecutor {
    /// How long the job that has waited longest has been waiting; zero if none waits. An executor with little to do stays
    /// at some milliseconds.
    var lag: Duration { get }
}

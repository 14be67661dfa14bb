import Glibc
import Platform
import Synchronization

/// Passes commands from other threads to an event loop, in order, and owns the loop's thread: the first command starts
/// it, and there is only one at a time.
///
/// Tasks may prefer the loop's thread (SE-0417): the continuation of a finished transfer then runs where it finished,
/// without waking a thread of Swift's pool, which is half the cost of a request to a fast target. If no thread runs,
/// they run in the pool.
final class LoopInbox<Command: Sendable>: QueueingExecutor {
    /// Why a command was not accepted.
    enum Refusal: Sendable {
        case stopped
        /// The next submission tries again.
        case noThread(ThreadError)
    }

    private enum Life {
        /// No thread yet, or one that could not open what it needs: the next submission starts one.
        case dormant
        case running
        case stopped
    }

    private struct State {
        var life = Life.dormant
        var wakeup: Wakeup?
        var commands: [Command] = []
        /// Jobs of the tasks that prefer the thread.
        var jobs: [UnownedJob] = []
        /// Since when the first of them waits.
        var waitingSince: Instant?
        /// The same of those that the thread has taken, until it has run all of them.
        var takenSince: Instant?
        /// The running thread, which checks here before it waits and so needs no wake-up.
        var thread: pthread_t?

        /// Wakes the thread, only for the first item since it last checked.
        func wake() {
            guard commands.count + jobs.count == 1 else { return }
            if let thread, pthread_equal(thread, pthread_self()) != 0 { return }
            wakeup?.signal()
        }
    }

    private let name: String
    private let threads: any ThreadStarter
    private let state = Mutex(State())

    /// - Parameter name: the thread's name.
    init(_ name: String, _ threads: any ThreadStarter) {
        self.name = name
        self.threads = threads
    }

    // MARK: - For any thread

    /// Submits a command. It is processed even if `stop` follows at once.
    /// - Parameter run: the thread's body, used if no thread runs; receives its wake-up.
    /// - Returns: why the command will not be processed.
    func submit(_ command: Command, run: @escaping @Sendable (Wakeup) -> Void) -> Refusal? {
        state.withLock { state in
            switch state.life {
            case .stopped: return .stopped
            case .running: break
            case .dormant:
                if state.wakeup == nil { state.wakeup = Wakeup() }
                guard let wakeup = state.wakeup else { return .noThread(ThreadError(name: name, code: EMFILE)) }
                do throws(ThreadError) {
                    try threads.start(name) {
                        self.state.withLock { $0.thread = pthread_self() }
                        run(wakeup)
                        self.giveJobsAway()
                    }
                } catch { return .noThread(error) }
                state.life = .running
            }
            state.commands.append(command)
            state.wake()
            return nil
        }
    }

    /// Submits a command if a thread runs.
    /// - Returns: false if none does, so that there is nothing to do.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard state.life == .running else { return false }
            state.commands.append(command)
            state.wake()
            return true
        }
    }

    /// Runs a task's next step on the loop's thread, or in Swift's pool if no thread runs.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = state.withLock { state in
            guard state.life == .running else { return false }
            if state.jobs.isEmpty { state.waitingSince = SystemTime().monotonic() }
            state.jobs.append(job)
            state.wake()
            return true
        }
        if !isTaken { globalConcurrentExecutor.enqueue(job) }
    }

    var lag: Duration {
        let first = state.withLock { state in [state.takenSince, state.waitingSince].compactMap(\.self).min() }
        return first.map { SystemTime().monotonic() - $0 } ?? .zero
    }

    /// The last command: none is accepted after it, since none would be processed.
    func stop(_ command: Command) {
        state.withLock { state in
            if state.life == .running {
                state.commands.append(command)
                state.wake()
            }
            state.life = .stopped
        }
    }

    // MARK: - For the loop's thread

    /// Removes and returns the waiting commands.
    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands.removeAll(keepingCapacity: state.commands.count < 1024) }
            return state.commands
        }
    }

    /// Runs the waiting jobs; those added meanwhile wait for the next iteration of the loop.
    func runJobs() {
        let jobs = state.withLock { state in
            defer {
                state.jobs.removeAll(keepingCapacity: state.jobs.count < 1024)
                (state.takenSince, state.waitingSince) = (state.waitingSince, nil)
            }
            return state.jobs
        }
        if jobs.isEmpty { return }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
        state.withLock { $0.takenSince = nil }
    }

    /// Whether there is something to do before the thread waits.
    var hasWork: Bool { state.withLock { !$0.commands.isEmpty || !$0.jobs.isEmpty } }

    /// Moves the remaining jobs to Swift's pool when the thread ends.
    private func giveJobsAway() {
        let jobs = state.withLock { state in
            if let thread = state.thread, pthread_equal(thread, pthread_self()) != 0 { state.thread = nil }
            defer { (state.jobs, state.waitingSince) = ([], nil) }
            return state.jobs
        }
        for job in jobs { globalConcurrentExecutor.enqueue(job) }
    }

    /// The waiting commands, for a thread that ends. Once there are none, the next submission starts a new thread,
    /// which then owns the loop.
    func takeLast() -> [Command] {
        state.withLock { state in
            if state.commands.isEmpty, state.life == .running { state.life = .dormant }
            defer { state.commands = [] }
            return state.commands
        }
    }
}

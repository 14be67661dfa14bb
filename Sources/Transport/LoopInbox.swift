import Glibc
import Platform
import Synchronization

/// How other threads tell an event loop what to do: commands in order, and the loop's thread, which the first of them
/// starts and of which there is one at a time.
///
/// Tasks may prefer the loop's thread (SE-0417): what a transfer's end continues then goes on where it ended, without
/// waking a thread of Swift's pool, which is half of what a request to a quick target costs. Where no thread runs, they
/// run in the pool.
final class LoopInbox<Command: Sendable>: TaskExecutor {
    /// Why a command was not taken.
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
        /// Of the tasks that prefer the thread.
        var jobs: [UnownedJob] = []
        /// The running thread, which looks here before it waits and needs no waking.
        var thread: pthread_t?

        /// Wakes the thread for the first of what it finds when it looks.
        func wake() {
            guard commands.count + jobs.count == 1 else { return }
            if let thread, pthread_equal(thread, pthread_self()) != 0 { return }
            wakeup?.signal()
        }
    }

    private let name: String
    private let threads: any ThreadStarter
    private let state = Mutex(State())

    /// - Parameter name: the thread's.
    init(_ name: String, _ threads: any ThreadStarter) {
        self.name = name
        self.threads = threads
    }

    // MARK: - For any thread

    /// Hands a command over. It is read even where `stop` comes next.
    /// - Parameter run: the thread's body, where there is no thread; gets what wakes it.
    /// - Returns: why the command will not be read.
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

    /// Hands a command over where a thread runs.
    /// - Returns: false where none does, so that there is nothing to do.
    @discardableResult
    func post(_ command: Command) -> Bool {
        state.withLock { state in
            guard state.life == .running else { return false }
            state.commands.append(command)
            state.wake()
            return true
        }
    }

    /// Runs a task's next step on the loop's thread, or in Swift's pool where there is none.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isTaken = state.withLock { state in
            guard state.life == .running else { return false }
            state.jobs.append(job)
            state.wake()
            return true
        }
        if !isTaken { globalConcurrentExecutor.enqueue(job) }
    }

    /// The last command: from here on nothing comes in behind it, where nobody would read it.
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

    /// What has come.
    func take() -> [Command] {
        state.withLock { state in
            defer { state.commands.removeAll(keepingCapacity: state.commands.count < 1024) }
            return state.commands
        }
    }

    /// Runs the steps of tasks that have come by now; those that come meanwhile wait for the next turn of the loop.
    func runJobs() {
        let jobs = state.withLock { state in
            defer { state.jobs.removeAll(keepingCapacity: state.jobs.count < 1024) }
            return state.jobs
        }
        for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Whether there is something to do before the thread waits.
    var hasWork: Bool { state.withLock { !$0.commands.isEmpty || !$0.jobs.isEmpty } }

    /// The thread ends.
    private func giveJobsAway() {
        let jobs = state.withLock { state in
            if let thread = state.thread, pthread_equal(thread, pthread_self()) != 0 { state.thread = nil }
            defer { state.jobs = [] }
            return state.jobs
        }
        for job in jobs { globalConcurrentExecutor.enqueue(job) }
    }

    /// What has come, for a thread that ends. After nothing has, the next submission starts a new thread, to which the
    /// loop belongs from then on.
    func takeLast() -> [Command] {
        state.withLock { state in
            if state.commands.isEmpty, state.life == .running { state.life = .dormant }
            defer { state.commands = [] }
            return state.commands
        }
    }
}

#if canImport(Glibc)
    import Glibc
#endif

/// Runs long computations, outside Swift's cooperative pool: that pool has one thread per core, shared by everything
/// that must not wait.
package protocol WorkPool: Sendable {
    /// Queues the work; it runs once, and starts after all work queued before it.
    /// - Returns: false if the system gives no thread to run it; the work is then released without being called.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool
}

extension WorkPool {
    /// Runs the work and returns its result. Cancellation doesn't end it: long work must check for cancellation itself.
    /// - Returns: nil if the system gives no thread to run it.
    package func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result? {
        await withCheckedContinuation { continuation in
            if !submit({ continuation.resume(returning: work()) }) { continuation.resume(returning: nil) }
        }
    }
}

extension Platform {
    /// A pool of threads for work. With virtual time the work runs on the caller, before `submit` returns, so that
    /// everything stays on one thread and no time passes meanwhile.
    /// - Parameters:
    ///   - name: the threads' name, shown by `ps -L`; cut to 15 bytes.
    ///   - count: maximum number of threads; each is started when it is first needed.
    ///   - niceness: how much the threads yield to others under load, 0 to 19; setpriority(2).
    package func workPool(_ name: String, threads count: Int, niceness: Int32 = 0) -> any WorkPool {
        if time.isVirtual { return CallerPool() }
        return ThreadPool(name, threads: count, niceness: niceness, starter: threads)
    }
}

/// Runs work on the thread that submits it.
package struct CallerPool: WorkPool {
    /// A pool without threads.
    package init() {}

    /// - Returns: true, after the work.
    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        work()
        return true
    }
}

/// A bounded number of threads that take work from one queue, in order. The threads end with the pool, after finishing
/// the work that they have started.
package final class ThreadPool: WorkPool {
    private let queue = WorkQueue()
    private let name: String
    private let count: Int
    private let niceness: Int32
    private let starter: any ThreadStarter

    /// - Parameters: see `Platform.workPool`.
    package init(_ name: String, threads count: Int, niceness: Int32 = 0, starter: any ThreadStarter = SystemThreads())
    {
        self.name = name
        self.count = count
        self.niceness = niceness
        self.starter = starter
    }

    deinit { queue.close() }

    /// Starts a thread if all are busy and the limit is not reached.
    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard queue.needsThread(limit: count) else {
            queue.add(work)
            return true
        }
        do throws(ThreadError) {
            try starter.start(name) { [queue, niceness] in
                // Lowering one's own priority needs no privilege. If a system call filter denies it, the threads keep
                // the normal one.
                if niceness > 0 { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness) }
                while let work = queue.take() { work() }
            }
        } catch {
            // Existing threads will take the job; without any, it would never run.
            guard queue.threadFailed() else { return false }
        }
        queue.add(work)
        return true
    }
}

/// The queue that a pool's threads wait for. All of it is used under the lock; pthread objects need a fixed address,
/// hence the pointers.
private final class WorkQueue: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var work: [@Sendable () -> Void] = []
    private var threads = 0
    private var idle = 0
    private var isClosed = false

    init() {
        pthread_mutex_init(lock, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(lock)
        filled.deallocate()
        lock.deallocate()
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// Whether the new work would find no idle thread; a thread to be started is counted at once.
    func needsThread(limit: Int) -> Bool {
        locked {
            guard idle <= work.count, threads < limit else { return false }
            threads += 1
            return true
        }
    }

    /// - Returns: whether there are other threads.
    func threadFailed() -> Bool {
        locked {
            threads -= 1
            return threads > 0
        }
    }

    func add(_ one: @escaping @Sendable () -> Void) {
        locked {
            work.append(one)
            _ = pthread_cond_signal(filled)
        }
    }

    func close() {
        locked {
            isClosed = true
            _ = pthread_cond_broadcast(filled)
        }
    }

    /// The next piece of work; nil when the pool is gone.
    func take() -> (@Sendable () -> Void)? {
        locked {
            idle += 1
            defer { idle -= 1 }
            while work.isEmpty {
                if isClosed { return nil }
                pthread_cond_wait(filled, lock)
            }
            return work.removeFirst()
        }
    }
}

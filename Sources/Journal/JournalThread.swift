#if canImport(Glibc)
    import Glibc
#endif

/// A thread with a bounded queue: C calls that block on the disk must not occupy a thread of Swift's cooperative pool.
final class JournalThread<Job>: @unchecked Sendable {
    // Everything below is guarded by the lock. pthread objects need a fixed address, hence the pointers.
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [Job] = []
    private var isClosed = false
    private let limit: Int

    /// - Parameter limit: how many jobs may wait.
    init(limit: Int) {
        self.limit = limit
        pthread_mutex_init(lock, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(lock)
        filled.deallocate()
        lock.deallocate()
    }

    /// The result of submitting a job.
    enum Admission {
        case taken
        case full
        case closed
    }

    /// - Parameter last: no job is accepted after this one, and this one is accepted whatever the queue's length.
    func submit(_ job: sending Job, last: Bool = false) -> Admission {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        if isClosed { return .closed }
        if jobs.count >= limit && !last { return .full }
        jobs.append(job)
        isClosed = last
        pthread_cond_signal(filled)
        return .taken
    }

    /// All waiting jobs, at least one; nil once the last one has been taken.
    func take() -> [Job]? {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        while jobs.isEmpty {
            if isClosed { return nil }
            pthread_cond_wait(filled, lock)
        }
        defer { jobs = [] }
        return jobs
    }
}

extension JournalThread.Admission {
    /// Nil if the job was accepted.
    var refusal: JournalError? {
        switch self {
        case .taken: nil
        case .full: .overloaded
        case .closed: .closed
        }
    }
}

import Platform
import Samples
import Synchronization

/// What must survive: alerts, outbox, notification log, silences, rule state, history, in one SQLite file.
///
/// A write that has returned is on the disk (WAL, fsync at each commit); writes that wait together share one
/// transaction. While the disk refuses, the latest state of each row waits in memory and goes with the next write that
/// succeeds, so the agent goes on. A broken file is put aside and an empty one begun.
/// Sources: https://sqlite.org/wal.html, https://sqlite.org/atomiccommit.html
package final class Journal: Sendable {
    private enum Job: Sendable {
        case write([JournalChange], CheckedContinuation<Result<Void, JournalError>, Never>)
        /// Does its work and returns how its caller is told, once the health has been published.
        case call(@Sendable (JournalWorker) -> @Sendable () -> Void)
    }

    private let thread: JournalThread<Job>
    private let current = Mutex(JournalHealth())

    /// Values over this many bytes are refused.
    private static let largestValue = 16 << 20
    private static let mostJobs = 10_000

    /// Starts the journal's thread; the file is opened by the first use.
    /// - Parameter report: called on the journal's thread; must not block.
    package init(
        _ options: JournalOptions, time: any TimeSource, report: @escaping @Sendable (JournalEvent) -> Void = { _ in }
    ) {
        let thread = JournalThread<Job>(limit: Journal.mostJobs)
        self.thread = thread
        do {
            try SystemThreads().start("journal") { [weak self] in
                let worker = JournalWorker(options, time: time, report: report)
                while let jobs = thread.take() {
                    Journal.run(jobs, worker) {
                        let health = worker.health
                        self?.current.withLock { $0 = health }
                    }
                }
            }
        } catch {
            _ = thread.submit(.call { _ in {} }, last: true)
        }
    }

    deinit {
        _ = thread.submit(
            .call { worker in
                worker.close()
                return {}
            }, last: true)
    }

    /// Writes all of it or nothing. On return it is on the disk.
    /// - Throws: `JournalError`; except for `.tooLarge`, `.overloaded` and `.closed` the changes wait in memory and are
    ///   written as soon as the disk takes them.
    package func write(_ changes: [JournalChange]) async throws(JournalError) {
        if changes.isEmpty { return }
        if let size = changes.lazy.map(\.size).first(where: { $0 > Journal.largestValue }) { throw .tooLarge(size) }
        let result = await withCheckedContinuation { continuation in
            if let refusal = refusal(thread.submit(.write(changes, continuation))) {
                continuation.resume(returning: .failure(refusal))
            }
        }
        try result.get()
    }

    /// All rows, history apart.
    package func load() async throws(JournalError) -> JournalSnapshot {
        try await call { (worker) throws(JournalError) in try worker.snapshot() }
    }

    /// Entries of history, newest first, both ends included.
    /// - Parameter limit: at most this many, and never more than 10,000.
    package func history(
        from: Timestamp = Timestamp(milliseconds: .min), to: Timestamp = Timestamp(milliseconds: .max), limit: Int = 100
    ) async throws(JournalError) -> [HistoryEntry] {
        let limit = min(max(limit, 0), 10_000)
        return try await call { (worker) throws(JournalError) in try worker.history(from: from, to: to, limit: limit) }
    }

    /// Expires history and retries what waits. Call it every minute or so.
    package func maintain() async throws(JournalError) {
        try await call { (worker) throws(JournalError) in try worker.maintain() }
    }

    /// Writes what waits and closes the file. Later calls fail with `.closed`.
    package func close() async {
        await withCheckedContinuation { continuation in
            let admission = thread.submit(
                .call { worker in
                    worker.close()
                    return { continuation.resume() }
                }, last: true)
            if case .closed = admission { continuation.resume() }
        }
    }

    /// As of the last thing done.
    package var health: JournalHealth { current.withLock { $0 } }

    private func call<T: Sendable>(_ body: @escaping @Sendable (JournalWorker) throws(JournalError) -> T)
        async throws(JournalError) -> T
    {
        let result: Result<T, JournalError> = await withCheckedContinuation { continuation in
            let job = Job.call { worker in
                do throws(JournalError) {
                    let value = try body(worker)
                    return { continuation.resume(returning: .success(value)) }
                } catch {
                    return { continuation.resume(returning: .failure(error)) }
                }
            }
            if let refusal = refusal(thread.submit(job)) { continuation.resume(returning: .failure(refusal)) }
        }
        return try result.get()
    }

    private func refusal(_ admission: JournalThread<Job>.Admission) -> JournalError? {
        switch admission {
        case .taken: nil
        case .full: .overloaded
        case .closed: .closed
        }
    }

    /// Consecutive writes become one transaction: one fsync for all who wait.
    private static func run(_ jobs: [Job], _ worker: JournalWorker, publish: () -> Void) {
        var changes: [JournalChange] = []
        var waiting: [CheckedContinuation<Result<Void, JournalError>, Never>] = []
        func commit() {
            guard !waiting.isEmpty else { return }
            let result: Result<Void, JournalError>
            do throws(JournalError) {
                try worker.write(changes)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            publish()
            for continuation in waiting { continuation.resume(returning: result) }
            changes = []
            waiting = []
        }
        for job in jobs {
            switch job {
            case .write(let more, let continuation):
                changes += more
                waiting.append(continuation)
            case .call(let body):
                commit()
                let tell = body(worker)
                publish()
                tell()
            }
        }
        commit()
    }
}

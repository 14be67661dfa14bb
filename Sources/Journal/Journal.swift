package import Alerts
package import Platform
package import Samples
import Synchronization

/// The state that must survive a restart: alerts, outbox, notification log, silences, states of rules, history, in one
/// SQLite file.
///
/// A write that has returned is on the disk (WAL, fsync at each commit); concurrent writes share one transaction. Every
/// wait ends after `JournalOptions.waitLimit`: if the disk refuses or does not respond, the latest change of each row
/// is kept in memory, up to a limit, and is written once the disk accepts it. A file that can't be used is set aside
/// and an empty one created.
/// Sources: https://sqlite.org/wal.html, https://sqlite.org/atomiccommit.html
package final class Journal: Sendable {
    private enum Job: Sendable {
        /// Writes the backlog.
        case commit
        /// Runs something on the journal's thread and returns how its caller is resumed, once the health has been
        /// published.
        case call(@Sendable (JournalWorker) -> @Sendable () -> Void)
    }

    private struct State {
        var backlog: JournalBacklog
        /// Callers of `write` whose changes are in the backlog.
        var writers: [Waiter<Void>] = []
        /// Rows that the thread is currently writing.
        var inFlight = 0
        var isCommitQueued = false
        var isStarted = false
        /// Why the thread can't be started; each use tries again.
        var startFailure: JournalError?
        var isReaderStarted = false
        var isClosed = false
        /// Writes are held back: the file's content has not been loaded yet.
        var isHeld = false
        var hasLoaded = false
        /// A load has failed: the owner continues without the file's content.
        var mustMerge = false
        var progress: JournalProgress
        var readerBusySince: Instant?
        var refused = 0
        var refusedRows: Set<JournalChange.Row?> = []
        /// How many lost rows have been reported to the owner.
        var reportedLost = 0
        var bytes: Int64 = 0
        var availableBytes: Int64?
        var commits = 0
    }

    private let options: JournalOptions
    private let time: any TimeSource
    private let files: any FileAccess
    private let threads: any ThreadStarter
    private let report: @Sendable (JournalEvent) -> Void
    private let thread: JournalThread<Job>
    private let readers: JournalThread<@Sendable () -> Void>
    private let state: Mutex<State>

    /// Larger values are refused: 16 MiB.
    static let valueLimit = 16 << 20
    private static let jobLimit = 10_000
    private static let readLimit = 16

    /// Does not open anything yet: the first use starts the threads and opens the file.
    /// - Parameter report: called on the journal's thread or a waiting caller's; must not block.
    package init(
        _ options: JournalOptions, files: any FileAccess = SystemFiles(), time: any TimeSource,
        threads: any ThreadStarter = SystemThreads(), report: @escaping @Sendable (JournalEvent) -> Void = { _ in }
    ) {
        self.options = options
        self.files = files
        self.time = time
        self.threads = threads
        self.report = report
        thread = JournalThread(limit: Journal.jobLimit)
        readers = JournalThread(limit: Journal.readLimit)
        state = Mutex(
            State(
                backlog: JournalBacklog(limits: options.backlog), progress: JournalProgress(limit: options.waitLimit)))
    }

    deinit {
        _ = thread.submit(.commit, last: true)
        _ = readers.submit({}, last: true)
    }

    /// Writes all of it or nothing. On return it is on the disk.
    ///
    /// A row over 16 MiB is skipped and reported; the others are written.
    /// - Throws: `JournalError`; except for `.closed` the changes wait in memory and are written once the disk accepts
    ///   them.
    package func write(_ changes: [JournalChange]) async throws(JournalError) {
        let accepted = changes.filter { !isRefused($0) }
        if accepted.isEmpty { return }
        let noThread = startThread()
        let now = time.monotonic()
        let result: Result<Void, JournalError> = await wait { waiter in
            state.withLock { state in
                if state.isClosed { return .closed }
                for change in accepted { state.backlog.add(change) }
                if state.isHeld { return .unread }
                queueCommit(&state)
                if let noThread { return noThread }
                if let stall = state.progress.stall(now) { return .stalled(stall) }
                guard state.writers.count < Journal.jobLimit else { return .overloaded }
                state.writers.append(waiter)
                return nil
            }
        }
        try result.get()
    }

    private func isRefused(_ change: JournalChange) -> Bool {
        guard change.size > Journal.valueLimit else { return false }
        let isNew = state.withLock { state in
            state.refused += 1
            return state.refusedRows.count < 1000 && state.refusedRows.insert(change.row).inserted
        }
        // Reported once per row: a state that has grown too large is written repeatedly.
        if isNew { report(.refused(row: change.row?.description ?? "an entry of the history", bytes: change.size)) }
        return true
    }

    /// All rows except history.
    ///
    /// The first call must come before anything is written. If it fails, nothing is written until a later one has
    /// succeeded and `resume()` was called, so that the file's content can be merged first: alerts and silences with a
    /// newer state in memory are then left out.
    package func load() async throws(JournalError) -> JournalSnapshot {
        state.withLock { state in if !state.hasLoaded { state.isHeld = true } }
        do throws(JournalError) {
            var snapshot = try await call { (worker) throws(JournalError) in try worker.snapshot() }
            state.withLock { state in
                state.hasLoaded = true
                guard state.isHeld else { return }
                snapshot.overlay(state.backlog)
                if !state.mustMerge { release(&state) }
            }
            return snapshot
        } catch {
            state.withLock { state in if state.isHeld { state.mustMerge = true } }
            throw error
        }
    }

    /// Allows writes again after a `load()` that failed and a later one that succeeded: the file's content has been
    /// merged.
    package func resume() {
        state.withLock { release(&$0) }
    }

    private func release(_ state: inout State) {
        (state.isHeld, state.mustMerge) = (false, false)
        if !state.backlog.isEmpty { queueCommit(&state) }
    }

    /// Entries of the history, newest first. Read on a separate thread: no write waits for it.
    package func history(_ filter: HistoryFilter) async throws(JournalError) -> [HistoryEntry] {
        if let noThread = startReader() { throw noThread }
        let reader = JournalReader(path: options.path)
        let now = time.monotonic()
        let result: Result<[HistoryEntry], JournalError> = await wait(isRead: true) { waiter in
            let stall = state.withLock { state in
                state.readerBusySince.map { now - $0 }.flatMap { $0 >= options.waitLimit ? $0 : nil }
            }
            if let stall { return .stalled(stall) }
            return readers.submit {
                self.state.withLock { $0.readerBusySince = self.time.monotonic() }
                let result: Result<[HistoryEntry], JournalError>
                do throws(SQLiteError) {
                    result = .success(try reader.history(filter))
                } catch {
                    result = .failure(.sqlite(error))
                }
                self.state.withLock { $0.readerBusySince = nil }
                waiter.resume(result)
            }.refusal
        }
        return try result.get()
    }

    /// The newest entries of the history, both times inclusive.
    package func history(
        from: Timestamp = Timestamp(milliseconds: .min), to: Timestamp = Timestamp(milliseconds: .max), limit: Int = 100
    ) async throws(JournalError) -> [HistoryEntry] {
        var filter = HistoryFilter()
        (filter.from, filter.to, filter.limit) = (from, to, limit)
        return try await history(filter)
    }

    /// Deletes old history and retries pending writes. Call it every minute or so, and more often while the journal is
    /// unhealthy.
    package func maintain() async throws(JournalError) {
        if state.withLock({ $0.isHeld }) { throw .unread }
        try await call { [weak self] (worker) throws(JournalError) in
            if let failure = self?.commit(worker) { throw failure }
            if let failure = worker.pause { throw failure }
            try worker.maintain()
        }
    }

    /// Writes the backlog and closes the file. Later calls fail with `.closed`. Waits no longer than a write does.
    package func close() async {
        let isStarted = startThread() == nil
        state.withLock { $0.isClosed = true }
        _ = readers.submit({}, last: true)
        guard isStarted else { return }
        let _: Result<Void, JournalError> = await wait { waiter in
            let job = Job.call { [weak self] worker in
                _ = self?.commit(worker)
                worker.close()
                return { _ = waiter.resume(.success(())) }
            }
            return thread.submit(job, last: true).refusal
        }
    }

    /// The current health.
    package var health: JournalHealth {
        let now = time.monotonic()
        return state.withLock { state in
            var health = JournalHealth()
            health.stalled = state.progress.stall(now)
            let failure =
                health.stalled.map { .stalled($0) } ?? state.startFailure ?? state.progress.failure
                ?? (state.isHeld ? .unread : nil)
            health.failure = failure?.description
            health.isHealthy = failure == nil
            health.backlog = state.backlog.count + state.inFlight
            health.lost = state.backlog.lost + state.refused
            health.bytes = state.bytes
            health.availableBytes = state.availableBytes
            health.commits = state.commits
            return health
        }
    }

    // MARK: Waiting

    /// Waits for the thread, but no longer than the limit.
    /// - Parameter start: passes the waiter to the thread; returns an error if it could not.
    private func wait<Value: Sendable>(
        isRead: Bool = false, _ start: (Waiter<Value>) -> JournalError?
    ) async -> Result<Value, JournalError> {
        let deadline = time.monotonic() + options.waitLimit
        return await withCheckedContinuation { continuation in
            let waiter = Waiter(continuation)
            if let refusal = start(waiter) {
                waiter.resume(.failure(refusal))
                return
            }
            waiter.end(at: deadline, time: time) { [self] in
                if !isRead { noteWaitEnded() }
                return .stalled(options.waitLimit)
            }
        }
    }

    private func noteWaitEnded() {
        let now = time.monotonic()
        if let event = state.withLock({ $0.progress.waitEnded(now) }) { report(event) }
    }

    private func call<T: Sendable>(_ body: @escaping @Sendable (JournalWorker) throws(JournalError) -> T)
        async throws(JournalError) -> T
    {
        if let noThread = startThread() { throw noThread }
        let now = time.monotonic()
        let result: Result<T, JournalError> = await wait { waiter in
            if let stall = state.withLock({ $0.progress.stall(now) }) { return .stalled(stall) }
            let job = Job.call { worker in
                let result: Result<T, JournalError>
                do throws(JournalError) {
                    result = .success(try body(worker))
                } catch {
                    result = .failure(error)
                }
                return { _ = waiter.resume(result) }
            }
            return thread.submit(job).refusal
        }
        return try result.get()
    }

    // MARK: Threads

    /// Starts the journal's thread unless it is running.
    /// - Returns: why it could not be started.
    private func startThread() -> JournalError? {
        let (failure, isNew) = state.withLock { state -> (JournalError?, Bool) in
            if state.isStarted || state.isClosed { return (nil, false) }
            let before = state.startFailure
            do throws(ThreadError) {
                try threads.start("journal") { [weak self, thread, options, files, time, report] in
                    let worker = JournalWorker(options, files: files, time: time, report: report)
                    while let jobs = thread.take() {
                        for job in jobs { self?.run(job, worker) }
                    }
                    worker.close()
                }
                (state.isStarted, state.startFailure) = (true, nil)
            } catch {
                state.startFailure = .unavailable(error.description)
            }
            return (state.startFailure, before != state.startFailure)
        }
        if let failure, isNew { report(.failing(failure.description)) }
        return failure
    }

    private func startReader() -> JournalError? {
        state.withLock { state -> JournalError? in
            if state.isReaderStarted || state.isClosed { return nil }
            do throws(ThreadError) {
                try threads.start("history") { [readers] in
                    while let reads = readers.take() {
                        for read in reads { read() }
                    }
                }
                state.isReaderStarted = true
                return nil
            } catch {
                return .unavailable(error.description)
            }
        }
    }

    // MARK: On the journal's thread

    private func queueCommit(_ state: inout State) {
        guard !state.isCommitQueued else { return }
        if case .taken = thread.submit(.commit) { state.isCommitQueued = true }
    }

    private func run(_ job: Job, _ worker: JournalWorker) {
        let began = time.monotonic()
        state.withLock { $0.progress.began(began) }
        var resume: @Sendable () -> Void = {}
        switch job {
        case .commit: commit(worker)
        case .call(let body): resume = body(worker)
        }
        publish(worker)
        resume()
    }

    /// Writes the backlog in one transaction: one fsync for all callers.
    /// - Returns: why it was not written.
    @discardableResult
    private func commit(_ worker: JournalWorker) -> JournalError? {
        let pause = worker.pause
        let (batch, writers, isHeld) = state.withLock { state in
            state.isCommitQueued = false
            defer { state.writers = [] }
            guard !state.isHeld, pause == nil else { return (JournalBacklog(), state.writers, state.isHeld) }
            let batch = state.backlog.take()
            state.inFlight = batch.count
            return (batch, state.writers, false)
        }
        var failure = isHeld ? JournalError.unread : pause
        if failure == nil {
            do throws(JournalError) {
                try worker.write(batch.changes)
            } catch {
                failure = error
            }
            state.withLock { state in
                state.inFlight = 0
                if failure != nil { state.backlog.putBack(batch) }
            }
        }
        if writers.isEmpty { return failure }
        // Health that is read after a write must reflect the write.
        publish(worker)
        for writer in writers { writer.resume(failure.map { .failure($0) } ?? .success(())) }
        return failure
    }

    private func publish(_ worker: JournalWorker) {
        let now = time.monotonic()
        let (bytes, commits, failure) = (worker.bytes, worker.commits, worker.failure)
        let available = worker.availableBytes
        let events = state.withLock { state in
            (state.bytes, state.commits) = (bytes, commits)
            state.availableBytes = available
            let isComplete = state.backlog.isEmpty && !state.isHeld
            var events: [JournalEvent] = []
            if let event = state.progress.ended(now, failure: failure, isComplete: isComplete) { events.append(event) }
            let lost = state.backlog.lost - state.reportedLost
            if lost > 0, isComplete, failure == nil {
                state.reportedLost += lost
                events.append(.rowsLost(lost))
            }
            return events
        }
        for event in events { report(event) }
    }
}

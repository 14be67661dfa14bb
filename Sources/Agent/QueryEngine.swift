package import HTTPServer
package import Platform
import Synchronization
package import Telemetry
package import Web

/// Answers clients' requests on threads of its own: expressions on two, with a lower priority than everything else,
/// pages on a third and posted bodies on a fourth, so that none of them delays rules, probes or deliveries, and no
/// query delays a page. Waiting requests, the size of one answer, and the size of all answers that clients have not
/// read yet are limited.
package final class QueryEngine: Sendable {
    /// The engine's limits.
    package struct Limits: Sendable {
        /// Concurrent queries. Default: 2.
        package var queries = 2
        /// Queries that may wait for a thread; further ones are refused with 503. Default: 32.
        package var queuedQueries = 32
        /// Pages that may wait for a thread. Default: 128.
        package var queuedPages = 128
        /// Posted bodies that may wait to be read. Default: 64.
        package var queuedBodies = 64
        /// Bytes of one answer. Default: 16 MiB.
        package var answerBytes = 16 << 20
        /// Bytes of all answers to queries that are being computed or not read yet. Default: 48 MiB.
        package var heldQueryBytes = 48 << 20
        /// The same for pages. Default: 48 MiB.
        package var heldPageBytes = 48 << 20
        /// From a request to the end of its evaluation, even if it asks for a longer timeout. Default: 30 s.
        package var timeout: Duration = .seconds(30)

        /// The defaults.
        package init() {}
    }

    private let limits: Limits
    private let time: any TimeSource
    private let queries: Lane
    private let pages: Lane
    private let bodies: Lane

    /// - Parameters:
    ///   - queryPool, pagePool, bodyPool: where to compute; nil for threads of the engine's own.
    package init(
        _ limits: Limits = Limits(), platform: Platform, registry: Registry, queryPool: (any WorkPool)? = nil,
        pagePool: (any WorkPool)? = nil, bodyPool: (any WorkPool)? = nil
    ) {
        self.limits = limits
        time = platform.time
        let rejected = registry.counter(
            "vaultwatch_engine_queries_rejected_total",
            help:
                "Queries, pages and posted bodies refused: too many were waiting, or too many answers were not read yet.",
            labels: ["kind"])
        let waiting = registry.gauge(
            "vaultwatch_engine_queries", help: "Queries, pages and posted bodies being computed or waiting.",
            labels: ["kind"])
        for kind in ["query", "page", "body"] {
            rejected.declare(kind)
            waiting.set(0, kind)
        }
        registry.gauge("vaultwatch_engine_queries_concurrent_max", help: "Queries evaluated at a time.")
            .set(Double(limits.queries))
        queries = Lane(
            pool: queryPool ?? platform.workPool("queries", threads: limits.queries, niceness: 10), limits.queries,
            queue: limits.queuedQueries, answerBytes: limits.answerBytes, heldBytes: limits.heldQueryBytes,
            platform.time, rejected: { rejected.increment("query") }, count: { waiting.set(Double($0), "query") })
        pages = Lane(
            pool: pagePool ?? platform.workPool("pages", threads: 1), 1, queue: limits.queuedPages,
            answerBytes: limits.answerBytes, heldBytes: limits.heldPageBytes, platform.time,
            rejected: { rejected.increment("page") }, count: { waiting.set(Double($0), "page") })
        bodies = Lane(
            pool: bodyPool ?? platform.workPool("bodies", threads: 1), 1, queue: limits.queuedBodies, answerBytes: 0,
            heldBytes: limits.answerBytes, platform.time, rejected: { rejected.increment("body") },
            count: { waiting.set(Double($0), "body") })
    }

    /// Does the work when a thread is free. The caller's cancellation, which the server triggers when the client
    /// disconnects, ends it: at once while it waits, otherwise when the work next checks.
    /// - Throws: `.unavailable` when too many requests wait, `.canceled`, `.timeout` when its time had passed before a
    ///   thread was free.
    package func run(_ computation: Computation, _ work: @escaping Computation.Work) async throws(QueryError)
        -> ServerResponse
    {
        switch computation {
        case .query(let timeout):
            let wait = min(max(timeout ?? limits.timeout, .zero), limits.timeout)
            return try await queries.run(until: time.monotonic() + wait, work)
        case .page: return try await pages.run(until: time.monotonic() + limits.timeout, work)
        case .body: return try await bodies.run(until: time.monotonic() + limits.timeout, work)
        }
    }
}

/// A queue in front of a pool of threads.
private final class Lane: Sendable {
    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    private let pool: any WorkPool
    private let runLimit: Int
    private let queueLimit: Int
    private let answerBytes: Int
    private let held: MemoryBudget
    private let time: any TimeSource
    private let rejected: @Sendable () -> Void
    private let count: @Sendable (Int) -> Void
    private let state = Mutex(State())

    init(
        pool: any WorkPool, _ runLimit: Int, queue queueLimit: Int, answerBytes: Int, heldBytes: Int,
        _ time: any TimeSource, rejected: @escaping @Sendable () -> Void, count: @escaping @Sendable (Int) -> Void
    ) {
        self.pool = pool
        self.runLimit = runLimit
        self.queueLimit = queueLimit
        self.answerBytes = answerBytes
        held = MemoryBudget(heldBytes)
        self.time = time
        self.rejected = rejected
        self.count = count
    }

    private final class Job: Sendable {
        let work: Computation.Work
        let deadline: Instant
        private let cancelled = Atomic(false)
        private let continuation = Mutex<CheckedContinuation<Result<ServerResponse, QueryError>, Never>?>(nil)

        init(_ work: @escaping Computation.Work, _ deadline: Instant) {
            self.work = work
            self.deadline = deadline
        }

        var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
        func cancel() { cancelled.store(true, ordering: .relaxed) }

        func wait(_ waiter: CheckedContinuation<Result<ServerResponse, QueryError>, Never>) {
            continuation.withLock { $0 = waiter }
        }

        func finish(_ result: Result<ServerResponse, QueryError>) {
            let waiter = continuation.withLock { waiter in
                defer { waiter = nil }
                return waiter
            }
            waiter?.resume(returning: result)
        }
    }

    private static let canceled = QueryError(.canceled, "query was canceled in query execution")

    func run(until deadline: Instant, _ work: @escaping Computation.Work) async throws(QueryError) -> ServerResponse {
        let job = Job(work, deadline)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                job.wait(continuation)
                admit(job)
            }
        } onCancel: {
            // Set before the queue is searched, so that either `admit` sees it or the job is found here.
            job.cancel()
            let waited = state.withLock { state -> Bool in
                guard let index = state.waiting.firstIndex(where: { $0 === job }) else { return false }
                state.waiting.remove(at: index)
                return true
            }
            if waited { job.finish(.failure(Lane.canceled)) }
        }
        return try result.get()
    }

    private enum Admission {
        case start, wait, refuse, cancel
    }

    private func admit(_ job: Job) {
        let (admission, total) = state.withLock { state -> (Admission, Int) in
            let admission: Admission
            if job.isCancelled {
                admission = .cancel
            } else if state.running < runLimit {
                state.running += 1
                admission = .start
            } else if state.waiting.count < queueLimit {
                state.waiting.append(job)
                admission = .wait
            } else {
                admission = .refuse
            }
            return (admission, state.running + state.waiting.count)
        }
        count(total)
        switch admission {
        case .start: start(job)
        case .wait: break
        case .cancel: job.finish(.failure(Lane.canceled))
        case .refuse:
            rejected()
            job.finish(
                .failure(QueryError(.unavailable, "too many queries are waiting: \(queueLimit); try again later")))
        }
    }

    private func start(_ job: Job) {
        let isTaken = pool.submit { [self] in
            job.finish(perform(job))
            startNext()
        }
        guard !isTaken else { return }
        rejected()
        job.finish(.failure(QueryError(.unavailable, "no thread can be started to answer the query")))
        startNext()
    }

    private func startNext() {
        let (job, total) = state.withLock { state -> (Job?, Int) in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return (nil, state.running)
            }
            return (state.waiting.removeFirst(), state.running + state.waiting.count)
        }
        count(total)
        if let job { start(job) }
    }

    private func perform(_ job: Job) -> Result<ServerResponse, QueryError> {
        guard !job.isCancelled else { return .failure(Lane.canceled) }
        guard time.monotonic() <= job.deadline else {
            return .failure(QueryError(.timeout, "query timed out in query queue"))
        }
        // Lease the maximum size of an answer until its actual size is known.
        guard let lease = held.lease(answerBytes) else {
            rejected()
            return .failure(
                QueryError(
                    .unavailable,
                    "answers that clients have not read yet take \(held.used >> 20) MiB; try again later"))
        }
        var response = job.work { [time] in job.isCancelled || time.monotonic() > job.deadline }
        if case .bytes(let bytes) = response.body { lease.shrink(to: bytes.count) }
        response.lease = lease
        return .success(response)
    }
}

/// A limit on bytes in use at the same time.
final class MemoryBudget: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    init(_ limit: Int) { self.limit = limit }

    /// Bytes in use now.
    var used: Int { taken.withLock { $0 } }

    /// - Returns: nil if that would exceed the limit.
    func lease(_ bytes: Int) -> MemoryLease? {
        let isTaken = taken.withLock { taken -> Bool in
            guard bytes <= limit - taken else { return false }
            taken += bytes
            return true
        }
        return isTaken ? MemoryLease(self, bytes) : nil
    }

    fileprivate func giveBack(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}

/// A part of a budget, returned when the last reference to the lease goes.
final class MemoryLease: Sendable {
    private let budget: MemoryBudget
    private let bytes: Mutex<Int>

    fileprivate init(_ budget: MemoryBudget, _ bytes: Int) {
        self.budget = budget
        self.bytes = Mutex(bytes)
    }

    deinit { budget.giveBack(bytes.withLock { $0 }) }

    /// Returns the surplus; a lease never grows.
    func shrink(to count: Int) {
        let over = bytes.withLock { bytes -> Int in
            let over = max(0, bytes - count)
            bytes -= over
            return over
        }
        budget.giveBack(over)
    }
}

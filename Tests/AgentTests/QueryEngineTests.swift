import Exposition
import HTTPServer
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Testing
import Web

@testable import Agent

/// What clients can do to each other and to the agent by what they ask.
@Suite(.timeLimit(.minutes(2))) struct QueryEngineTests {
    private let time = VirtualTime()
    private let registry = Registry()
    private let pages = ThreadPool("pages", threads: 1)

    private func engine(_ change: (inout QueryEngine.Limits) -> Void = { _ in }) -> QueryEngine {
        var limits = QueryEngine.Limits()
        change(&limits)
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: MemoryFiles(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return QueryEngine(
            limits, platform: platform, registry: registry,
            queryPool: ThreadPool("queries", threads: limits.queries, niceness: 10), pagePool: pages)
    }

    /// Work that goes on until it is told to end, as a heavy query does.
    private final class Heavy: Sendable {
        private let begun = Atomic(0)
        private let ended = Atomic(0)
        private let most = Atomic(0)
        private let isReleased = Atomic(false)

        var started: Int { begun.load(ordering: .sequentiallyConsistent) }
        var running: Int { started - ended.load(ordering: .sequentiallyConsistent) }
        var mostAtOnce: Int { most.load(ordering: .sequentiallyConsistent) }
        func release() { isReleased.store(true, ordering: .sequentiallyConsistent) }

        var work: Computation.Work {
            { [self] isOver in
                begun.add(1, ordering: .sequentiallyConsistent)
                _ = most.max(running, ordering: .sequentiallyConsistent)
                while !isOver(), !isReleased.load(ordering: .sequentiallyConsistent) {}
                ended.add(1, ordering: .sequentiallyConsistent)
                return .text("done")
            }
        }
    }

    private func until(_ what: Comment, _ condition: () -> Bool) async {
        let end = ContinuousClock.now + .seconds(20)
        while !condition() {
            guard ContinuousClock.now < end else {
                Issue.record(what)
                return
            }
            await Task.yield()
        }
    }

    private func answer(_ engine: QueryEngine, _ computation: Computation, _ work: @escaping Computation.Work)
        -> Task<Result<ServerResponse, QueryError>, Never>
    {
        Task {
            do throws(QueryError) {
                return .success(try await engine.run(computation, work))
            } catch {
                return .failure(error)
            }
        }
    }

    private func kind(_ result: Result<ServerResponse, QueryError>) -> QueryError.Kind? {
        if case .failure(let error) = result { error.kind } else { nil }
    }

    private func status(_ result: Result<ServerResponse, QueryError>) -> Int? { (try? result.get())?.status }

    @Test func twoQueriesAtATimeAndTheOthersWait() async {
        let engine = engine { $0.queuedQueries = 3 }
        let heavy = Heavy()
        let tasks = (0..<5).map { _ in answer(engine, .query(timeout: nil), heavy.work) }
        let total = registry.gauge("vaultwatch_engine_queries", help: "", labels: ["kind"])
        await until("the queries are not taken") { total.value("query") == 5 }
        // The queue is full.
        let refused = await answer(engine, .query(timeout: nil), heavy.work).value
        #expect(kind(refused) == .unavailable)
        // A page has its own thread.
        let page = await answer(engine, .page, { _ in .text("page") }).value
        #expect(status(page) == 200)
        await until("two queries do not run") { heavy.mostAtOnce == 2 }
        heavy.release()
        for task in tasks {
            let result = await task.value
            #expect(status(result) == 200)
        }
        #expect(heavy.mostAtOnce == 2)
        #expect(heavy.started == 5)
        #expect(
            registry.counter("vaultwatch_engine_queries_rejected_total", help: "", labels: ["kind"]).value("query") == 1
        )
    }

    /// Cancelled as the server does when the client goes: while it runs and while it waits.
    @Test func aQueryEndsWhenItsClientGoes() async {
        let engine = engine()
        let (running, waiting) = (Heavy(), Heavy())
        let first = (0..<2).map { _ in answer(engine, .query(timeout: nil), running.work) }
        await until("the queries do not begin") { running.running == 2 }
        let second = answer(engine, .query(timeout: nil), waiting.work)
        await until("the query is not taken") {
            registry.gauge("vaultwatch_engine_queries", help: "", labels: ["kind"]).value("query") == 3
        }
        second.cancel()
        let gone = await second.value
        #expect(kind(gone) == .canceled)
        #expect(waiting.started == 0)
        for task in first { task.cancel() }
        for task in first { _ = await task.value }
        #expect(running.running == 0)
        // There is room again.
        waiting.release()
        let last = await answer(engine, .query(timeout: nil), waiting.work).value
        #expect(status(last) == 200)
    }

    /// Whatever it asks for: not longer than 30 s, waiting included.
    @Test func aQueryHasItsTimeAndNoMore() async {
        let engine = engine()
        let heavy = Heavy()
        let tasks = (0..<3).map { _ in answer(engine, .query(timeout: .seconds(3600)), heavy.work) }
        await until("the queries do not begin") { heavy.running == 2 }
        time.move(to: time.monotonic() + .seconds(31))
        var waited = 0
        for task in tasks {
            let result = await task.value
            if kind(result) == .timeout { waited += 1 }
        }
        #expect(waited == 1)
        #expect(heavy.started == 2)
    }

    /// An answer counts until it is read: what holds it holds its lease.
    @Test(.timeLimit(.minutes(1))) func answersThatAreNotReadCount() async throws {
        let engine = engine {
            $0.answerBytes = 1000
            $0.heldQueryBytes = 2500
        }
        let work: Computation.Work = { _ in ServerResponse(body: .bytes([UInt8](repeating: 0, count: 800))) }
        var held: [ServerResponse] = []
        for _ in 0..<2 { held.append(try await engine.run(.query(timeout: nil), work)) }
        let refused = await answer(engine, .query(timeout: nil), work).value
        #expect(kind(refused) == .unavailable)
        // Pages have room of their own.
        let page = await answer(engine, .page, work).value
        #expect(status(page) == 200)
        held.removeFirst()
        // The thread that computed it may let go of it a moment later.
        while status(await answer(engine, .query(timeout: nil), work).value) != 200 {}
    }

    /// Without a thread there is an answer all the same.
    @Test func noThreadIsAnAnswer() async {
        struct None: ThreadStarter {
            func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
                throw ThreadError(name: name, code: 11)
            }
        }
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: MemoryFiles(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let engine = QueryEngine(
            platform: platform, registry: registry,
            queryPool: ThreadPool("queries", threads: 2, starter: None()), pagePool: pages)
        for _ in 0..<4 {
            let result = await answer(engine, .query(timeout: nil), { _ in .text("") }).value
            #expect(kind(result) == .unavailable)
        }
    }
}

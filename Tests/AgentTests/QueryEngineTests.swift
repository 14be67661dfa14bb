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
                most.max(running, ordering: .sequentiallyConsistent)
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

    @Test func twoQueriesAtATimeAndTheOthersWait() async {
        let engine = engine { $0.queuedQueries = 3 }
        let heavy = Heavy()
        var tasks = (0..<5).map { _ in answer(engine, .query(timeout: nil), heavy.work) }
        let total = registry.gauge("vaultwatch_engine_queries", help: "", labels: ["kind"])
        await until("the queries are not taken") { total.value("query") == 5 }
        // The queue is full.
        let refused = await answer(engine, .query(timeout: nil), heavy.work).value
        #expect(kind(refused) == .unavailable)
        // A page has its own thread.
        let page = await answer(engine, .page) { _ in .text("page") }.value
        #expect((try? page.get())?.status == 200)
        heavy.release()
        for task in tasks { #expect((try? await task.value.get())?.status == 200) }
        tasks = []
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
        #expect(kind(await second.value) == .canceled)
        #expect(waiting.started == 0)
        for task in first { task.cancel() }
        for task in first { _ = await task.value }
        #expect(running.running == 0)
        // There is room again.
        waiting.release()
        #expect((try? await answer(engine, .query(timeout: nil), waiting.work).value.get())?.status == 200)
    }

    /// Whatever it asks for: not longer than 30 s, waiting included.
    @Test func aQueryHasItsTimeAndNoMore() async {
        let engine = engine()
        let heavy = Heavy()
        let tasks = (0..<3).map { _ in answer(engine, .query(timeout: .seconds(3600)), heavy.work) }
        await until("the queries do not begin") { heavy.running == 2 }
        time.move(to: time.monotonic() + .seconds(31))
        var waited = 0
        for task in tasks where kind(await task.value) == .timeout { waited += 1 }
        #expect(waited == 1)
        #expect(heavy.started == 2)
    }

    /// An answer counts until it is read: what holds it holds its lease.
    @Test func answersThatAreNotReadCount() async throws {
        let engine = engine {
            $0.answerBytes = 1000
            $0.heldQueryBytes = 2500
        }
        let work: Computation.Work = { _ in ServerResponse(body: .bytes([UInt8](repeating: 0, count: 800))) }
        var held: [ServerResponse] = []
        for _ in 0..<2 { held.append(try await engine.run(.query(timeout: nil), work)) }
        #expect(kind(await answer(engine, .query(timeout: nil), work).value) == .unavailable)
        // Pages have room of their own.
        #expect((try? await answer(engine, .page, work).value.get())?.status == 200)
        held.removeFirst()
        #expect((try? await answer(engine, .query(timeout: nil), work).value.get())?.status == 200)
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
            #expect(kind(await answer(engine, .query(timeout: nil)) { _ in .text("") }.value) == .unavailable)
        }
    }
}

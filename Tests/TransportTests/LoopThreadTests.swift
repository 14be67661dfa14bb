import Foundation
import Lab
import Logging
import Platform
import Simulation
import Synchronization
import TestServers
import Testing

@testable import Transport

/// Threads whose start a test decides: refused for a while, or held back.
private final class ScriptedThreads: ThreadStarter {
    private struct State {
        var refusals: Int
        var isHeld: Bool
        var held: [(name: String, body: @Sendable () -> Void)] = []
        var started: [String] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - refusals: how many starts fail, as at a limit of the system.
    ///   - isHeld: whether threads run only after `release`.
    init(refusals: Int = 0, isHeld: Bool = false) {
        state = Mutex(State(refusals: refusals, isHeld: isHeld))
    }

    var started: [String] { state.withLock { $0.started } }

    func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        let (isRefused, isHeld) = state.withLock { state in
            if state.refusals > 0 {
                state.refusals -= 1
                return (true, false)
            }
            state.started.append(name)
            if state.isHeld { state.held.append((name, body)) }
            return (false, state.isHeld)
        }
        if isRefused { throw ThreadError(name: name, code: EAGAIN) }
        if !isHeld { try SystemThreads().start(name, stackBytes: stackBytes, body) }
    }

    func release() throws {
        let held = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return state.held
        }
        for thread in held { try SystemThreads().start(thread.name, thread.body) }
    }

    var platform: Platform {
        Platform(
            time: SystemTime(), random: SystemRandom(), files: SystemFiles(), log: Logger(label: "test"), threads: self)
    }
}

/// No caller waits for ever, whatever the order of start, cancel and stop, and whatever the system refuses.
struct LoopThreadTests {
    private func transfer(_ url: String, _ completed: TransferMailbox) -> CurlTransfer {
        CurlTransfer(
            .http(HTTPRequest(url: url)), origin: url, timeout: .seconds(60), now: SystemTime().monotonic(),
            completion: completed.finish)
    }

    private func reason(_ mailbox: TransferMailbox) async -> TransportError.Reason? {
        if case .failure(let error) = await mailbox.result() { error.reason } else { nil }
    }

    /// All of it is read by the loop in one batch.
    @Test func whatComesWithAStopIsEnded() async throws {
        let threads = ScriptedThreads(isHeld: true)
        let loop = CurlLoop(name: "held", options: CurlTransportOptions(), platform: threads.platform)
        let server = try RawServer { connection in while !connection.read().isEmpty {} }
        let mailboxes = (0..<4).map { _ in TransferMailbox() }
        let transfers = mailboxes.map { transfer(server.url, $0) }
        loop.submit(transfers[0])
        loop.submit(transfers[1])
        loop.cancel(transfers[1])
        loop.stop()
        loop.submit(transfers[2])
        loop.cancel(transfers[2])
        loop.stop()
        loop.cancel(transfers[3])
        loop.submit(transfers[3])
        try threads.release()
        for mailbox in mailboxes { #expect(await reason(mailbox) == .cancelled) }
    }

    @Test func aStopWithoutAThreadRefusesWhatComesAfter() async {
        let loop = CurlLoop(
            name: "none", options: CurlTransportOptions(), platform: ScriptedThreads(refusals: .max).platform)
        loop.stop()
        let mailbox = TransferMailbox()
        loop.submit(transfer("http://127.0.0.1:1", mailbox))
        #expect(await reason(mailbox) == .cancelled)
    }

    @Test func queriesThatComeWithAStopAreEnded() async throws {
        let threads = ScriptedThreads(isHeld: true)
        let loop = PostgresLoop(platform: threads.platform, onIdleConnectionLost: nil)
        let session = loop.session(PostgresOptions(parameters: ["host": "127.0.0.1", "port": "1"]))
        let queries = (0..<3).map { _ in PostgresQuery("SELECT 1") }
        #expect(loop.submit(queries[0], to: session) == nil)
        #expect(loop.submit(queries[1], to: session) == nil)
        loop.post(.cancel(session, queries[1]))
        let closing = OneShot<Void>()
        #expect(loop.post(.close(session, closing)))
        loop.stop()
        #expect(loop.submit(queries[2], to: session)?.reason == .cancelled)
        #expect(!loop.post(.close(session, OneShot<Void>())))
        try threads.release()
        await closing.value()
        for query in queries[0...1] {
            guard case .failure(let error) = await query.result.value() else {
                Issue.record("there is no server")
                continue
            }
            #expect(error.reason == .cancelled || error.reason == .connect)
        }
    }

    /// Thousands of submissions race with one stop: each ends. Of tasks that run on the loop's thread as long as there is
    /// one, too; that one stops after its first answer.
    @Test(arguments: [(false, 1), (true, 3)])
    func aStopAtAnyMomentEndsEverything(isOnThread: Bool, requests: Int) async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let url = server.url
        for _ in 0..<50 {
            let transport = CurlTransport.test()
            let count = await withTaskGroup(of: Void.self) { group in
                for _ in 0..<40 {
                    group.addTask(executorPreference: isOnThread ? transport.executor : nil) {
                        for _ in 0..<requests { _ = try? await transport.send(HTTPRequest(url: url)) }
                    }
                }
                group.addTask {
                    if isOnThread { _ = try? await transport.send(HTTPRequest(url: url)) }
                    transport.close()
                }
                return await group.reduce(into: 0) { count, _ in count += 1 }
            }
            #expect(count == 41)
        }
    }

    @Test func aTaskGoesOnOnTheThreadOfItsTransfer() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let url = server.url
        let transport = CurlTransport(name: "probes", platform: .real(log: Logger(label: "test")))
        // The kernel's number: that of pthread_self(3) is soon another thread's.
        let thread: @Sendable () -> String? = {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/thread-self")
        }
        var threads = try await Task(executorPreference: transport.executor) {
            // The first transfer starts the thread.
            var threads = [thread()]
            for _ in 0..<2 {
                let text = try await transport.send(HTTPRequest(url: url)).text
                #expect(text == "x")
                threads.append(thread())
            }
            transport.close()
            return threads
        }.value
        // A task that has begun need not leave its thread at a suspension point; a new one is enqueued.
        threads.append(await Task(executorPreference: transport.executor) { thread() }.value)
        #expect(threads[0] != threads[1] && threads[1] == threads[2] && threads[2] != threads[3])
    }

    @Test func aThreadThatCannotStartIsTriedAgain() async throws {
        let threads = ScriptedThreads(refusals: 1)
        let transport = CurlTransport(platform: threads.platform)
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let request = HTTPRequest(url: server.url)
        let error = await #expect(throws: TransportError.self) { try await transport.send(request) }
        #expect(error?.reason == .other)
        #expect(error?.isUnsent == true)
        #expect(error?.message.contains("the thread \"curl\" cannot be started") == true)
        #expect(try await transport.send(request).text == "x")
    }

    @Test func mailGoesAgainWhenThereAreThreadsAgain() async throws {
        let sink = try await SMTPSink.start()
        let threads = ScriptedThreads(refusals: 2)
        let transport = CurlTransport(platform: threads.platform)
        var mail = MailRequest(
            host: "127.0.0.1", port: Int(sink.port), from: "a@example.org", recipients: ["b@example.org"],
            message: Array("Subject: t\r\n\r\nt\r\n".utf8))
        mail.security = .none
        let message = mail
        for _ in 0..<2 {
            let error = await #expect(throws: TransportError.self) { try await transport.send(message) }
            #expect(error?.isUnsent == true)
        }
        #expect(try await transport.send(message).code == 250)
        // One thread serves one mail after the other.
        #expect(try await transport.send(message).code == 250)
        #expect(threads.started == ["curl-mail"])
        await sink.stop()
    }

    @Test func aQueryStartsTheThreadThatAnotherCouldNot() async throws {
        let pool = PostgresPool(platform: ScriptedThreads(refusals: 1).platform)
        let connection = pool.connection(to: PostgresOptions(parameters: ["host": "127.0.0.1", "port": "1"]))
        let first = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(first?.reason == .other)
        #expect(first?.message.contains("cannot be started") == true)
        await connection.close()
        let second = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(second?.reason == .connect)
        pool.close()
    }

    @Test(arguments: [Duration.seconds(Int64.max), .seconds(10_000_000_000), .seconds(Int64.min)])
    func aQueryTakesEveryTimeout(_ timeout: Duration) async throws {
        var options = PostgresOptions(parameters: ["host": "127.0.0.1", "port": "1"])
        options.connectTimeout = timeout
        options.statementTimeout = timeout
        let pool = PostgresPool(platform: .real(log: Logger(label: "test")))
        let connection = pool.connection(to: options)
        let error = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
        #expect(error?.reason == .connect || error?.reason == .timeout)
        pool.close()
    }

    /// A thread that is busy says since when a job waits for it.
    @Test func waitingJobsHaveTheirAge() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let transport = CurlTransport.test()
        _ = try await transport.send(HTTPRequest(url: server.url))
        let executor = try #require(transport.executor as? any QueueingExecutor)
        let gate = DispatchSemaphore(value: 0)
        let first = Task(executorPreference: executor) { gate.wait() }
        let second = Task(executorPreference: executor) {}
        #expect(await waitUntil { executor.lag > .milliseconds(20) })
        gate.signal()
        _ = await (first.value, second.value)
        #expect(await waitUntil { executor.lag == .zero })
        transport.close()
        server.stop()
    }
}

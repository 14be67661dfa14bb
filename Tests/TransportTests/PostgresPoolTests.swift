import Foundation
import Glibc
import Lab
import Logging
import Platform
import Simulation
import Synchronization
import Testing

@testable import Transport

/// The reason of what a query throws; nil when it does not throw.
private func failure<T>(_ body: () async throws(PostgresError) -> T) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error
    }
}

/// One real server for the whole suite.
private actor Servers {
    static let shared = Servers()
    private var started: Task<LocalPostgres, any Error>?

    func server() async throws -> LocalPostgres {
        if let started { return try await started.value }
        let task = Task<LocalPostgres, any Error> {
            try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        }
        started = task
        atexit { Servers.killAtExit() }
        let server = try await task.value
        Servers.left.withLock { $0 = (server.primary.pid, server.primary.socketDirectory) }
        return server
    }

    private static let left = Mutex<(pid: pid_t?, directory: String)?>(nil)

    /// Swift Testing has no hook after the last test.
    private static func killAtExit() {
        guard let left = left.withLock({ $0 }), let pid = left.pid else { return }
        kill(pid, SIGQUIT)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        let root = left.directory.split(separator: "/").prefix { !$0.hasPrefix("vaultwatch-") }.count
        try? FileManager.default.removeItem(
            atPath: "/" + left.directory.split(separator: "/").prefix(root + 1).joined(separator: "/"))
    }
}

struct PostgresPoolTests {
    let pool = PostgresPool(platform: .real(log: Logger(label: "test")))

    private func options(_ more: [String: String] = [:]) async throws -> PostgresOptions {
        let server = try await Servers.shared.server()
        let parameters = [
            "host": "127.0.0.1", "port": "\(server.primary.port)", "dbname": server.database, "user": server.user,
        ]
        return PostgresOptions(parameters: parameters.merging(more) { $1 }, password: server.password)
    }

    /// Who has a connection need not keep the pool as well.
    @Test func aConnectionOutlivesWhoeverMadeThePool() async throws {
        func connection() async throws -> any PostgresConnection {
            PostgresPool(platform: .real(log: Logger(label: "test"))).connection(to: try await options())
        }
        let kept = try await connection()
        #expect(try await kept.query("SELECT 1").rows.count == 1)
        await kept.close()
    }

    @Test func answersQueriesOverOneConnection() async throws {
        let connection = pool.connection(to: try await options())
        let rows = try await connection.query(
            "SELECT 1 AS one, NULL AS nothing, 'ä' AS text UNION ALL SELECT 2, NULL, ''")
        #expect(rows.columns == ["one", "nothing", "text"])
        #expect(rows.rows == [["1", nil, "ä"], ["2", nil, ""]])
        #expect(rows.value(0, "text") == "ä")
        let first = try await connection.query("SELECT pg_backend_pid()").rows
        #expect(try await connection.query("SELECT pg_backend_pid()").rows == first)
        let none = try await connection.query("SELECT 1 AS one WHERE false")
        #expect(none.columns == ["one"])
        #expect(none.rows.isEmpty)
    }

    @Test func setsWhatAWatcherNeeds() async throws {
        let connection = pool.connection(to: try await options(["options": "-c work_mem=1MB"]))
        func show(_ name: String) async throws -> String? {
            try await connection.query("SHOW \(name)").rows.first?.first ?? nil
        }
        #expect(try await show("default_transaction_read_only") == "on")
        #expect(try await show("statement_timeout") == "4s")
        #expect(try await show("application_name") == "vaultwatch")
        #expect(try await show("work_mem") == "1MB")
        #expect(
            await failure { () async throws(PostgresError) in try await connection.query("CREATE TABLE t (a int)") }?
                .sqlState == "25006")
    }

    @Test func manyCallersTakeTurns() async throws {
        let connection = pool.connection(to: try await options())
        let found = try await withThrowingTaskGroup(of: String?.self) { group in
            for number in 0..<50 { group.addTask { try await connection.query("SELECT \(number)").rows[0][0] } }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(found.count == 50)
    }

    /// A host name, whose addresses may be of both families and of which one may refuse.
    @Test func looksNamesUpItself() async throws {
        let connection = pool.connection(to: try await options(["host": "localhost"]))
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
        let nowhere = pool.connection(to: try await options(["host": "nowhere.invalid"]))
        #expect(await failure { () async throws(PostgresError) in try await nowhere.query("SELECT 1") }?.reason == .dns)
    }

    @Test func speaksOverASocket() async throws {
        let server = try await Servers.shared.server()
        let connection = pool.connection(to: try await options(["host": server.primary.socketDirectory]))
        #expect(try await connection.query("SELECT inet_server_addr() IS NULL").rows == [["t"]])
    }

    @Test func theServersComplaintKeepsTheConnection() async throws {
        let connection = pool.connection(to: try await options())
        let before = try await connection.query("SELECT pg_backend_pid()").rows
        let error = await failure { () async throws(PostgresError) in
            try await connection.query("SELECT * FROM nowhere")
        }
        #expect(error?.sqlState == "42P01")
        #expect(error?.reason == .other)
        let denied = await failure { () async throws(PostgresError) in
            try await connection.query("SELECT value FROM vault_kv_store")
        }
        #expect(denied?.sqlState == "42501")
        #expect(denied?.reason == .auth)
        #expect(
            await failure { () async throws(PostgresError) in try await connection.query("SELECT 1; SELECT 2") }?
                .sqlState == "42601")
        #expect(try await connection.query("SELECT pg_backend_pid()").rows == before)
    }

    @Test func namesAWrongPassword() async throws {
        var options = try await options()
        options.password = Secret(value: "hunter2")
        let wrong = pool.connection(to: options)
        let error = await failure { () async throws(PostgresError) in try await wrong.query("SELECT 1") }
        #expect(error?.reason == .auth)
        #expect(error?.sqlState == "28P01")
        #expect(error?.message.contains("hunter2") == false)
        options.password = nil
        let none = pool.connection(to: options)
        #expect(await failure { () async throws(PostgresError) in try await none.query("SELECT 1") }?.reason == .auth)
        options.password = Secret(file: "/nonexistent/password")
        let missing = pool.connection(to: options)
        #expect(
            await failure { () async throws(PostgresError) in try await missing.query("SELECT 1") }?.reason == .auth)
    }

    @Test func namesARefusedConnectionAndFailsAtOnceMeanwhile() async throws {
        let port = try freePort()
        let connection = pool.connection(to: try await options(["port": "\(port)"]))
        let error = await failure { () async throws(PostgresError) in try await connection.query("SELECT 1") }
        #expect(error?.reason == .connect)
        let again = await failure { () async throws(PostgresError) in try await connection.query("SELECT 1") }
        #expect(again == error)
    }

    /// It accepts and says nothing.
    @Test func givesUpOnAHangingHandshake() async throws {
        let server = try RawServer { connection in while !connection.read().isEmpty {} }
        var options = try await options(["port": "\(server.port)"])
        options.connectTimeout = .milliseconds(100)
        let connection = pool.connection(to: options)
        #expect(
            await failure { () async throws(PostgresError) in try await connection.query("SELECT 1") }?.reason
                == .timeout)
    }

    @Test func namesGarbageAndARequiredTLSThatIsNotThere() async throws {
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let garbage = pool.connection(to: try await options(["port": "\(server.port)", "sslmode": "disable"]))
        let error = await failure { () async throws(PostgresError) in try await garbage.query("SELECT 1") }
        #expect(error?.reason == .other)
        let encrypted = pool.connection(to: try await options(["sslmode": "verify-full"]))
        #expect(
            await failure { () async throws(PostgresError) in try await encrypted.query("SELECT 1") }?.reason == .tls)
    }

    @Test func theServerEndsASlowStatementAndTheConnectionStays() async throws {
        var options = try await options()
        options.statementTimeout = .milliseconds(100)
        let connection = pool.connection(to: options)
        let before = try await connection.query("SELECT pg_backend_pid()").rows
        let error = await failure { () async throws(PostgresError) in try await connection.query("SELECT pg_sleep(60)")
        }
        #expect(error?.reason == .timeout)
        #expect(error?.sqlState == "57014")
        #expect(try await connection.query("SELECT pg_backend_pid()").rows == before)
    }

    /// The server ignores its own limit, as a stopped one does: the connection goes, and the next query makes another.
    @Test func aSilentServerCostsTheConnection() async throws {
        var options = try await options()
        options.statementTimeout = .milliseconds(100)
        let connection = pool.connection(to: options)
        let before = try await connection.query("SELECT pg_backend_pid()").rows
        let pid = try #require(before[0][0].flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        let error = await failure { () async throws(PostgresError) in try await connection.query("SELECT 1") }
        kill(pid, SIGCONT)
        #expect(error?.reason == .timeout)
        #expect(error?.sqlState == nil)
        #expect(try await connection.query("SELECT pg_backend_pid()").rows != before)
    }

    /// Who asks with little patience gets an answer in that time, and the next one a connection at once.
    @Test func aServerThatHangsIsToldAtOnceAndAskedAgain() async throws {
        let connections = Mutex(0)
        let silent = try RawServer { connection in
            connections.withLock { $0 += 1 }
            while !connection.read().isEmpty {}
        }
        let options = PostgresOptions(
            parameters: [
                "host": "127.0.0.1", "port": "\(silent.port)", "dbname": "x", "user": "x", "sslmode": "disable",
            ])
        let connection = pool.connection(to: options)
        for count in 1...2 {
            let error = await failure { () async throws(PostgresError) in
                try await connection.query("SELECT 1", patience: .milliseconds(150))
            }
            #expect(error?.reason == .timeout && error?.isTaken == true)
            #expect(error?.message.contains("150 ms") == true)
            #expect(connections.withLock { $0 } == count)
        }
    }

    @Test func aQueryThatIsNotAnsweredInTimeCostsTheConnection() async throws {
        let connection = pool.connection(to: try await options())
        let before = try await connection.query("SELECT pg_backend_pid()").rows
        let pid = try #require(before[0][0].flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        let error = await failure { () async throws(PostgresError) in
            try await connection.query("SELECT 1", patience: .milliseconds(150))
        }
        kill(pid, SIGCONT)
        #expect(error?.reason == .timeout && error?.isTaken == true)
        #expect(try await connection.query("SELECT pg_backend_pid()", patience: .seconds(10)).rows != before)
    }

    @Test func aConnectionCutUnderAQueryIsNamedAndMadeAgain() async throws {
        let connection = pool.connection(to: try await options())
        let pid = try await connection.query("SELECT pg_backend_pid()").rows[0][0] ?? ""
        async let error = failure { () async throws(PostgresError) in try await connection.query("SELECT pg_sleep(3)") }
        let server = try await Servers.shared.server()
        let gone = await waitUntil(atMost: .seconds(10)) {
            // Only while the query runs.
            ((try? await server.primary.sql(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid = \(pid) AND query LIKE '%pg_sleep%' AND state = 'active'"
            )) ?? "").contains("1")
        }
        #expect(gone)
        #expect(await error?.reason == .reset)
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
    }

    @Test func noticesAnIdleConnectionLost() async throws {
        let lost = AsyncStream.makeStream(of: PostgresOptions.self)
        let pool = PostgresPool(platform: .real(log: Logger(label: "test"))) { lost.continuation.yield($0) }
        let options = try await options()
        let connection = pool.connection(to: options)
        let pid = try await connection.query("SELECT pg_backend_pid()").rows[0][0] ?? ""
        let server = try await Servers.shared.server()
        _ = try await server.primary.sql("SELECT pg_terminate_backend(\(pid))")
        for await found in lost.stream {
            #expect(found == options)
            break
        }
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
    }

    @Test func resultsHaveBounds() async throws {
        var options = try await options()
        options.rowLimit = 10
        options.byteLimit = 10_000
        let connection = pool.connection(to: options)
        #expect(try await connection.query("SELECT generate_series(1, 10)").rows.count == 10)
        #expect(
            await failure { () async throws(PostgresError) in
                try await connection.query("SELECT generate_series(1, 1000000000)")
            }?.reason == .body)
        #expect(
            await failure { () async throws(PostgresError) in try await connection.query("SELECT repeat('x', 20000)") }?
                .reason == .body)
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
    }

    @Test func cancellingTheTaskEndsTheQuery() async throws {
        let connection = pool.connection(to: try await options())
        let pid = try await connection.query("SELECT pg_backend_pid()").rows[0][0] ?? ""
        let task = Task {
            await failure { () async throws(PostgresError) in try await connection.query("SELECT pg_sleep(3)") }
        }
        let server = try await Servers.shared.server()
        _ = await waitUntil(atMost: .seconds(10)) {
            ((try? await server.primary.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid) AND state = 'active'")) ?? "").contains("1")
        }
        task.cancel()
        #expect(await task.value?.reason == .cancelled)
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
    }

    @Test func survivesCancellationAtAnyMoment() async throws {
        let connection = pool.connection(to: try await options())
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                group.addTask {
                    let task = Task {
                        await failure { () async throws(PostgresError) in try await connection.query("SELECT \(number)")
                        }
                    }
                    for _ in 0..<number * 100 where task.isCancelled {}
                    task.cancel()
                    let reason = await task.value?.reason
                    #expect(reason == nil || reason == .cancelled)
                }
            }
        }
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
    }

    @Test func closingDropsTheConnectionAndTheNextQueryMakesOne() async throws {
        let connection = pool.connection(to: try await options())
        let before = try await connection.query("SELECT pg_backend_pid()").rows
        await connection.close()
        #expect(try await connection.query("SELECT pg_backend_pid()").rows != before)
        pool.close()
        #expect(
            await failure { () async throws(PostgresError) in try await connection.query("SELECT 1") }?.reason
                == .cancelled)
    }
}

struct PostgresParametersTests {
    @Test func spreadsAHostOverItsAddresses() {
        let options = PostgresOptions(parameters: ["host": "db.example,/run/pg,192.0.2.9", "port": "5433"])
        #expect(PostgresParameters.nameToResolve(options.parameters) == ["db.example"])
        let all = Dictionary(
            uniqueKeysWithValues: PostgresParameters.all(
                options, password: nil, addresses: ["db.example": ["::1", "127.0.0.1"]]))
        #expect(all["host"] == "db.example,db.example,/run/pg,192.0.2.9")
        #expect(all["hostaddr"] == "::1,127.0.0.1,,192.0.2.9")
        #expect(all["port"] == "5433,5433,5433,5433")
        #expect(all["gssencmode"] == "disable")
        #expect(all["password"] == nil)
    }

    @Test func leavesAnAddressGivenAlone() {
        let options = PostgresOptions(parameters: ["host": "db.example", "hostaddr": "192.0.2.1"])
        #expect(PostgresParameters.nameToResolve(options.parameters).isEmpty)
        let all = Dictionary(uniqueKeysWithValues: PostgresParameters.all(options, password: "p", addresses: [:]))
        #expect(all["hostaddr"] == "192.0.2.1")
        #expect(all["password"] == "p")
    }
}

struct BackoffTests {
    @Test func doublesToItsLongestAndBeginsAgain() {
        var backoff = Backoff()
        let start = Instant(nanoseconds: 0)
        #expect(!backoff.isWaiting(at: start))
        var waits: [Duration] = []
        for _ in 0..<6 {
            backoff.failed(at: start, random: 1)
            waits.append((backoff.notBefore ?? start) - start)
        }
        #expect(waits == [.milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(5), .seconds(5)])
        backoff.failed(at: start, random: 0)
        #expect(backoff.notBefore == start + .milliseconds(2500))
        #expect(backoff.isWaiting(at: start + .milliseconds(2499)))
        #expect(!backoff.isWaiting(at: start + .milliseconds(2500)))
        backoff.succeeded()
        #expect(!backoff.isWaiting(at: start))
    }
}

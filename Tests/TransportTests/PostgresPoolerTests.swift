import Logging
import Platform
import Simulation
import Synchronization
import Testing
import Transport

/// What stands before PostgreSQL: a pooler that refuses parts of the startup packet, or is out of servers.
struct PostgresPoolerTests {
    /// A message of the server: its type, its length, its body. Source: PostgreSQL's manual, "Message Formats".
    private static func message(_ type: Character, _ body: [UInt8] = []) -> [UInt8] {
        Array(String(type).utf8) + withUnsafeBytes(of: UInt32(body.count + 4).bigEndian) { Array($0) } + body
    }

    private static func refusal(_ code: String, _ words: String) -> [UInt8] {
        message("E", Array("SFATAL\0VFATAL\0C\(code)\0M\(words)\0\0".utf8))
    }

    private static let answer =
        message("C", Array("SET\0".utf8)) + message("C", Array("SET\0".utf8))
        + message("T", [0, 1] + Array("a\0".utf8) + [UInt8](repeating: 0, count: 18))
        + message("D", [0, 1, 0, 0, 0, 1, UInt8(ascii: "1")]) + message("C", Array("SELECT 1\0".utf8))
        + message("Z", [UInt8(ascii: "I")])

    private static func options(_ server: RawServer, _ more: [String: String] = [:]) -> PostgresOptions {
        PostgresOptions(
            parameters: [
                "host": "127.0.0.1", "port": "\(server.port)", "user": "u", "dbname": "d", "sslmode": "disable",
            ].merging(more) { $1 })
    }

    private static let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test(arguments: [
        ("08P01", "unsupported startup parameter: options"),
        ("08P01", "unsupported startup parameter in options: statement_timeout"),
        ("0A000", "Feature not supported: RDS Proxy currently doesn\u{2019}t support command-line options."),
    ])
    func connectsWithoutOptionsAndSetsThemForEachQuery(code: String, words: String) async throws {
        let heard = Mutex<[String]>([])
        let server = try RawServer { connection in
            let startup = String(decoding: connection.read(), as: UTF8.self)
            heard.withLock { $0.append(startup) }
            guard !startup.contains("options") else {
                connection.write(Self.refusal(code, words))
                return
            }
            connection.write(Self.message("R", [0, 0, 0, 0]) + Self.message("Z", [UInt8(ascii: "I")]))
            let query = String(decoding: connection.read(), as: UTF8.self)
            heard.withLock { $0.append(query) }
            connection.write(Self.answer)
            _ = connection.read()
        }
        let pool = PostgresPool(platform: Self.platform)
        let rows = try await pool.connection(to: Self.options(server, ["options": "-c search_path=vault"])).query(
            "SELECT 1 AS a")
        #expect(rows.value(0, "a") == "1")
        let (startups, query) = heard.withLock { ($0.dropLast(), $0.last ?? "") }
        #expect(startups.count == 2 && !startups[1].contains("options"))
        // For this transaction alone: a pooler gives the connection to Vault next.
        #expect(
            query.contains(
                "SET LOCAL search_path = 'vault'; SET LOCAL statement_timeout = '4000'; SET TRANSACTION READ ONLY; SELECT 1 AS a"
            ), "\(query)")
    }

    @Test(arguments: [
        ("08P01", "no such database: vault", TransportError.Reason.configuration),
        ("3D000", "database \"vault\" does not exist", .configuration),
        ("08P01", "unsupported startup parameter: application_name", .configuration),
        ("08P01", "no such user: vaultwatch", .auth), ("28P01", "password authentication failed", .auth),
        ("08P01", "no more connections allowed (max_client_conn)", .connections),
        ("53300", "sorry, too many clients already", .connections),
        ("08P01", "server login has been failing, cached error: connect failed (server_login_retry)", .connect),
        ("08P01", "pgbouncer cannot connect to server", .connect), ("08P01", "query_wait_timeout", .connections),
        ("57P03", "the database system is starting up", .connect),
    ])
    func anAnswerIsNoReset(code: String, words: String, reason: TransportError.Reason) async throws {
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write(Self.refusal(code, words))
        }
        let pool = PostgresPool(platform: Self.platform)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.connection(to: Self.options(server)).query("SELECT 1")
        }
        #expect(error?.reason == reason, "\(error as Any)")
        #expect(error.map { PostgresFailure.words(of: $0) } == words)
    }
}

import Logging
import Platform
import Simulation
import Testing
import Transport

/// libpq takes a message of any size whole before it shows any of it, so a server could fill the agent's memory with one.
struct PostgresFloodTests {
    /// A message of the server: its type, its length, its body. Source: PostgreSQL's manual, "Message Formats".
    private static func message(_ type: Character, length: UInt32? = nil, _ body: [UInt8] = []) -> [UInt8] {
        let length = length ?? UInt32(body.count + 4)
        return Array(String(type).utf8) + withUnsafeBytes(of: length.bigEndian) { Array($0) } + body
    }

    private static let greeting = message("R", [0, 0, 0, 0]) + message("Z", [UInt8(ascii: "I")])
    private static let columns = message("T", [0, 1] + Array("a\0".utf8) + [UInt8](repeating: 0, count: 18))
    private static let row = message("D", [0, 1, 0, 0, 0, 1, UInt8(ascii: "1")])
    private static let end = message("C", Array("SELECT 1\0".utf8)) + message("Z", [UInt8(ascii: "I")])

    /// Sends without end, until the client has gone.
    private static func flood(_ connection: RawServer.Connection, _ type: Character) {
        connection.write(message(type, length: 1 << 30))
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 65_536)
        while connection.write(piece) {}
    }

    private static func options(_ server: RawServer) -> PostgresOptions {
        var options = PostgresOptions(parameters: [
            "host": "127.0.0.1", "port": "\(server.port)", "user": "u", "dbname": "d", "sslmode": "disable",
            "gssencmode": "disable",
        ])
        options.byteLimit = 65_536
        options.statementTimeout = .seconds(60)
        return options
    }

    private static let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test func aRowWithoutEndEndsTheQuery() async throws {
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write(Self.greeting)
            _ = connection.read()
            connection.write(Self.columns)
            Self.flood(connection, "D")
        }
        let pool = PostgresPool(platform: Self.platform)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.connection(to: Self.options(server)).query("SELECT 1")
        }
        #expect(error?.reason == .body, "\(error as Any)")
    }

    @Test func aServerThatFloodsBeforeItIsAskedIsRefused() async throws {
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write(Self.message("R", [0, 0, 0, 0]))
            Self.flood(connection, "N")
        }
        let pool = PostgresPool(platform: Self.platform)
        var options = Self.options(server)
        options.connectTimeout = .seconds(60)
        let error = await #expect(throws: PostgresError.self) {
            try await pool.connection(to: options).query("SELECT 1")
        }
        #expect(error?.reason == .body, "\(error as Any)")
    }

    @Test func anIdleConnectionThatFloodsIsDropped() async throws {
        let (gone, went) = AsyncStream.makeStream(of: Void.self)
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write(Self.greeting)
            _ = connection.read()
            connection.write(Self.columns + Self.row + Self.end)
            Self.flood(connection, "N")
        }
        let pool = PostgresPool(platform: Self.platform) { _ in went.yield() }
        let connection = pool.connection(to: Self.options(server))
        #expect(try await connection.query("SELECT 1").rows == [["1"]])
        var lost = gone.makeAsyncIterator()
        await lost.next()
        await connection.close()
    }

    /// As many bytes as may be are a result.
    @Test func aLongResultIsTaken() async throws {
        let value = [UInt8](repeating: UInt8(ascii: "a"), count: 60_000)
        let server = try RawServer { connection in
            _ = connection.read()
            connection.write(Self.greeting)
            for _ in 0..<20 {
                if connection.read().isEmpty { return }
                let length = withUnsafeBytes(of: UInt32(value.count).bigEndian) { Array($0) }
                connection.write(Self.columns + Self.message("D", [0, 1] + length + value) + Self.end)
            }
        }
        let pool = PostgresPool(platform: Self.platform)
        let connection = pool.connection(to: Self.options(server))
        for _ in 0..<20 { #expect(try await connection.query("SELECT 1").value(0, "a")?.utf8.count == 60_000) }
        await connection.close()
    }
}

import Platform
import Simulation
import Synchronization
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// Peers that say anything, over real sockets: the bytes go through the transport's own loops.
enum PeerFuzzing {
    /// Plays the parts of the current input to each connection: one before anything was read where it is to speak
    /// first, then one after each read; then it closes.
    private final class Peer: Sendable {
        private let parts = Script()
        private let server: RawServer?

        init(speaksFirst: Bool) {
            server = try? RawServer { [parts] connection in
                // Where each side waits for the other, this one goes on.
                var patience = timeval(tv_sec: 0, tv_usec: 10_000)
                setsockopt(
                    connection.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                for (index, part) in parts.all.enumerated() {
                    if index > 0 || !speaksFirst { _ = connection.read() }
                    guard connection.write(part) else { return }
                }
                // Closing with something unread would take back what was sent.
                shutdown(connection.descriptor, Int32(SHUT_WR))
                while !connection.read().isEmpty {}
            }
        }

        func port(playing parts: [[UInt8]]) throws -> Int {
            self.parts.set(parts)
            guard let port = server?.port else { throw FuzzFinding("no port to listen on") }
            return port
        }
    }

    private final class Script: Sendable {
        private let parts = Mutex<[[UInt8]]>([])

        var all: [[UInt8]] { parts.withLock { $0 } }

        func set(_ new: [[UInt8]]) { parts.withLock { $0 = new } }
    }

    private static let web = Peer(speaksFirst: false)
    private static let mail = Peer(speaksFirst: true)
    private static let database = Peer(speaksFirst: false)
    private static let platform = Platform.real(log: Surroundings.log)
    private static let transport = CurlTransport(name: "fuzz", platform: platform)
    private static let pool = PostgresPool(platform: platform)

    /// A server of HTTP.
    static func http(_ bytes: [UInt8]) async throws {
        var request = HTTPRequest(url: "http://127.0.0.1:\(try web.port(playing: Parts.of(bytes)))/v1/sys/health")
        request.timeout = .seconds(2)
        request.redirectLimit = 2
        request.bodyLimitBytes = 4096
        guard let answer = try? await transport.send(request) else { return }
        guard answer.body.count <= 4096 else { throw FuzzFinding("a body over its bound: \(answer.body.count) bytes") }
        _ = answer.headers.count
    }

    /// A mail server, which speaks first.
    static func smtp(_ bytes: [UInt8]) async throws {
        var request = MailRequest(
            host: "127.0.0.1", port: try mail.port(playing: Parts.of(bytes)), from: "a@example.org",
            recipients: ["b@example.org"], message: Array("Subject: t\r\n\r\nbody\r\n".utf8))
        request.security = .startTLSOptional
        request.credentials = .password(username: "user", password: Secret(value: "word"), mechanisms: [])
        request.timeout = .seconds(2)
        _ = try? await transport.send(request)
    }

    /// A PostgreSQL server.
    static func postgres(_ bytes: [UInt8]) async throws {
        var options = PostgresOptions(
            parameters: [
                "host": "127.0.0.1", "port": "\(try database.port(playing: Parts.of(bytes)))", "dbname": "vault",
                "user": "watch", "sslmode": "disable", "gssencmode": "disable",
            ], password: Secret(value: "word"))
        options.connectTimeout = .seconds(2)
        options.statementTimeout = .seconds(2)
        options.byteLimit = 65536
        let connection = pool.connection(to: options)
        if let rows = try? await connection.query("SELECT 1") {
            guard rows.rows.allSatisfy({ $0.count == rows.columns.count }) else {
                throw FuzzFinding("a row has not as many values as there are columns")
            }
        }
        await connection.close()
    }
}

import Foundation
import Simulation
import Synchronization

/// Servers on loopback that answer the worst that a target or a receiver can, each in a way of its own.
struct HostileServers {
    /// What answers as a Vault node.
    let nodes: [RawServer]
    let databases: [RawServer]
    let buckets: [RawServer]
    let receivers: [RawServer]

    init() throws {
        nodes = try HostileServers.pages.map { page in try RawServer.http { _ in page() } } + HostileServers.streams()
        databases = try HostileServers.makeDatabases()
        buckets = try HostileServers.makeBuckets() + HostileServers.streams()
        receivers =
            try HostileServers.streams()
            + ["500 Internal Server Error", "429 Too Many Requests", "401 Unauthorized", "200 OK", "413 Too Large"].map
        {
            status in
            let body = String(repeating: "<", count: 1 << 20)
            let retry = status.hasPrefix("429") ? "Retry-After: 9223372036854775807\r\n" : ""
            return try RawServer.http { _ in
                "HTTP/1.1 \(status)\r\n\(retry)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            }
        }
    }

    func stop() { for server in nodes + databases + buckets + receivers { server.stop() } }

    private final class Numbers: Sendable {
        private let last = Mutex(0)
        var next: Int {
            last.withLock { last in
                last += 1
                return last
            }
        }
    }

    /// Whole answers.
    private static var pages: [@Sendable () -> String] {
        let numbers = Numbers()
        let depth = 100_000
        let extremes = [
            "-9223372036854775808", "9223372036854775807", "1e308", "-1e308", "null", "\"NaN\"", "[]", "{}",
        ]
        var pages: [@Sendable () -> String] = [
            { RawServer.ok(String(repeating: "[", count: depth)) },
            { RawServer.ok(String(repeating: "{\"a\":", count: depth)) },
            {
                RawServer.ok(
                    "{\"version\":\"" + String(repeating: "v", count: 65_536)
                        + "\",\"initialized\":true,\"sealed\":false}")
            },
            // Another cluster, version and node each time: every label that an answer can choose.
            {
                let number = numbers.next
                return RawServer.ok(
                    """
                    {"initialized":true,"sealed":false,"standby":false,"version":"\(number)","cluster_name":"\(number)",\
                    "cluster_id":"\(number)","leader_address":"http://\(number)","ha_enabled":true,"is_self":true}
                    """)
            },
            // Telemetry with other metrics each time, and types without samples.
            {
                let number = numbers.next
                let lines = (0..<2000).map {
                    "vault_m\(number)_\($0){a=\"\($0)\"} 1\n# TYPE vault_t\(number)_\($0) gauge\n"
                }
                return RawServer.ok(lines.joined())
            },
            { "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n" },
            { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n0123456789" },
            { "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}" },
            { "HTTP/1.1 999999999999999999999 OK\r\n\r\n" },
            { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}" },
            {
                "HTTP/1.1 200 OK\r\n"
                    + String(repeating: "X-Fill: " + String(repeating: "f", count: 1000) + "\r\n", count: 2000) + "\r\n"
            },
        ]
        for extreme in extremes {
            pages.append {
                RawServer.ok(
                    """
                    {"initialized":true,"sealed":false,"standby":\(extreme),"server_time_utc":\(extreme),"t":\(extreme),\
                    "n":\(extreme),"progress":\(extreme),"last_wal":\(extreme),"clock_skew_ms":\(extreme),\
                    "raft_applied_index":\(extreme),"version":\(extreme)}
                    """)
            }
        }
        return pages
    }

    /// Answers that have no end, or no beginning.
    private static func streams() throws -> [RawServer] {
        [
            try RawServer { connection in while !connection.read().isEmpty {} },
            try RawServer { connection in
                _ = connection.readRequest()
                connection.reset()
            },
            try RawServer { connection in
                guard connection.readRequest() != nil else { return }
                connection.write("HTTP/1.1 200 OK\r\n\r\n")
                let piece = [UInt8](repeating: 0xff, count: 1 << 16)
                while connection.write(piece) {}
            },
            try RawServer { connection in
                guard connection.readRequest() != nil else { return }
                connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                // One byte at a time, for as long as the client waits.
                while connection.write("x"), poll(nil, 0, 100) == 0 {}
            },
            try RawServer { connection in
                connection.write("SSH-2.0-OpenSSH_9.2\r\n")
                while !connection.read().isEmpty {}
            },
        ]
    }

    /// PostgreSQL manual, "Frontend/Backend Protocol", "Message Formats".
    private static func makeDatabases() throws -> [RawServer] {
        func message(_ kind: Character, _ body: [UInt8], length: Int32? = nil) -> [UInt8] {
            [kind.asciiValue ?? 0] + withUnsafeBytes(of: (length ?? Int32(body.count + 4)).bigEndian, Array.init) + body
        }
        let welcome = message("R", [0, 0, 0, 0]) + message("Z", [UInt8(ascii: "I")])
        func answering(_ answer: [UInt8], forever: Bool = false) throws -> RawServer {
            try RawServer { connection in
                guard !connection.read().isEmpty, connection.write(welcome) else { return }
                while !connection.read().isEmpty {
                    repeat { if !connection.write(answer) { return } } while forever
                }
            }
        }
        let notice = message(
            "N", Array("SNOTICE\0M".utf8) + [UInt8](repeating: UInt8(ascii: "n"), count: 60_000) + [0, 0])
        let column = Array("number".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]
        let description = message("T", [0, 1] + column)
        let row = message("D", [0, 1, 0, 0, 0x80, 0] + [UInt8](repeating: UInt8(ascii: "9"), count: 0x8000))
        return [
            // A message that announces 2 GB.
            try answering(message("D", [UInt8](repeating: 0, count: 1 << 16), length: .max)),
            try answering(message("T", [], length: -1)),
            // Rows without end.
            try answering(message("1", []) + message("2", []) + description + row + row + row, forever: true),
            try answering(notice, forever: true),
            try RawServer { connection in
                _ = connection.read()
                connection.write([UInt8](repeating: 0x45, count: 1 << 20))
            },
            try RawServer { connection in while !connection.read().isEmpty {} },
        ]
    }

    private static func makeBuckets() throws -> [RawServer] {
        let numbers = Numbers()
        @Sendable func page(_ inner: String) -> String {
            RawServer.ok(
                "<?xml version=\"1.0\"?><ListBucketResult>\(inner)</ListBucketResult>",
                "Content-Type: application/xml\r\n")
        }
        let bomb = """
            <?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">\((1...20).map { "<!ENTITY a\($0) \"&a\($0 - 1 == 0 ? "" : "\($0 - 1)");&a;&a;&a;\">" }.joined())]>\
            <ListBucketResult><Contents><Key>&a20;</Key></Contents></ListBucketResult>
            """
        return [
            // Pages without end, of keys as long as S3 has them.
            try RawServer.http { _ in
                let number = numbers.next
                let keys = (0..<1000).map {
                    "<Contents><Key>daily/\(String(repeating: "k", count: 1000))\(number)-\($0)</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>"
                }
                return page(
                    "<IsTruncated>true</IsTruncated><NextContinuationToken>\(number)</NextContinuationToken>"
                        + keys.joined())
            },
            try RawServer.http { _ in RawServer.ok(bomb) },
            try RawServer.http { _ in page(String(repeating: "<a>", count: 200_000)) },
            try RawServer.http { _ in
                page(
                    "<Contents><Key>daily/a</Key><Size>-9223372036854775808</Size><LastModified>9999999999-99-99T99:99:99Z</LastModified></Contents>"
                )
            },
            try RawServer.http { _ in page("<Contents><Key>&#x+41;&#xffffffffff;&#0;</Key></Contents>") },
        ]
    }
}

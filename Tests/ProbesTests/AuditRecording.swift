import Foundation

@testable import Probes

/// Audit logs as Vault 1.8 wrote them.
enum AuditRecording {
    /// A login by guessing, secrets of twelve tenants, and what a root token can change: 152 lines.
    static let incident = bytes("incident")
    /// A file device's first entries: 22 lines.
    static let firstDay = bytes("first-day")

    private static func bytes(_ name: String) -> [UInt8] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/audit/\(name).jsonl")
        return (try? Data(contentsOf: url)).map { Array($0) } ?? []
    }

    /// Everything that is read from some bytes.
    struct Reading {
        var entries: [AuditEntry] = []
        var faults: [AuditEntry.Fault?] = []
        var kinds: [AuditEventKind: Int] = [:]

        init(_ bytes: [UInt8], pieces: Int = .max) {
            var splitter = AuditLineSplitter()
            var rest = bytes[...]
            while !rest.isEmpty {
                splitter.take(Array(rest.prefix(pieces))) { take($0, $1) }
                rest = rest.dropFirst(pieces)
            }
            splitter.finish { take($0, $1) }
        }

        init(_ text: String) { self.init(Array(text.utf8)) }

        private mutating func take(_ bytes: [UInt8], _ range: Range<Int>?) {
            guard let range else { return faults.append(.oversized) }
            var found: [AuditEntry] = []
            faults.append(AuditEntry.read(bytes, range) { found.append($0) })
            for kind in found.flatMap(\.kinds) { kinds[kind, default: 0] += 1 }
            entries += found
        }
    }

    /// The line of a response.
    static func line(
        _ operation: String, _ path: String, time: String = "2026-11-28T06:49:41Z", who: String = "app",
        entity: String = "entity-1", policies: String = #"["app"]"#, type: String = "response",
        mount: String = "kv", address: String = "10.0.0.7",
        response: String = #"{"mount_type":"kv","secret":{},"data":{"password":"hmac-sha256:00"}}"#
    ) -> String {
        """
        {"time":"\(time)","type":"\(type)","auth":{"display_name":"\(who)","policies":\(policies),"entity_id":"\(entity)","token_ttl":1200},"request":{"id":"r","operation":"\(operation)","mount_type":"\(mount)","namespace":{"id":"root"},"path":"\(path)","remote_address":"\(address)"},"response":\(response)}

        """
    }
}

import Samples
import Testing

@testable import Probes

/// Lines of audit logs, and what they tell. The numbers of the recordings were counted with another JSON parser.
struct AuditEntryTests {
    @Test func theIncidentIsReadAsItHappened() throws {
        let reading = AuditRecording.Reading(AuditRecording.incident)
        #expect(reading.faults.count == 152 && reading.faults.allSatisfy { $0 == nil })
        #expect(reading.entries.count == 152 && reading.entries.count(where: \.isResponse) == 75)
        #expect(Set(reading.entries.map(\.id)).count == 77)
        let expected: [AuditEventKind: Int] = [
            // 19 responses, and the requests to step down and to seal, which have none.
            .rootTokenUse: 21, .tokenCreated: 3, .tokenWithoutEnd: 1, .policyChanged: 3, .authMethodChanged: 2,
            .mountChanged: 2, .auditDeviceEnabled: 1, .auditDeviceDisabled: 1, .seal: 1, .stepDown: 1,
            .rootGeneration: 3, .keyRotated: 1, .secretIDCreated: 1, .capabilitiesAsked: 1, .denied: 5,
            .tokenUnknown: 1, .tokenMissing: 2, .login: 2, .loginFailed: 5, .secretRead: 29, .secretList: 3,
            .notFound: 2, .other: 8,
        ]
        for kind in AuditEventKind.allCases {
            #expect(reading.kinds[kind] ?? 0 == expected[kind] ?? 0, "\(kind)")
        }
        let read = try #require(reading.entries.first { $0.kinds == [.secretRead] })
        #expect(read.auth.displayName == "approle" && read.auth.entityID == "a2989864-431b-ce41-b5a6-c8a10919fb85")
        #expect(read.auth.accessor.hasPrefix("hmac-sha256:50d5b611") && read.address == "127.0.0.1")
        #expect(read.time.rfc3339 == "2026-11-28T06:49:40.774Z" && read.auth.timeToLive == 1200)
        let root = try #require(reading.entries.first { $0.auth.isRoot })
        #expect(root.auth.entityID.isEmpty && root.auth.timeToLive == nil && root.auth.issued != nil)
    }

    @Test func theFirstDayIsReadAsItHappened() {
        let reading = AuditRecording.Reading(AuditRecording.firstDay)
        let expected: [AuditEventKind: Int] = [
            .auditDeviceEnabled: 1, .denied: 1, .tokenUnknown: 1, .rootTokenUse: 2, .secretRead: 2, .other: 6,
        ]
        #expect(reading.kinds == expected && reading.faults.count == 22)
    }

    /// However the bytes arrive.
    @Test(arguments: [1, 7, 100, 4096]) func piecesMakeNoDifference(_ pieces: Int) {
        let whole = AuditRecording.Reading(AuditRecording.firstDay)
        #expect(AuditRecording.Reading(AuditRecording.firstDay, pieces: pieces).entries == whole.entries)
    }

    @Test func aPrefixIsPassedOver() {
        let plain = AuditRecording.Reading(AuditRecording.firstDay)
        let lines = String(decoding: AuditRecording.firstDay, as: UTF8.self).split(separator: "\n")
        for prefix in ["@cee: ", "vault {site=a} ", "{", "1 2 3 "] {
            let reading = AuditRecording.Reading(lines.map { prefix + $0 }.joined(separator: "\n"))
            #expect(reading.entries == plain.entries, "\(prefix)")
            #expect(reading.faults.allSatisfy { $0 == nil }, "\(prefix)")
        }
    }

    /// Vault 1.16 and later write the members in another order, and say the mount.
    @Test func theOrderOfMembersDoesNotMatter() throws {
        let reading = AuditRecording.Reading(
            """
            {"auth":{"accessor":"hmac-sha256:1","display_name":"userpass-al\\u00e9\\ud83d\\ude00","entity_id":"e","policies":["default"],"policy_results":{"allowed":true,"granting_policies":[{"name":"app","type":"acl"}]},"token_type":"service","token_ttl":2764800},"request":{"client_id":"c","id":"1","mount_point":"team/kv/","mount_type":"kv","namespace":{"id":"x","path":"ns1/"},"operation":"read","path":"team/kv/data/tenant-7/db","remote_address":"10.1.1.1","remote_port":4711},"response":{"data":{"data":{"k":"hmac-sha256:2"},"metadata":{"created_time":"hmac","deletion_time":"","destroyed":false,"version":3}},"mount_point":"team/kv/","mount_type":"kv"},"time":"2026-11-28T06:49:40.123456789Z","type":"response"}
            """)
        let entry = try #require(reading.entries.first)
        #expect(entry.kinds == [.secretRead] && entry.auth.displayName == "userpass-alé😀")
        #expect(AuditPath.secret(entry) == "ns1/team/kv/tenant-7/db")
    }

    /// A full disk cuts a line anywhere, and the next entry follows in the same line.
    @Test func anEntryBehindOneThatWasCutOffIsFound() {
        let lines = String(decoding: AuditRecording.incident, as: UTF8.self).split(separator: "\n")
        let (first, second) = (Array(lines[3].utf8), Array(lines[9].utf8))
        let whole = AuditRecording.Reading(Array(lines[9].utf8))
        // Of less than its first name nobody can tell that it was one.
        for length in stride(from: 8, to: first.count, by: 13) {
            let alone = AuditRecording.Reading(Array(first.prefix(length)))
            #expect(alone.entries.isEmpty && alone.faults == [.cut], "\(length)")
            let glued = AuditRecording.Reading(first.prefix(length) + second)
            #expect(glued.entries == whole.entries && glued.faults == [.cut], "\(length)")
        }
        let both = AuditRecording.Reading(first + second)
        #expect(both.entries.count == 2)
    }

    /// Nothing of it is an entry, and none of it ends the reader.
    @Test(arguments: [
        "", " \t", "garbage", "{", "}", "[]", "\"", "null", "{}", "{\"time\":1}", "{\"time\":\"2026-11-28T06:49:40Z\"}",
        #"{"time":"2026-11-28T06:49:40Z","type":"request"}"#,
        #"{"time":"2026-11-28T06:49:40Z","type":"response","request":[1,2]"#,
        #"{"time":"later","type":"response","request":{"id":"1"}}"#,
        #"{"time":"2026-11-28T06:49:40Z","type":"other","request":{}}"#,
        #"{"time":"2026-11-28T06:49:40Z","type":"request","request":{"path":"\"#,
        #"{"time":"2026-11-28T06:49:40Z","type":"request","request":{"path":"\u12"#,
        "\u{0}\u{0}\u{0}", "{\"auth\":{\"auth\":{\"auth\":",
        "{\"time\":{\"time\":{\"time\":{\"time\":{\"time\":{\"time\":{\"time\":",
    ])
    func otherLinesAreNoEntries(_ line: String) {
        let reading = AuditRecording.Reading(line)
        #expect(reading.entries.isEmpty)
        let isBlank = line.allSatisfy(\.isWhitespace)
        #expect(reading.faults.compactMap(\.self).isEmpty == isBlank)
    }

    /// Nesting costs no stack, and numbers of any size no trap.
    @Test func deepAndLargeValuesAreSkipped() throws {
        let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        let line = AuditRecording.line(
            "read", "kv/a", response: #"{"secret":{},"data":{"x":\#(deep)},"wrap":\#(deep),"n":-1e999}"#
        ).replacing("\"token_ttl\":1200", with: "\"token_ttl\":99999999999999999999999999")
        let entry = try #require(AuditRecording.Reading(line).entries.first)
        #expect(entry.kinds == [.secretRead] && entry.auth.timeToLive == nil)
        let long = AuditRecording.Reading(
            AuditRecording.line("read", String(repeating: "é/", count: 100_000)))
        #expect(long.entries.first.map { $0.path.utf8.count <= 1026 } == true)
    }

    /// The standard library takes a sign for a part of a number, which an escape has not.
    @Test func aSignIsNoDigitOfAnEscape() throws {
        let reading = AuditRecording.Reading(AuditRecording.line("read", #"kv\/a\u+041"#))
        #expect(try #require(reading.entries.first).path == "kv/a\u{fffd}+041")
    }

    @Test func escapesAreResolved() throws {
        let line = AuditRecording.line("read", #"kv\/a\u001b[31m\n\ud800x\"y"#)
        let entry = try #require(AuditRecording.Reading(line).entries.first)
        #expect(entry.path == "kv/a\u{1b}[31m\n\u{fffd}x\"y")
    }

    @Test func linesOfAnyLengthArePassedOver() {
        var splitter = AuditLineSplitter()
        var lines: [Int?] = []
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<6 { splitter.take(piece) { lines.append($1?.count) } }
        #expect(splitter.pending == 6 << 20)
        splitter.take(Array("\nshort\nrest".utf8)) { lines.append($1?.count) }
        splitter.finish { lines.append($1?.count) }
        #expect(lines == [nil, 5, 4])
    }

    /// What is hard to tell apart: each with its kinds.
    @Test(
        arguments: [
            (AuditRecording.line("read", "kv/data/a", response: #"{"mount_type":"kv"}"#), [AuditEventKind.notFound]),
            (
                AuditRecording.line(
                    "read", "kv/metadata/a", response: #"{"data":{"versions":{},"cas_required":false}}"#), [.other]
            ),
            (
                AuditRecording.line("read", "kv/a", response: #"{"secret":{},"data":{"error":"hmac-sha256:00"}}"#),
                [.secretRead]
            ),
            (
                AuditRecording.line(
                    "read", "database/creds/app", mount: "database",
                    response: #"{"secret":{"lease_id":"x"},"data":{"username":"u"}}"#), [.secretRead]
            ),
            (AuditRecording.line("read", "cubbyhole/a", mount: "cubbyhole"), [.other]),
            (AuditRecording.line("list", "kv/metadata/", response: #"{"data":{"keys":["a","b"]}}"#), [.secretList]),
            (AuditRecording.line("update", "kv/data/a", response: #"{"data":{"version":2}}"#), [.secretWrite]),
            (
                AuditRecording.line(
                    "update", "auth/token/renew-self", mount: "token", response: #"{"auth":{"display_name":"app"}}"#),
                [.other]
            ),
            (
                AuditRecording.line(
                    "update", "auth/oidc/oidc/callback", mount: "oidc",
                    response: #"{"auth":{"display_name":"oidc-al"}}"#), [.login]
            ),
            (
                AuditRecording.line(
                    "update", "auth/approle/login", who: "", entity: "", policies: "[]", mount: "approle",
                    response: #"{"data":{"error":"x"}}"#), [.loginFailed]
            ),
            (
                AuditRecording.line(
                    "update", "auth/token/create", policies: #"["root"]"#, mount: "token",
                    response: #"{"auth":{"policies":["root"]}}"#), [.rootTokenUse, .tokenCreated, .tokenWithoutEnd]
            ),
            (AuditRecording.line("delete", "sys/audit/file", mount: "system", response: "{}"), [.auditDeviceDisabled]),
            (
                AuditRecording.line("update", "sys/seal", policies: #"["root"]"#, type: "request"),
                [.rootTokenUse, .seal]
            ),
            (AuditRecording.line("update", "sys/seal", policies: #"["root"]"#), []),
            (AuditRecording.line("read", "kv/a", type: "request"), []),
            (AuditRecording.line("read", "sys/generate-root/attempt", mount: "", response: #"{"data":{}}"#), [.other]),
            (
                AuditRecording.line(
                    "update", "sys/generate-root/update", mount: "", response: #"{"data":{"errors":"x"}}"#),
                [.rootGeneration]
            ),
            (AuditRecording.line("read", "sys/storage/raft/snapshot", mount: "system", response: "{}"), [.snapshot]),
        ] as [(String, [AuditEventKind])])
    func kindsAreTold(_ line: String, _ kinds: [AuditEventKind]) throws {
        #expect(try #require(AuditRecording.Reading(line).entries.first).kinds == kinds)
    }
}

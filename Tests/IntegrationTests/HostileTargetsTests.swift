import Foundation
import Lab
import Platform
import Simulation
import TestServers
import Testing

/// Targets that send more than anybody can hold: the real program, a real socket. Each costs its own probe, and memory
/// stays bounded.
@Suite(.serialized) struct HostileTargetsTests {
    /// MemoryMax of the unit is above it.
    private static let memoryLimit = 160 << 20

    private static let quiet = "route: {receiver: none}\nreceivers: [{name: none}]"

    private func agent(_ targets: String, rules: String = "groups: []\n") async throws -> RunningAgent {
        try await RunningAgent.start(alerting: Self.quiet, rules: rules, targets: targets)
    }

    private func becomes(_ agent: RunningAgent, _ start: String, _ parts: String..., value: String) async -> Bool {
        await waitUntil {
            let page = (try? await agent.get("/metrics")) ?? ""
            return page.split(separator: "\n").contains { line in
                line.hasPrefix(start) && parts.allSatisfy { line.contains($0) } && line.hasSuffix(" " + value)
            }
        }
    }

    /// A row of 1 GiB, of which as much is sent as anybody reads.
    @Test func aDatabaseWithARowWithoutEnd() async throws {
        @Sendable func message(_ kind: String, _ body: [UInt8], length: Int? = nil) -> [UInt8] {
            Array(kind.utf8) + withUnsafeBytes(of: UInt32((length ?? body.count) + 4).bigEndian, Array.init) + body
        }
        let column = Array("number".utf8) + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]
        let length = 1 << 30
        let field = withUnsafeBytes(of: UInt32(length - 6).bigEndian, Array.init)
        let ready = message("Z", [UInt8(ascii: "I")])
        let welcome = message("R", [0, 0, 0, 0]) + ready
        let start =
            message("1", []) + message("2", []) + message("T", [0, 1] + column)
            + message("D", [0, 1] + field, length: length)
        let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let server = try RawServer { connection in
            guard !connection.read().isEmpty else { return }
            connection.write(welcome)
            guard !connection.read().isEmpty, connection.write(start) else { return }
            for _ in 0..<1024 where !connection.write(piece) { return }
        }
        // And one that says so before anybody has logged in.
        let greeter = try RawServer { connection in
            guard !connection.read().isEmpty, connection.write(message("R", [0, 0, 0, 0])),
                connection.write(message("N", [], length: length))
            else { return }
            for _ in 0..<1024 where !connection.write(piece) { return }
        }
        let servers = [("endless", server.port), ("greeter", greeter.port)].map {
            "{name: \($0.0), host: 127.0.0.1, port: \($0.1), database: vault, user: nobody, sslmode: disable}"
        }
        let agent = try await agent("postgres: {servers: [\(servers.joined(separator: ", "))]}")
        for name in ["endless", "greeter"] {
            #expect(
                await becomes(agent, "postgres_unreachable", "server=\"\(name)\"", "reason=\"body\"", value: "1"),
                "\(name): \(agent.log.suffix(1000))")
        }
        let connections = server.connections
        #expect(await waitUntil { server.connections > connections + 2 })
        let peak = try agent.status().peakResidentBytes
        print("rows without end: peak \(peak >> 20) MiB")
        #expect(peak < Self.memoryLimit, "peak \(peak >> 20) MiB")
        await agent.stop()
    }

    /// Eight MiB of declarations of metrics that have no samples, from three nodes at once.
    @Test func metricsThatAreOnlyDeclared() async throws {
        var page = ""
        for number in 0..<350_000 { page += "# TYPE m\(number) counter\n" }
        let text = page
        let node = try RawServer.http { request in
            RawServer.ok(request.contains("/metrics") ? text : #"{"initialized":true,"sealed":false}"#)
        }
        let nodes = (0..<3).map { "{name: n\($0), url: '\(node.url)'}" }.joined(separator: ", ")
        let agent = try await agent("vault: {clusters: [{name: c, nodes: [\(nodes)]}]}")
        for number in 0..<3 {
            #expect(await becomes(agent, "vault_telemetry_up", "node=\"n\(number)\"", value: "0"))
        }
        #expect(
            await becomes(
                agent, "vaultwatch_probe_failures_total", "target_type=\"vault_telemetry\"", "reason=\"body\"",
                "target=\"c/n0\"", value: "1"), "\(agent.log.suffix(1000))")
        let peak = try agent.status().peakResidentBytes
        print("declared metrics: peak \(peak >> 20) MiB")
        #expect(peak < Self.memoryLimit, "peak \(peak >> 20) MiB")
        await agent.stop()
    }

    /// A hundred thousand objects with keys of 1 KiB, in each of three listings.
    @Test func aBucketFullOfLongKeys() async throws {
        let tail = String(repeating: "-1", count: 490)
        let server = try RawServer.http { request in
            let path = request.split(separator: " ").dropFirst().first ?? ""
            let page =
                path.firstRange(of: "continuation-token=").flatMap {
                    Int(path[$0.upperBound...].prefix { $0.isNumber })
                } ?? 0
            let prefix = path.contains("daily") ? "daily/" : "monthly/"
            let contents = (0..<1000).map { index in
                "<Contents><Key>\(prefix)\(1_000_000 + page * 1000 + index)\(tail).enc</Key>"
                    + "<LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
            }
            let next =
                page < 99
                ? "<IsTruncated>true</IsTruncated><NextContinuationToken>\(page + 1)</NextContinuationToken>"
                : "<IsTruncated>false</IsTruncated>"
            return RawServer.ok("<ListBucketResult>\(contents.joined())\(next)</ListBucketResult>")
        }
        let folder = try TemporaryDirectory()
        let key = try folder.write("key", "key")
        let agent = try await agent(
            """
            backups:
              - bucket: full
                endpoint: \(server.url)
                path_style: true
                region: us-east-1
                access_key_id_file: \(key)
                secret_access_key_file: \(key)
                poll_interval: 30s
                timeout: 30s
                sets: [{name: daily, prefix: daily/, period: daily}, {name: monthly, prefix: monthly/, period: monthly}]
            """)
        for name in ["daily", "monthly"] {
            #expect(
                await becomes(agent, "backup_listing_truncated", "backup_set=\"\(name)\"", value: "1"),
                "\(agent.log.suffix(1000))")
        }
        let peak = try agent.status().peakResidentBytes
        print("long keys: peak \(peak >> 20) MiB")
        #expect(peak < 100 << 20, "peak \(peak >> 20) MiB")
        await agent.stop()
        folder.remove()
    }

    /// A restore test that succeeded in the year 2099: the reminder comes all the same.
    @Test func aSuccessOfTheFuture() async throws {
        let folder = try TemporaryDirectory()
        let records = try folder.write(
            "records.jsonl",
            #"{"event":"vault_backup_test_success","timestamp":"2020-01-01T00:00:00Z","details":{}}"# + "\n"
                + #"{"event":"vault_backup_test_success","timestamp":"2099-01-01T00:00:00Z","details":{}}"# + "\n")
        let rules = try String(contentsOfFile: Binary.root + "/rules/recovery.yml", encoding: .utf8)
        let agent = try await agent(
            "records: [\(records)]", rules: rules.replacing("interval: 1m", with: "interval: 1s"))
        #expect(await becomes(agent, "ALERTS", "alertname=\"RestoreTestOverdue\"", "alertstate=\"firing\"", value: "1"))
        #expect(
            await becomes(agent, "ALERTS", "alertname=\"RecordsFromTheFuture\"", "alertstate=\"firing\"", value: "1"))
        await agent.stop()
        folder.remove()
    }
}

import Foundation
import Lab
import Platform
import Testing

/// `vaultwatch audit assess`, and a daemon that follows an audit log.
struct AuditCommandTests {
    private static let recording = Binary.root + "/Tests/ProbesTests/Recordings/audit/incident.jsonl"
    /// Nothing listens there.
    private static let nobody = "--url=http://127.0.0.1:1"
    private static let period = ["--since=2026-11-28T06:00:00Z", "--until=2026-11-28T07:00:00Z"]

    private func assess(_ arguments: [String]) async throws -> (
        exit: ChildProcess.Exit, output: String, error: String
    ) {
        try await Binary.run(["audit", "assess", Self.nobody] + arguments)
    }

    @Test func anIncidentIsToldToPeople() async throws {
        let done = try await assess([Self.recording] + Self.period)
        #expect(done.exit == .exited(1), "\(done)")
        for said in [
            "Scope: widespread", "Secrets reached: 27 of 12 tenants", "userpass-alice", "127.0.9.66",
            "0c71b8ef-245c-ec0c-4038-77d89c4867a4", "hmac-sha256:57c9cb7c5881", "disabled an audit device",
            "logged in after failed logins from the same address", "smtp/tenant-01/admin", "api_keys/tenant-03/key-1",
            "Tenants affected: 12", "tenant-12", "The timeline lacks what the agent saw",
        ] {
            #expect(done.output.contains(said), "\(said): \(done.output)")
        }
        #expect(!done.output.contains("api_keys/data/"))
    }

    /// Nothing but the document is on standard output.
    @Test func anIncidentIsToldToPrograms() async throws {
        let done = try await assess(
            [
                Self.recording, "--output", "json", "--exclude", "approle:smtp/test-tenant-id/admin",
                "--tenant-pattern", "smtp/{tenant}/**",
            ] + Self.period)
        #expect(done.exit == .exited(1))
        let json = try #require(try JSONSerialization.jsonObject(with: Data(done.output.utf8)) as? [String: Any])
        #expect(json["verdict"] as? String == "suspicious" && json["secrets_read"] as? Int == 27)
        #expect(json["affected_tenants_count"] as? Int == 12 && json["excluded_entries"] as? Int == 4)
        #expect((json["history"] as? [String: Any])?["joined"] as? Bool == false)
    }

    @Test func exitCodesTellWhetherAnythingWasAssessed() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let lines = try String(contentsOfFile: Self.recording, encoding: .utf8).split(separator: "\n")
        let quiet = try folder.write("quiet.log", lines[0..<6].joined(separator: "\n") + "\n")
        #expect(try await assess([quiet] + Self.period).exit == .exited(0))
        let late = try await assess([quiet, "--since=2026-11-29T00:00:00Z", "--until=2026-11-30T00:00:00Z"])
        #expect(late.exit == .exited(2) && late.error.contains("the files hold entries from 2026-11-28T06:49:40"))
        let garbage = try await assess([try folder.write("garbage.log", "hello\n")] + Self.period)
        #expect(
            garbage.exit == .exited(2) && garbage.output.isEmpty && garbage.error.contains("no audit entry in 1 line"))
        let part = try await assess([folder.file("none"), Self.recording] + Self.period)
        #expect(part.exit == .exited(2) && part.error.contains("No such file") && part.output.contains("widespread"))
        for (arguments, said) in [
            (["--tenant-pattern=*/*"], "{tenant}"), (["--since=soon"], "--since"), (["--exclude=approle"], "--exclude"),
            (["-", "-"], "standard input"), (["--mass-reads=0"], "--mass-reads"),
        ] {
            let wrong = try await assess([Self.recording] + arguments)
            #expect(wrong.exit == .exited(2) && wrong.error.contains(said), "\(wrong)")
        }
    }

    /// Rotated files, and standard input; names cannot act on the terminal.
    @Test func compressedLogsAndStandardInputAreRead() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let copy = try folder.write("audit.log.1", try String(contentsOfFile: Self.recording, encoding: .utf8))
        try await ChildProcess.run("/bin/gzip", [copy])
        let hostile = try folder.write(
            "hostile.log",
            #"{"time":"2026-11-28T06:50:00Z","type":"response","auth":{"display_name":"\u001b[2J\u202ex","policies":["root"]},"request":{"id":"1","operation":"delete","path":"sys/audit/\u0007\u001b]0;x","remote_address":"10.0.0.9"},"response":{}}"#
                + "\n")
        let script =
            "cat \"$0\" | \"$1\" audit assess - \"$2\" \(Self.nobody) \(Self.period.joined(separator: " ")); echo \"exit $?\""
        let output = String(
            decoding: try await ChildProcess.run("/bin/bash", ["-c", script, hostile, Binary.path, copy + ".gz"]),
            as: UTF8.self)
        #expect(output.contains("exit 1") && output.contains("2 files") && output.contains("userpass-alice"))
        #expect(output.contains("10.0.0.9"))
        #expect(!output.unicodeScalars.contains { $0.value == 0x1b || $0.value == 7 || $0.value == 0x202e })
    }

    /// The real daemon: the log grows and is rotated, a root token is used, and an alert fires; after a kill it goes on
    /// where it was.
    @Test func aRootTokenInAFollowedLogIsAnAlert() async throws {
        let lines = try String(contentsOfFile: Self.recording, encoding: .utf8).split(separator: "\n").map {
            String($0) + "\n"
        }
        let everyday = lines[0..<6].joined()
        let root = try #require(
            lines.first { $0.contains(#""policies":["root"]"#) && $0.contains(#""type":"response""#) })
        let rules = try String(contentsOfFile: Binary.root + "/rules/vault-audit.yml", encoding: .utf8)
            .replacing("interval: 15s", with: "interval: 1s")
        let agent = try RunningAgent("route: {receiver: ops, group_wait: 0s}\nreceivers: [{name: ops}]", rules) {
            folder in
            try folder.write("audit.log", everyday + root)
            return RunningAgent.deadNode
                + "\naudit_logs: [{cluster: test, node: none, path: \(folder.file("audit.log"))}]"
        }
        try await agent.start()
        let series = #"vault_audit_lines_total{cluster="test",node="none"}"#
        func isCounted(_ count: Double) async -> Bool {
            await waitUntil { (try? await agent.metric(series)) == count }
        }
        // What was there before is not counted.
        #expect(await isCounted(0))
        try append(everyday, to: agent.folder.file("audit.log"))
        #expect(await isCounted(6))
        #expect(try await !agent.get("/api/v1/alerts").contains("VaultRootTokenUsed"))
        try FileManager.default.moveItem(
            atPath: agent.folder.file("audit.log"), toPath: agent.folder.file("audit.log.1"))
        try append(everyday, to: agent.folder.file("audit.log.1"))
        try agent.folder.write("audit.log", "")
        try append(root, to: agent.folder.file("audit.log"))
        #expect(await isCounted(13))
        let fires = await waitUntil {
            (try? await agent.get("/api/v1/alerts"))?.contains("VaultRootTokenUsed") == true
        }
        #expect(fires, "\(agent.log)")
        let status = try await agent.command("status")
        #expect(status.output.contains("followed"), "\(status)")
        // The position is in the journal some seconds later.
        let isStored = await waitUntil {
            // SQLite has it in its log or in the file; either way as text.
            ["journal.db", "journal.db-wal"].contains { name in
                let bytes = FileManager.default.contents(atPath: agent.folder.path + "/state/" + name) ?? Data()
                return bytes.range(of: Data("\"offset\":\(root.utf8.count)".utf8)) != nil
            }
        }
        #expect(isStored)
        await agent.kill()
        try append(everyday, to: agent.folder.file("audit.log"))
        try await agent.start()
        #expect(await isCounted(6), "\(agent.log)")
        await agent.stop()
    }

    private func append(_ text: String, to path: String) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data(text.utf8))
        try handle.close()
    }
}

import Foundation
import Lab
import Platform
import Testing

/// The real process on disks that fail: pages go out all the same, and the watch says what is wrong with it.
@Suite(.serialized) struct JournalFailureTests {
    private func alerting(_ sink: Sink) -> String {
        """
        route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s}
        receivers: [{name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}]
        """
    }

    private func rules() throws -> String {
        try String(contentsOfFile: Binary.root + "/rules/vaultwatch.yml", encoding: .utf8).replacingOccurrences(
            of: "interval: 15s", with: "interval: 1s"
        ).replacingOccurrences(of: "for: 1m", with: "for: 1s")
    }

    /// A broken file is kept aside, a new one begun, and an alert raised.
    @Test func aBrokenJournalIsKeptAsideAndTold() async throws {
        let sink = try await Sink.start()
        let agent = try RunningAgent(alerting(sink), try rules())
        try FileManager.default.createDirectory(atPath: agent.folder.path + "/state", withIntermediateDirectories: true)
        try Data(String(repeating: "no database ", count: 1000).utf8).write(
            to: URL(filePath: agent.folder.path + "/state/journal.db"))
        try await agent.start()
        #expect(
            await waitUntil { sink.heard("/ops").contains { $0.contains("VaultwatchJournalBegunAnew") } },
            "\(agent.log)")
        let kept = try FileManager.default.contentsOfDirectory(atPath: agent.folder.path + "/state").filter {
            $0.hasPrefix("journal.db.broken-")
        }
        #expect(kept.count == 1)
        #expect(try await agent.metric("vaultwatch_journal_begun_anew_timestamp_seconds") ?? 0 > 1_700_000_000)
        #expect(try await agent.metric("vaultwatch_journal_healthy") == 1)
        // The new one works: what is told now survives.
        try await agent.post(#""alertname":"Kept","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/ops").contains { $0.contains("Kept") } })
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        await agent.kill()
        try await agent.start()
        #expect(
            await waitUntil { (try? await agent.command("alerts", "Kept").output.contains("active")) == true },
            "\(agent.log)")
        #expect(sink.heard("/ops").filter { $0.contains("\"Kept\"") }.count == 1)
        await agent.stop()
        await sink.stop()
    }

    /// A full disk: messages go out, the watch tells of it, and what waited is written when there is room again.
    @Test func aFullDisk() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink), rules: try rules()) { folder in
            let state = folder.path + "/state"
            return [
                "unshare", "-Urm", "sh", "-c",
                "mkdir -p \(state) && mount -t tmpfs -o size=2m none \(state) && exec \"$0\" \"$@\"",
            ]
        }
        // The disk as the process sees it.
        let disk = "/proc/\(agent.pid)/root\(agent.folder.path)/state"
        try await ChildProcess.run(
            "sh", ["-c", "dd if=/dev/zero of=\(disk)/fill bs=4k 2>/dev/null; test -s \(disk)/fill"])
        for number in 0..<30 {
            try await agent.post(
                #""alertname":"Full\#(number)","severity":"critical","padding":"\#(String(repeating: "x", count: 4000))""#,
                endsAt: "2099-01-01T00:00:00Z")
        }
        #expect(
            await waitUntil {
                (0..<30).allSatisfy { number in sink.heard("/ops").contains { $0.contains("\"Full\(number)\"") } }
            }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_journal_healthy")) == 0 })
        #expect(
            await waitUntil { sink.heard("/ops").contains { $0.contains("VaultwatchJournalFailing") } }, "\(agent.log)")
        try FileManager.default.removeItem(atPath: disk + "/fill")
        #expect(
            await waitUntil(atMost: .seconds(90)) { (try? await agent.metric("vaultwatch_journal_healthy")) == 1 },
            "\(agent.log)")
        #expect(try await agent.metric("vaultwatch_journal_lost_rows") == 0)
        #expect(try await Binary.run(["alerts", "Full7", "--url", agent.url]).output.contains("active"))
        await agent.stop()
        await sink.stop()
    }

    /// A read-only file system from the start on, and writable later.
    @Test func aReadOnlyDisk() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink), rules: try rules()) { folder in
            let state = folder.path + "/state"
            return [
                "unshare", "-Urm", "sh", "-c",
                "mkdir -p \(state) && mount -t tmpfs -o size=2m,ro none \(state) && exec \"$0\" \"$@\"",
            ]
        }
        try await agent.post(#""alertname":"ReadOnly","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/ops").contains { $0.contains("\"ReadOnly\"") } }, "\(agent.log)")
        #expect(
            await waitUntil { sink.heard("/ops").contains { $0.contains("VaultwatchJournalFailing") } }, "\(agent.log)")
        #expect(try await agent.metric("vaultwatch_journal_healthy") == 0)
        try await ChildProcess.run(
            "nsenter",
            [
                "-t", "\(agent.pid)", "-U", "-m", "--preserve-credentials", "mount", "-o", "remount,rw",
                agent.folder.path + "/state",
            ])
        #expect(
            await waitUntil(atMost: .seconds(90)) { (try? await agent.metric("vaultwatch_journal_healthy")) == 1 },
            "\(agent.log)")
        // Told once, and the end follows.
        try await agent.post(#""alertname":"ReadOnly","severity":"critical""#, endsAt: "2020-01-01T00:00:00Z")
        #expect(
            await waitUntil { sink.heard("/ops").filter { $0.contains("\"ReadOnly\"") }.count == 2 }, "\(agent.log)")
        #expect(sink.heard("/ops").last { $0.contains("\"ReadOnly\"") }?.contains(#""status":"resolved""#) == true)
        await agent.stop()
        await sink.stop()
    }
}

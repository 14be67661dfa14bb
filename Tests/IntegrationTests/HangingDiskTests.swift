import Foundation
import Lab
import Platform
import Testing

/// The real process on a disk that does not fail but stops answering: pages leave all the same, the agent says so, and what
/// waited is written when the disk answers again.
@Suite(.serialized) struct HangingDiskTests {
    /// Holds and releases the disk below the storage folder of an agent (`Tests/HangingDisk`).
    private struct Disk {
        let folder: TemporaryDirectory
        private var flag: String { folder.path + "/hang" }

        func hang() throws { try Data().write(to: URL(filePath: flag)) }
        func answer() throws { try FileManager.default.removeItem(atPath: flag) }

        /// The command before the agent's own.
        var wrapper: [String] {
            let library = URL(filePath: Binary.path).deletingLastPathComponent().appending(path: "libHangingDisk.so")
                .path
            return [
                "env", "LD_PRELOAD=\(library)", "HANGING_DISK_FLAG=\(flag)", "HANGING_DISK_FOLDER=\(folder.path)/state",
            ]
        }
    }

    private func alerting(_ sink: Sink) -> String {
        """
        route:
          receiver: ops
          group_by: [alertname]
          group_wait: 0s
          group_interval: 1s
          routes: [{matchers: [team="late"], receiver: late}]
        receivers:
          - {name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}
          - {name: late, webhook_configs: [{url: "\(sink.url)/late"}]}
        """
    }

    private func rules() throws -> String {
        try String(contentsOfFile: Binary.root + "/rules/vaultwatch.yml", encoding: .utf8).replacingOccurrences(
            of: "interval: 15s", with: "interval: 1s"
        ).replacingOccurrences(of: "for: 1m", with: "for: 1s")
    }

    private static let forever = "2099-01-01T00:00:00Z"

    private func heard(_ sink: Sink, _ path: String, _ name: String) -> [String] {
        sink.heard(path).filter { $0.contains("\"\(name)\"") }
    }

    /// A disk that hangs under a running agent.
    @Test func aDiskThatHangs() async throws {
        let sink = try await Sink.start()
        // Remote write has its queue on the same disk.
        let agent = try RunningAgent(alerting(sink), try rules()) { _ in
            RunningAgent.deadNode
                + "\nremote_write: [{url: '\(sink.url)/write', name: sink, queue_config: {batch_send_deadline: 1s}}]"
        }
        let disk = Disk(folder: agent.folder)
        try await agent.start(disk.wrapper)
        let sent = #"vaultwatch_remote_write_samples_total{remote_name="sink"}"#
        #expect(await waitUntil { (try? await agent.metric(sent)) ?? 0 > 0 }, "\(agent.log)")
        try disk.hang()
        try await agent.post(#""alertname":"Hung","severity":"critical""#, endsAt: HangingDiskTests.forever)
        #expect(await waitUntil { !heard(sink, "/ops", "Hung").isEmpty }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_journal_healthy")) == 0 })
        #expect(try await agent.metric("vaultwatch_journal_stalled_seconds") ?? 0 >= 2)
        #expect(try await agent.metric("vaultwatch_journal_backlog_rows") ?? 0 > 0)
        let health = try await agent.get("/-/healthy")
        #expect(health.hasPrefix("vaultwatch is healthy.\n"))
        #expect(health.contains("degraded: journal: the disk has not answered for "))
        #expect(
            await waitUntil { !heard(sink, "/ops", "VaultwatchJournalFailing").isEmpty }, "\(agent.log)")
        // The history is read by another thread; it waits no longer than a write.
        _ = try await agent.get("/api/v1/vaultwatch/history")
        #expect(agent.log.components(separatedBy: "the journal cannot be written").count == 2)
        let isSeen = await waitUntil {
            (try? await agent.metric(#"vaultwatch_remote_write_queue_healthy{remote_name="sink"}"#)) == 0
        }
        #expect(isSeen, "\(agent.log)")
        let before = try await agent.metric(sent) ?? 0
        try disk.answer()
        #expect(await waitUntil { (try? await agent.metric(sent)) ?? 0 > before }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_journal_healthy")) == 1 }, "\(agent.log)")
        #expect(try await agent.metric("vaultwatch_journal_stalled_seconds") == 0)
        #expect(try await agent.metric("vaultwatch_journal_backlog_rows") == 0)
        #expect(try await agent.get("/-/healthy") == "vaultwatch is healthy.\n")
        // What was decided and accepted meanwhile outlives the process.
        await agent.kill()
        try await agent.start(disk.wrapper)
        #expect(try await agent.command("alerts", "Hung").output.contains("active"))
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        #expect(heard(sink, "/ops", "Hung").count == 1)
        await agent.stop()
        await sink.stop()
    }

    /// A start on a disk that hangs at once goes on without a past, and takes the past in when the disk answers.
    @Test func aStartOnADiskThatHangs() async throws {
        let sink = try await Sink.start()
        let agent = try RunningAgent(alerting(sink), try rules())
        let disk = Disk(folder: agent.folder)
        sink.reply("/late", 503)
        try await agent.start(disk.wrapper)
        for name in ["Known", "Muted"] {
            try await agent.post(
                "\"alertname\":\"\(name)\",\"severity\":\"critical\"", endsAt: HangingDiskTests.forever)
        }
        try await agent.post(#""alertname":"Late","team":"late","severity":"high""#, endsAt: HangingDiskTests.forever)
        #expect(await waitUntil { !heard(sink, "/ops", "Known").isEmpty && !heard(sink, "/ops", "Muted").isEmpty })
        let silence = try await agent.command("silence", "add", "-c", "kept", "-a", "me", "-d", "1h", "Silenced")
        #expect(silence.exit == .exited(0), "\(silence)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 1 })
        await agent.kill()

        try disk.hang()
        try await agent.start(disk.wrapper)
        #expect(agent.log.contains("starting without its alerts, silences and undelivered messages"))
        #expect(try await agent.get("/-/healthy").contains("degraded: journal: "))
        #expect(try await agent.metric("vaultwatch_journal_healthy") == 0)
        // Of two alerts, one is known from before.
        for name in ["Known", "New"] {
            try await agent.post(
                "\"alertname\":\"\(name)\",\"severity\":\"critical\"", endsAt: HangingDiskTests.forever)
        }
        #expect(await waitUntil { !heard(sink, "/ops", "New").isEmpty }, "\(agent.log)")
        #expect(await waitUntil { heard(sink, "/ops", "Known").count == 2 }, "\(agent.log)")
        #expect(try await !agent.command("alerts").output.contains("Muted"))
        #expect(
            await waitUntil { !heard(sink, "/ops", "VaultwatchJournalFailing").isEmpty }, "\(agent.log)")
        sink.reply("/late", 200)
        #expect(heard(sink, "/late", "Late").isEmpty)

        try disk.answer()
        #expect(await waitUntil { !heard(sink, "/late", "Late").isEmpty }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_journal_healthy")) == 1 }, "\(agent.log)")
        #expect(try await agent.get("/-/healthy") == "vaultwatch is healthy.\n")
        try await check(agent, silence.output)
        // And so it is in the file.
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        await agent.kill()
        try await agent.start(disk.wrapper)
        try await check(agent, silence.output)
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        #expect(["Known", "Muted", "New"].map { heard(sink, "/ops", $0).count } == [2, 1, 1])
        #expect(heard(sink, "/late", "Late").count == 1)
        let history = try await agent.command("history").output
        #expect(history.contains("started without the journal") && history.contains("journal merged"), "\(history)")
        // The end of what only the first run notified of is notified as well.
        try await agent.post(#""alertname":"Muted","severity":"critical""#, endsAt: "2020-01-01T00:00:00Z")
        #expect(await waitUntil { heard(sink, "/ops", "Muted").count == 2 }, "\(agent.log)")
        #expect(heard(sink, "/ops", "Muted").last?.contains(#""status":"resolved""#) == true)
        await agent.stop()
        await sink.stop()
    }

    private func check(_ agent: RunningAgent, _ silence: String) async throws {
        // An alert is listed from the first turn of its group on.
        let areListed = await waitUntil {
            guard let alerts = try? await agent.command("alerts").output else { return false }
            return ["Known", "Muted", "New", "Late"].allSatisfy { alerts.contains($0) }
        }
        #expect(areListed)
        #expect(try await agent.command("silence", "list", "-q").output == silence)
    }
}

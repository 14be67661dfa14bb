import Foundation
import Lab
import Platform
import Testing

/// Escalation, conversations and Alertmanagers as receivers, with the real process and kill -9 between.
@Suite(.serialized) struct FallbackTests {
    @Test func whatNobodyAcceptsGoesToTheFallbackOnceAndSoDoesItsEnd() async throws {
        let sink = try await Sink.start()
        sink.reply("/ops", 503)
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_wait: 0s, group_interval: 1s}
                receivers:
                  - name: ops
                    fallback: boss
                    response_time: 2s
                    webhook_configs: [{url: "\(sink.url)/ops"}]
                  - name: boss
                    webhook_configs: [{url: "\(sink.url)/boss"}]
                """)
        let series = #"vaultwatch_alerts_escalated_total{receiver="ops",severity="critical"}"#
        #expect(try await agent.metric(series) == 0)
        #expect(agent.log.contains("no rules are loaded"))
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(sink.heard("/boss").isEmpty)
        #expect(await waitUntil { sink.heard("/boss").count == 1 }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.metric(series)) == 1 })
        #expect(sink.heard("/boss").first?.contains(#""status":"firing""#) == true)
        #expect(
            await waitUntil {
                (try? await agent.command("history", "--kind", "escalated").output.contains(
                    "ops has not accepted it in time")) == true
            })
        #expect(try await agent.command("alerts", "-o", "extended").output.contains("ops,boss"))

        await agent.kill()
        try await agent.start()
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2020-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/boss").count == 2 }, "\(agent.log)")
        #expect(sink.heard("/boss").last?.contains(#""status":"resolved""#) == true)
        #expect(sink.heard("/ops").isEmpty)
        await agent.stop()
        await sink.stop()
    }

    @Test func aReceiverThatRefusesForGoodHandsOverAtOnce() async throws {
        let sink = try await Sink.start()
        sink.reply("/ops", 400, "no such hook")
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_wait: 0s, group_interval: 1h}
                receivers:
                  - name: ops
                    fallback: boss
                    webhook_configs: [{url: "\(sink.url)/ops"}]
                  - name: boss
                    webhook_configs: [{url: "\(sink.url)/boss"}]
                """)
        try await agent.post(#""alertname":"VaultSealed","severity":"low""#)
        #expect(await waitUntil { sink.heard("/boss").count == 1 }, "\(agent.log)")
        await agent.stop()
        await sink.stop()
    }

    /// The end answers the message that told of the beginning, though the process was killed between them.
    @Test func aSlackConversationSurvivesARestart() async throws {
        let sink = try await Sink.start()
        sink.reply("/slack", 200, #"{"ok":true,"ts":"1764122400.000100"}"#)
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_wait: 0s, group_interval: 1s}
                receivers:
                  - name: ops
                    slack_configs: [{channel: "#vault", app_token: xoxb-1, app_url: "\(sink.url)/slack", send_resolved: true}]
                """)
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/slack").count == 1 }, "\(agent.log)")
        #expect(sink.heard("/slack").first?.contains("thread_ts") == false)
        // Accepted is what the journal knows to be so.
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        await agent.kill()
        try await agent.start()
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2020-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/slack").count == 2 }, "\(agent.log)")
        #expect(
            sink.heard("/slack").last?.contains(#""thread_ts":"1764122400.000100""#) == true, "\(sink.heard("/slack"))")
        await agent.stop()
        await sink.stop()
    }

    /// Two agents keep two real Alertmanagers informed. One agent's death changes nothing; when both are gone, the
    /// alert ends.
    @Test func twoAgentsAndTwoAlertmanagers() async throws {
        let folder = try TemporaryDirectory()
        let configuration = try folder.write("alertmanager.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")
        var managers: [(process: ChildProcess, url: String)] = []
        for number in 0..<2 {
            let port = try freePort()
            let process = try await ChildProcess.start(
                "prometheus-alertmanager",
                [
                    "--config.file=\(configuration)", "--storage.path=\(folder.path)/data\(number)",
                    "--web.listen-address=127.0.0.1:\(port)",
                    "--cluster.listen-address=",
                ])
            managers.append((process, "http://127.0.0.1:\(port)"))
        }
        for manager in managers {
            #expect(
                await waitUntil { (try? await ChildProcess.run("curl", ["-sf", manager.url + "/-/ready"])) != nil })
        }
        func alerts(_ url: String) async -> String {
            String(
                decoding: (try? await ChildProcess.run(
                    "amtool", ["--alertmanager.url=\(url)", "alert", "query", "-o", "extended"])) ?? [], as: UTF8.self)
        }
        let alerting = """
            route: {receiver: hub, group_wait: 1h}
            receivers:
              - name: hub
                alertmanager_configs: [{urls: ["\(managers[0].url)", "\(managers[1].url)"], resend_delay: 1s}]
            """
        let rules = """
            groups:
              - name: test
                rules: [{alert: VaultSealed, expr: vector(1), labels: {severity: critical}, annotations: {summary: "It is sealed"}}]
            """
        var agents: [RunningAgent] = []
        for _ in 0..<2 { agents.append(try await RunningAgent.start(alerting: alerting, rules: rules)) }
        // Told at once, whatever the group's timing; the same alert of both agents is one.
        for manager in managers {
            #expect(await waitUntil { await alerts(manager.url).contains("VaultSealed") }, "\(agents[0].log)")
            #expect(await alerts(manager.url).components(separatedBy: "VaultSealed").count == 2)
        }
        // Longer than an Alertmanager believes what it hears nothing more of: four delays.
        await agents[0].kill()
        let isGone = await waitUntil(atMost: .seconds(6)) { await !alerts(managers[0].url).contains("VaultSealed") }
        #expect(!isGone)
        await agents[1].kill()
        for manager in managers { #expect(await waitUntil { await !alerts(manager.url).contains("VaultSealed") }) }
        for agent in agents { await agent.stop() }
        for manager in managers { _ = await manager.process.terminate() }
        folder.remove()
    }
}

import Foundation
import Lab
import Platform
import Testing

/// Acknowledgements and silences until resolved, as on-call makes them: by command, by page, by PagerDuty; with kill -9
/// between.
@Suite(.serialized) struct AcknowledgementTests {
    private static func alerting(_ sink: Sink) -> String {
        """
        route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}
        ack_timeout: 1h
        receivers:
          - name: ops
            fallback: boss
            escalate_after: 4s
            pagerduty_configs: [{routing_key: key, url: "\(sink.url)/pd"}]
            webhook_configs: [{url: "\(sink.url)/hook"}]
          - name: boss
            webhook_configs: [{url: "\(sink.url)/boss"}]
        """
    }

    private func curl(_ arguments: [String]) async throws -> String {
        String(
            decoding: try await ChildProcess.run("curl", ["-s", "-o", "/dev/null"] + arguments), as: UTF8.self)
    }

    private static let end = "2020-01-01T00:00:00Z"

    @Test func byCommandItStopsRepeatsAndTheFallbackAndOutlivesAKill() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: AcknowledgementTests.alerting(sink))
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { !sink.heard("/hook").isEmpty }, "\(agent.log)")
        // What nobody acknowledges is repeated, and goes to the fallback though it was accepted.
        #expect(await waitUntil { sink.heard("/hook").count >= 2 && !sink.heard("/boss").isEmpty }, "\(agent.log)")
        let list = try await agent.command("ack")
        #expect(list.output.contains("VaultSealed") && list.output.contains("no"), "\(list.output)")
        let done = try await agent.command("ack", "-c", "on it", "VaultSealed")
        #expect(done.exit == .exited(0), "\(done.error)")
        #expect(done.output.contains(": “on it”"), "\(done.output)")
        #expect(await waitUntil { sink.heard("/pd").last?.contains(#""event_action":"acknowledge""#) == true })
        #expect(try await agent.command("alerts").output.contains("active, acknowledged by "))
        #expect(try await agent.command("history", "--kind", "acknowledged").output.contains("on it"))
        let metrics = try await agent.get("/metrics")
        #expect(
            metrics.contains(#"vaultwatch_incident_acknowledged_timestamp_seconds{alertname="VaultSealed",by="#),
            "\(metrics)")
        #expect(try await agent.get("/incidents").contains("“on it”"))

        let (hook, boss) = (sink.heard("/hook").count, sink.heard("/boss").count)
        await agent.kill()
        try await agent.start()
        #expect(await waitUntil { (try? await agent.command("ack").output.contains("on it")) == true }, "\(agent.log)")
        // A second alert comes through, so that what would have been said of the first had come before it.
        try await agent.post(#""alertname":"Other","severity":"low""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/hook").count { $0.contains("Other") } >= 3 }, "\(agent.log)")
        #expect(sink.heard("/hook").count { $0.contains("VaultSealed") } == hook)
        #expect(sink.heard("/boss").count { $0.contains("VaultSealed") } == boss)

        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: AcknowledgementTests.end)
        #expect(
            await waitUntil { sink.heard("/boss").contains { $0.contains("VaultSealed") && $0.contains("resolved") } })
        let wrong = try await agent.command("ack", "VaultSealed")
        #expect(wrong.exit == .exited(1) && wrong.error.contains("no incident that goes on"), "\(wrong.error)")
        #expect(try await agent.command("ack", "4711").error.contains("there is no incident 4711 that goes on"))
        #expect(try await agent.command("ack", "--undo").exit == .exited(2))
        await agent.stop()
        await sink.stop()
    }

    @Test func byPageAndByPagerDuty() async throws {
        let sink = try await Sink.start()
        let secret = "GExy0F4QW8lJQEXAMPLE"
        let agent = try RunningAgent(AcknowledgementTests.alerting(sink), web: "pagerduty_webhook_secret: \(secret)")
        try await agent.start()
        try await agent.post(#""alertname":"VaultSealed","severity":"critical""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { !sink.heard("/pd").isEmpty }, "\(agent.log)")
        let event = try #require(sink.heard("/pd").first)
        let key = try #require(event.firstMatch(of: /"dedup_key":"([0-9a-f]+)"/)?.1)

        // PagerDuty has no login; what openssl signs is its credential.
        let body =
            #"{"event":{"event_type":"incident.acknowledged","occurred_at":"\#(Date().ISO8601Format())","agent":{"summary":"Bob"},"data":{"incident_key":"\#(key)"}}}"#
        let file = try agent.folder.write("body.json", body)
        let digest = String(
            decoding: try await ChildProcess.run("openssl", ["dgst", "-sha256", "-hmac", secret, file]), as: UTF8.self)
        let signature = try #require(digest.split(separator: " ").last?.trimmingCharacters(in: .whitespacesAndNewlines))
        func send(_ signature: String) async throws -> String {
            try await curl(
                [
                    "-w", "%{http_code}", "-H", "X-PagerDuty-Signature: v1=\(signature)",
                    "-H", "Content-Type: application/json", "--data-binary", "@\(file)",
                    agent.url + "/api/v1/vaultwatch/pagerduty",
                ])
        }
        #expect(try await send(String(signature.reversed())) == "401")
        #expect(try await agent.command("ack").output.contains("by ") == false)
        #expect(try await send(signature) == "200")
        #expect(try await agent.command("ack").output.contains("by Bob (PagerDuty)"))

        // The page's form, as a browser sends it: first without a login, then with one.
        let incidents = try await agent.get("/api/v1/vaultwatch/incidents")
        let id = try #require(incidents.firstMatch(of: /"id":"([0-9]+)"/)?.1)
        func form(_ login: [String], _ fields: String) async throws -> String {
            try await curl(
                ["-w", "%{http_code} %{redirect_url}", "-H", "Origin: \(agent.url)"] + login
                    + ["--data", "incident=\(id)&" + fields, agent.url + "/acknowledge"])
        }
        #expect(try await form([], "undo=1").hasPrefix("401"))
        let done = try await form(["-u", "ann:secret"], "undo=1")
        #expect(done.hasPrefix("303 ") && done.hasSuffix("/incidents"), "\(done)")
        #expect(try await agent.command("ack").output.contains("Bob") == false)
        #expect(try await form(["-u", "ann:secret"], "comment=I+am+up").hasPrefix("303"))
        let list = try await agent.command("ack").output
        #expect(list.contains("by ann") && list.contains("I am up"), "\(list)")
        await agent.stop()
        await sink.stop()
    }

    @Test func aSilenceUntilResolvedEndsWithItsAlertAndTheEndOfAnotherIsTold() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 4h}
                receivers:
                  - name: ops
                    webhook_configs: [{url: "\(sink.url)/hook", payload: {reason: '{{ .NotificationReason }}', name: '{{ .CommonLabels.alertname }}'}}]
                """)
        let nothing = try await agent.command("silence", "add", "-c", "c", "--until-resolved", "A")
        #expect(nothing.exit == .exited(1) && nothing.error.contains("none of them fires"), "\(nothing.error)")
        try await agent.post(#""alertname":"A""#, endsAt: "2099-01-01T00:00:00Z")
        try await agent.post(#""alertname":"B""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { sink.heard("/hook").count == 2 }, "\(agent.log)")
        let made = try await agent.command("silence", "add", "-c", "c", "--until-resolved", "A")
        #expect(made.exit == .exited(0), "\(made.error)")
        let id = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        try await agent.post(#""alertname":"A""#, endsAt: AcknowledgementTests.end)
        #expect(
            await waitUntil {
                (try? await agent.command("silence", "list", "--expired", "-q").output.contains(id)) == true
            }, "\(agent.log)")

        let other = try await agent.command("silence", "add", "-c", "c", "-d", "2h", "B").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(
            await waitUntil { (try? await agent.command("alerts", "--silenced", "B").output.contains(other)) == true })
        // A flush has seen it.
        let suppressed = #"vaultwatch_notifications_suppressed_total{reason="silenced"}"#
        #expect(await waitUntil { (try? await agent.metric(suppressed)) ?? 0 > 0 })
        _ = try await agent.command("silence", "expire", other)
        #expect(
            await waitUntil {
                sink.heard("/hook").contains { $0.contains(#""name":"B""#) && $0.contains(#""reason":"unsilenced""#) }
            }, "\(sink.heard("/hook"))")
        await agent.stop()
        await sink.stop()
    }
}

import Foundation
import Lab
import TestServers
import Testing

/// Buttons below a message in Slack, pressed by Socket Mode: the real process, and a WebSocket of another's making.
@Suite(.serialized) struct SlackButtonTests {
    private static func alerting(_ app: SlackApp, _ more: String = "") -> String {
        """
        route: {receiver: ops, group_by: [alertname], group_wait: 0s, group_interval: 1s}
        receivers:
          - name: ops
            slack_configs:
              - {app_url: "\(app.url)/api/chat.postMessage", app_token: xoxb-s3cr3t, channel: "#ops", socket_token: xapp-s3cr3t, send_resolved: true\(more)}
        """
    }

    private static func value(of message: String, _ action: String) -> String? {
        let pattern = try? Regex("\"action_id\":\"\(action)\",\"value\":\"([0-9a-f]+)\"")
        return pattern.flatMap { message.firstMatch(of: $0)?[1].substring.map(String.init) }
    }

    @Test func aPressAcknowledgesAndSilences() async throws {
        let app = try await SlackApp.start()
        let agent = try await RunningAgent.start(alerting: SlackButtonTests.alerting(app))
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_slack_socket_connected")) == 1 }, "\(agent.log)")
        #expect(await app.log().contains("open Bearer xapp-s3cr3t"))
        try await agent.post(#""alertname":"VaultSealed","severity":"high""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { await app.log().contains { $0.hasPrefix("message ") } }, "\(agent.log)")
        let message = try #require(await app.log().first { $0.hasPrefix("message ") })
        let group = try #require(SlackButtonTests.value(of: message, "vaultwatch_acknowledge"), "\(message)")

        try await app.press("vaultwatch_acknowledge", group)
        #expect(
            await waitUntil { (try? await agent.command("ack").output.contains("by ann (Slack)")) == true },
            "\(agent.log)")
        // Every envelope is answered, and a ping between its fragments.
        #expect(await waitUntil { await app.log().contains(#"socket 1 {"envelope_id":"e-vaultwatch_acknowledge"}"#) })
        #expect(await app.log().contains("socket 10 beat"))
        #expect(
            await waitUntil { await app.log().contains { $0.hasPrefix("response ") && $0.contains("Acknowledged: ") } })
        // The thread says who has it, and offers it no more.
        #expect(
            await waitUntil {
                await app.log().contains {
                    $0.contains("acknowledged by ann (Slack)") && $0.contains("vaultwatch_silence")
                        && !$0.contains("vaultwatch_acknowledge")
                }
            })

        // The connection is made anew when Slack says so.
        try await app.disconnect()
        #expect(await waitUntil { await app.log().count { $0.hasPrefix("link ") } == 2 }, "\(agent.log)")
        try await app.press("vaultwatch_silence", group)
        #expect(
            await waitUntil {
                (try? await agent.command("silence", "list").output.contains(#"alertname="VaultSealed""#)) == true
            }, "\(agent.log)")
        #expect(try await agent.command("silence", "list").output.contains("ann (Slack)"))
        // What means nothing does nothing.
        try await app.press("vaultwatch_silence", "00")
        try await app.press("other", group)
        #expect(await waitUntil { await app.log().contains { $0.contains("Nothing of it fires any more.") } })
        #expect(!agent.log.contains("s3cr3t") && !agent.log.contains("t1ck3t"))
        await agent.stop()
        await app.stop()
    }

    @Test func whoIsNotNamedMayNotPress() async throws {
        let app = try await SlackApp.start()
        let agent = try await RunningAgent.start(alerting: SlackButtonTests.alerting(app, ", socket_users: [U7]"))
        try await agent.post(#""alertname":"VaultSealed""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { await app.log().contains { $0.hasPrefix("message ") } }, "\(agent.log)")
        let message = try #require(await app.log().first { $0.hasPrefix("message ") })
        let group = try #require(SlackButtonTests.value(of: message, "vaultwatch_acknowledge"))
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_slack_socket_connected")) == 1 })
        try await app.press("vaultwatch_acknowledge", group)
        #expect(await waitUntil { await app.log().contains { $0.contains("socket_users does not name U1") } })
        #expect(try await !agent.command("ack").output.contains("(Slack)"))
        try await app.press("vaultwatch_acknowledge", group, user: "U7", name: "bob")
        #expect(await waitUntil { (try? await agent.command("ack").output.contains("by bob (Slack)")) == true })
        await agent.stop()
        await app.stop()
    }
}

import Foundation
import Lab
import Testing

/// Reloads of the real process while messages are under way.
@Suite(.serialized) struct ReloadTests {
    private func alerting(_ sink: Sink, _ receiver: String) -> String {
        """
        route:
          receiver: silent
          group_wait: 0s
          routes: [{matchers: ['to="other"'], receiver: \(receiver)}]
        receivers:
          - name: silent
            webhook_configs: [{url: "\(sink.url)/silent", timeout: 1m}]
          - name: \(receiver)
            webhook_configs: [{url: "\(sink.url)/\(receiver)"}]
        """
    }

    /// A reload waits a while for what is in flight. One that is asked for meanwhile reads a newer file: it must have
    /// the last word everywhere, or alerts are routed to receivers that are not there.
    @Test func theLaterOfTwoReloadsWins() async throws {
        let sink = try await Sink.start()
        sink.fallSilent("/silent")
        let agent = try await RunningAgent.start(alerting: alerting(sink, "first"))
        try await agent.post(#""alertname":"A""#)
        #expect(
            await waitUntil {
                (try? await agent.metric(
                    #"vaultwatch_notification_requests_total{integration="webhook",receiver="silent"}"#)) == 1
            })
        try agent.configure(alerting(sink, "second"))
        let reload = Task { try await agent.reload() }
        // Its receivers are there, so the file has been read.
        #expect(
            await waitUntil {
                (try? await agent.metric(#"vaultwatch_notifications_total{integration="webhook",receiver="second"}"#))
                    == 0
            })
        try agent.configure(alerting(sink, "third"))
        try await agent.reload()
        try await reload.value
        try await agent.post(#""alertname":"B","to":"other""#)
        #expect(await waitUntil { sink.heard("/third").count == 1 }, "\(agent.log)")
        await agent.stop()
        await sink.stop()
    }
}

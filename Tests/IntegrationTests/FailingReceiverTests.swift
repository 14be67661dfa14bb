import Foundation
import Lab
import Platform
import Testing

/// What the alerts about failing receivers tell to type says why nobody is told.
@Suite(.serialized) struct FailingReceiverTests {
    @Test func statusAndHistorySayWhy() async throws {
        let sink = try await Sink.start()
        sink.reply("/down", 503)
        sink.reply("/wrong", 404)
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: down, group_wait: 0s, routes: [{matchers: [team=b], receiver: wrong}]}
                receivers:
                  - name: down
                    webhook_configs: [{url: "\(sink.url)/down"}]
                  - name: wrong
                    webhook_configs: [{url: "\(sink.url)/wrong"}]
                """)
        try await agent.post(#""alertname":"A","severity":"high""#, endsAt: "2099-01-01T00:00:00Z")
        try await agent.post(#""alertname":"B","severity":"high","team":"b""#, endsAt: "2099-01-01T00:00:00Z")
        var text = ""
        for _ in 0..<50 where !(text.contains("  WARN down ") && text.contains("  WARN wrong ")) {
            try await Task.sleep(for: .milliseconds(200))
            text = try await agent.command("status").output
        }
        let lines = text.components(separatedBy: "\n").drop { $0 != "Failing receivers" }
        #expect(lines.contains { $0.contains("down webhook/0: 1 waiting; ") && $0.contains("503") }, "\(text)")
        #expect(lines.contains { $0.contains("wrong webhook/0: 0 waiting; ") && $0.contains("404") }, "\(text)")
        let dropped = try await agent.command("history", "--kind", "dropped", "--receiver", "wrong")
        #expect(dropped.exit == .exited(0) && dropped.output.contains("404"), "\(dropped)")
        await agent.stop()
        await sink.stop()
    }
}

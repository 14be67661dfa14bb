import Foundation
import Lab
import Testing

/// What is no alert, as PagerDuty gets it beside its incidents.
struct ChangeEventTests {
    @Test func aReloadIsAChangeOnceForEachService() async throws {
        let sink = try await Sink.start()
        func alerting(_ more: String = "") -> String {
            """
            route: {receiver: ops}
            receivers:
              - name: ops
                pagerduty_configs:
                  - {routing_key: s3cr3t-one, url: "\(sink.url)/a/v2/enqueue"}
                  - {routing_key: s3cr3t-two, url: "\(sink.url)/b/v2/enqueue", change_events: false}
                  - {service_key: s3cr3t-three, url: "\(sink.url)/c/v2/enqueue"}
              - name: again
                pagerduty_configs: [{routing_key: s3cr3t-one, url: "\(sink.url)/a/v2/enqueue"}]
            \(more)
            """
        }
        sink.reply("/a/v2/change/enqueue", 503)
        let agent = try await RunningAgent.start(alerting: alerting())
        try await agent.reload()
        // Refused for now, it is tried again.
        sink.reply("/a/v2/change/enqueue", 202, #"{"status":"success"}"#)
        #expect(await waitUntil { sink.heard("/a/v2/change/enqueue").count == 1 }, "\(agent.log)")
        let event = try #require(sink.heard("/a/v2/change/enqueue").first)
        #expect(event.contains(#""routing_key":"s3cr3t-one""#) && event.contains("has loaded its configuration anew"))
        #expect(event.contains(#""timestamp":"2"#) && event.contains(#""source":""#), "\(event)")
        #expect(await waitUntil { (try? await agent.metric(#"vaultwatch_change_events_total{outcome="sent"}"#)) == 1 })
        #expect(sink.heard("/b/v2/change/enqueue").isEmpty && sink.heard("/c/v2/change/enqueue").isEmpty)
        #expect(!agent.log.contains("s3cr3t"))
        await agent.stop()
        await sink.stop()
    }
}

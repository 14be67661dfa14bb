import Foundation
import Lab
import TestServers
import Testing

/// What anybody who may post can try against the alerts of our own rules, and against the process: the real program, a
/// real socket.
@Suite(.serialized) struct HostilePostsTests {
    /// MemoryMax of the unit is above it.
    private static let memoryLimit = 160 << 20

    private func alerting(_ sink: Sink, more: String = "") -> String {
        """
        route:
          receiver: others
          group_by: ["..."]
          group_wait: 0s
          group_interval: 1s
          routes: [{matchers: ['alertname=~"Own.*"'], group_by: [alertname], receiver: own}]
        receivers:
          - name: own
            webhook_configs: [{url: "\(sink.url)/own", send_resolved: true}]
          - name: others
            webhook_configs: [{url: "\(sink.url)/others", send_resolved: true}]
        \(more)
        """
    }

    private func rules(_ names: String...) -> String {
        let rules = names.map { "{alert: \($0), expr: vector(1), labels: {severity: critical}}" }
        return "groups: [{name: g, interval: 1s, rules: [\(rules.joined(separator: ", "))]}]\n"
    }

    private func heard(_ name: String, _ sink: Sink) -> Bool {
        sink.heard("/own").contains { $0.contains(#""alertname":"\#(name)""#) }
    }

    /// Ten thousand alerts that never end leave room for ours, before a restart and after it, and the one that is too
    /// many is told so.
    @Test func squatters() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink))
        func flood(_ count: Range<Int>) -> String {
            let alerts = count.map { #"{"labels":{"alertname":"S\#($0)"},"endsAt":"2099-01-01T00:00:00Z"}"# }
            return "[" + alerts.joined(separator: ",") + "]"
        }
        #expect(try await agent.post("/api/v2/alerts", body: flood(0..<10_000)).status == 200)
        let answer = try await agent.post("/api/v2/alerts", body: flood(9_999..<10_001))
        #expect(answer.status == 429)
        #expect(answer.text.contains("1 alert refused"), "\(answer.text)")
        try await agent.take(rules: rules("OwnFirst"))
        #expect(await waitUntil { heard("OwnFirst", sink) }, "\(agent.log.suffix(2000))")
        #expect(
            try await agent.metric(#"vaultwatch_alerts_refused_total{origin="api",reason="limit"}"#) == 1)
        #expect(try await agent.metric(#"vaultwatch_alerts_refused_total{origin="rule",reason="limit"}"#) == 0)

        await agent.kill()
        try await agent.start()
        try await agent.take(rules: rules("OwnFirst", "OwnSecond"))
        #expect(await waitUntil { heard("OwnSecond", sink) }, "\(agent.log.suffix(2000))")
        #expect(try await agent.metric("vaultwatch_external_alerts") == 10_000)
        await agent.stop()
        await sink.stop()
    }

    /// The labels of a firing alert of ours with an end that has come: taken without a word, and nobody hears of an end.
    @Test func forgedEnds() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink), rules: rules("OwnAlert"))
        #expect(await waitUntil { heard("OwnAlert", sink) }, "\(agent.log.suffix(2000))")
        try await agent.post(#""alertname":"OwnAlert","severity":"critical""#, endsAt: "2020-01-01T00:00:00Z")
        // An own start and end of each of these takes more than a group interval.
        for name in ["B", "C"] {
            try await agent.post(#""alertname":"\#(name)""#)
            #expect(await waitUntil { sink.heard("/others").contains { $0.contains(#""alertname":"\#(name)""#) } })
            try await agent.post(#""alertname":"\#(name)""#, endsAt: "2020-01-01T00:00:00Z")
            #expect(
                await waitUntil {
                    sink.heard("/others").contains {
                        $0.contains(#""alertname":"\#(name)""#) && $0.contains(#""status":"resolved""#)
                    }
                })
        }
        #expect(!sink.heard("/own").contains { $0.contains(#""status":"resolved""#) }, "\(sink.heard("/own"))")
        #expect(try await agent.get("/api/v2/alerts").contains("OwnAlert"))
        await agent.stop()
        await sink.stop()
    }

    /// A posted alert with the labels of an inhibiting one inhibits nothing of ours.
    @Test func forgedInhibition() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(
            alerting: alerting(
                sink,
                more:
                    #"inhibit_rules: [{source_matchers: ['alertname="Noise"'], target_matchers: ['alertname=~"Own.*"']}]"#
            ))
        try await agent.post(#""alertname":"Noise""#)
        #expect(await waitUntil { sink.heard("/others").count == 1 })
        try await agent.take(rules: rules("OwnAlert"))
        #expect(await waitUntil { heard("OwnAlert", sink) }, "\(agent.log.suffix(2000))")
        await agent.stop()
        await sink.stop()
    }

    /// Sixty bodies of 4 MiB, each full of large alerts: memory stays bounded, a restart comes up with no more, and ours
    /// are told all the same.
    @Test func fatAlerts() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink))
        let text = String(repeating: "x", count: 60_000)
        var refused = 0
        for body in 0..<60 {
            let alerts = (0..<69).map {
                #"{"labels":{"alertname":"F\#(body)x\#($0)"},"annotations":{"summary":"\#(text)"},"endsAt":"2099-01-01T00:00:00Z"}"#
            }
            let answer = try await agent.post("/api/v2/alerts", body: "[" + alerts.joined(separator: ",") + "]")
            if answer.status == 429 { refused += 1 } else { #expect(answer.status == 200, "\(answer)") }
        }
        let fresh = try agent.status()
        #expect(fresh.peakResidentBytes < Self.memoryLimit, "peak \(fresh.peakResidentBytes >> 20) MiB")
        #expect(refused > 50)
        await agent.kill()
        try await agent.start()
        try await agent.take(rules: rules("OwnAlert"))
        #expect(await waitUntil { heard("OwnAlert", sink) }, "\(agent.log.suffix(2000))")
        let restarted = try agent.status()
        #expect(restarted.peakResidentBytes < Self.memoryLimit, "peak \(restarted.peakResidentBytes >> 20) MiB")
        print(
            "fat alerts: peak \(fresh.peakResidentBytes >> 20) MiB, after the restart \(restarted.peakResidentBytes >> 20) MiB"
        )
        await agent.stop()
        await sink.stop()
    }

    /// The same with silences: large ones are refused, small ones are bounded in their sum.
    @Test func fatSilences() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(alerting: alerting(sink))
        func silence(_ value: String, _ comment: String = "c") -> String {
            #"""
            {"matchers":[{"name":"a","value":"\#(value)","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z",\#
            "endsAt":"2099-01-01T00:00:00Z","createdBy":"me","comment":"\#(comment)"}
            """#
        }
        for size in [4_000_000, 1_000_000, 100_000] {
            let answer = try await agent.post(
                "/api/v2/silences", body: silence(String(repeating: "x", count: size)))
            #expect(answer.status == 400, "\(size): \(answer.status)")
            #expect(answer.text.contains("KiB"), "\(answer.text)")
        }
        var last = 0
        for number in 0..<600 where last != 400 {
            let value = "\(number)" + String(repeating: "x", count: 30_000)
            last = try await agent.post("/api/v2/silences", body: silence(value)).status
        }
        #expect(last == 400)
        #expect(try await agent.metric(#"vaultwatch_silences_refused_total{reason="bytes"}"#) == 1)
        #expect(try await agent.metric(#"vaultwatch_silences_refused_total{reason="invalid"}"#) == 3)
        await agent.kill()
        try await agent.start()
        let peak = try agent.status().peakResidentBytes
        #expect(peak < Self.memoryLimit, "peak \(peak >> 20) MiB")
        await agent.stop()
        await sink.stop()
    }
}

import Foundation
import Lab
import Platform
import TestServers
import Testing

/// A label whose name is no identifier goes from a rule file to a page as any other does: it is selected, grouped,
/// compared, shown, silenced, and kept over a kill.
struct LabelNameTests {
    private static let label = "a.b🙂"

    private static let rules = """
        groups:
          - name: names
            rules:
              - {record: base, expr: vector(1), labels: {"a.b🙂": "x y", a_b____: z}}
              - alert: Named
                expr: '{"base", "a.b🙂"="x y"} unless on ("a.b🙂") {"base", "a.b🙂"!~"x.+"}'
                labels: {"c d": é, severity: high}
                annotations: {summary: 'It is {{ index $labels "a.b🙂" }}'}
              - {alert: Effect, expr: 'sum by ("a.b🙂") ({"a.b🙂"=~"x.*"})', labels: {severity: low}}
              - {alert: Elsewhere, expr: vector(1), labels: {"a.b🙂": other, severity: low}}
        """

    private static func alerting(_ sink: Sink) -> String {
        """
        route:
          receiver: ops
          group_by: ["a.b🙂"]
          group_wait: 2s
          group_interval: 2s
          routes: [{matchers: ['"c d"=é'], receiver: named}]
        inhibit_rules:
          - {source_matchers: ['"c d"="é"'], target_matchers: [severity=low], equal: ["a.b🙂"]}
        receivers:
          - {name: ops, webhook_configs: [{url: "\(sink.url)/ops"}]}
          - {name: named, webhook_configs: [{url: "\(sink.url)/named"}]}
        """
    }

    @Test func fromTheRuleToThePage() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(
            alerting: LabelNameTests.alerting(sink), rules: LabelNameTests.rules)
        #expect(await waitUntil { !sink.heard("/named").isEmpty && !sink.heard("/ops").isEmpty }, "\(agent.log)")
        let page = try #require(sink.heard("/named").first)
        let body = try #require(try JSONSerialization.jsonObject(with: Data(page.utf8)) as? [String: Any])
        #expect(body["groupLabels"] as? [String: String] == [LabelNameTests.label: "x y"])
        let alert = try #require((body["alerts"] as? [[String: Any]])?.first)
        let labels = try #require(alert["labels"] as? [String: String])
        #expect(labels["c d"] == "é" && labels[LabelNameTests.label] == "x y" && labels["a_b____"] == "z", "\(labels)")
        #expect((alert["annotations"] as? [String: String])?["summary"] == "It is x y")
        let key = try #require(body["groupKey"] as? String)
        #expect(key == #"{}/{c d="é"}:{a.b🙂="x y"}"#, "\(key)")
        // The one with the same value is inhibited; the other is not.
        let effect = try await agent.command("alerts", "--inhibited", "Effect")
        #expect(effect.output.contains("inhibited by"), "\(effect.output)")
        #expect(!sink.heard("/ops").contains { $0.contains("Effect") })
        let listed = try await agent.command("alerts", "-o", "extended", #""a.b🙂"="x y""#)
        #expect(listed.output.contains(#"a.b🙂="x y""#), "\(listed.output)")

        // On the page of metrics: quoted for those who ask for it, else replaced without a name that comes twice.
        let plain = try await agent.get("/metrics")
        let line = try #require(plain.split(separator: "\n").first { $0.hasPrefix("ALERTS{") && $0.contains("Named") })
        #expect(line.contains(#"a_b____="z""#) && line.contains(#"a_b_____="x y""#), "\(line)")
        let quoted = String(
            decoding: try await ChildProcess.run(
                "curl",
                [
                    "-s", "--max-time", "10", "-H", "Accept: text/plain;version=1.0.0;escaping=allow-utf-8",
                    agent.url + "/metrics",
                ]), as: UTF8.self)
        let shown = quoted.split(separator: "\n").filter { $0.hasPrefix(#"ALERTS{"a.b🙂"="x y","#) }
        #expect(shown.contains { $0.contains(#""c d"="é""#) }, "\(shown)")
        let query = try await agent.command("query", #"count({"ALERTS", "a.b🙂"="x y", "c d"="é"})"#)
        #expect(query.exit == .exited(0) && query.output.contains("1"), "\(query)")

        // The journal knows it after a kill: nobody is told again, the group goes on, a silence holds.
        let silence = try await agent.command("silence", "add", "-c", "c", "-d", "1h", #""a.b🙂"="other""#)
        #expect(silence.exit == .exited(0), "\(silence.error)")
        #expect(await waitUntil { (try? await agent.metric("vaultwatch_notifications_pending")) == 0 })
        await agent.kill()
        try await agent.start()
        #expect(
            await waitUntil {
                (try? await agent.command("alerts", "--silenced", "Elsewhere").output.contains("silenced by")) == true
            }, "\(agent.log)")
        #expect(await waitUntil { (try? await agent.command("alerts", "Named").output.contains("active")) == true })
        try await agent.take(rules: "groups: []\n")
        let isOver = await waitUntil { sink.heard("/named").contains { $0.contains(#""status":"resolved""#) } }
        #expect(isOver, "\(agent.log)")
        let told = sink.heard("/named").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
        #expect(told.map { $0["status"] as? String } == ["firing", "resolved"])
        #expect(told.map { $0["groupKey"] as? String } == [key, key])
        await agent.stop()
        await sink.stop()
    }
}

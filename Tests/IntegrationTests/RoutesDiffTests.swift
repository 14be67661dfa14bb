import Foundation
import Lab
import Platform
import Testing

/// What another configuration would change, told before it is loaded and in the log once it is.
struct RoutesDiffTests {
    private static let rules = """
        groups:
          - name: test
            rules:
              - {alert: Sealed, expr: vector(1), labels: {severity: critical}}
              - {alert: Lag, expr: vector(0) > 1, labels: {severity: low, node: '{{ $labels.node }}'}}
        """

    private static func alerting(_ critical: String) -> String {
        """
        route:
          receiver: mail
          routes:
            - {receiver: \(critical), matchers: [severity=critical]}
            - {receiver: posted, matchers: [alertname=Posted]}
        receivers:
          - {name: mail}
          - {name: pager}
          - {name: posted}
        """
    }

    @Test func namesAlertsOfTheRulesAndThoseThatFire() async throws {
        let folder = try TemporaryDirectory()
        let old = try folder.write("old.yml", RoutesDiffTests.alerting("pager"))
        let new = try folder.write(
            "new.yml", RoutesDiffTests.alerting("mail").replacing("receiver: posted", with: "receiver: mail"))
        let rules = try folder.write("rules.yml", RoutesDiffTests.rules)
        let same = try await Binary.run(["routes", "diff", "--rules", rules, old, old])
        #expect(
            same.exit == .exited(0) && same.output.isEmpty && same.error == "0 of 2 alerts are told otherwise\n",
            "\(same)")
        let other = try await Binary.run(["routes", "diff", "--rules", rules, old, new])
        #expect(other.exit == .exited(1), "\(other)")
        #expect(other.output == "Sealed{severity=\"critical\"}: pager → mail\n")
        #expect(other.error == "1 of 2 alerts is told otherwise\n")
        for (words, said) in [
            (["--rules", folder.path + "/none.yml"], "none.yml"),
            (["--rules", folder.path + "/*.none"], "no alerts there"),
        ] {
            let wrong = try await Binary.run(["routes", "diff"] + words + [old, new])
            #expect(wrong.exit == .exited(1) && wrong.error.contains(said), "\(wrong)")
        }

        let agent = try await RunningAgent.start(
            alerting: RoutesDiffTests.alerting("pager"), rules: RoutesDiffTests.rules)
        try await agent.post(#""alertname":"Posted","node":"v1""#, endsAt: "2099-01-01T00:00:00Z")
        let asked = try await Binary.run(["routes", "diff", "--rules", rules, "--url", agent.url, old, new])
        #expect(asked.output.contains("Posted{node=\"v1\"}: posted → mail\n"), "\(asked)")
        try agent.configure(RoutesDiffTests.alerting("mail"))
        try await agent.reload()
        #expect(agent.log.contains("an alert is told otherwise"), "\(agent.log)")
        #expect(agent.log.contains("pager → mail"), "\(agent.log)")
        await agent.stop()
        folder.remove()
    }
}

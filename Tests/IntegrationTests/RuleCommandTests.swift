import Foundation
import Lab
import Platform
import Testing

/// `check rules`, `test rules` and `query`, as a user types them.
struct RuleCommandTests {
    private static let lintable = """
        groups:
        - name: a
          rules:
          - alert: X
            expr: sum(rate(no_such_metric[5m])) > 1
            for: 1s
            labels: {severity: sever}
          - {record: "job:x", expr: vector(1)}
          - {record: "job:x", expr: vector(2)}
          - {record: "job x", expr: vector(3)}
        """

    @Test func mistakesInRulesAreShownWhereTheyStand() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "r.yml", "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: |\n      sum(\n\trat(up[5m]))\n")
        let other = try folder.write(
            "s.yml", "groups:\n- name: a\n  rules:\n  - {record: x, expr: 'sum(rat(up[5m]))'}\n")
        let (exit, output, _) = try await Binary.run(["check", "rules", file, other])
        #expect(exit == .exited(1))
        #expect(
            output.contains(
                "s.yml:4:28: could not parse expression: unknown function with name \"rat\"; did you mean \"rate\"?"),
            "\(output)")
        #expect(
            output.contains("\n      - {record: x, expr: 'sum(rat(up[5m]))'}\n                               ^\n"),
            "\(output)")
    }

    @Test func findingsHaveAnExitCodeOfTheirOwn() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("r.yml", Self.lintable)
        let (exit, output, _) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(3))
        for expected in [
            "duplicate rule: \"job:x\"", "X reads no_such_metric, which no probe exports",
            "for 1s is shorter than the poll interval, 5s",
            "severity \"sever\" is not one of those routed by default", "the name \"job x\" must be quoted",
        ] {
            #expect(output.contains(expected), "\(expected) is missing in\n\(output)")
        }
        #expect(try await Binary.run(["check", "rules", "--lint=none", file]).exit == .exited(0))
        let duplicates = try await Binary.run(["check", "rules", "--lint=duplicate-rules", "--lint-fatal", file])
        #expect(duplicates.exit == .exited(3) && !duplicates.output.contains("no_such_metric"))
    }

    /// Texts that parse and fail when the alert goes out, and expressions that hide half of what they name.
    @Test func findingsThatShowAtNightOnly() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "r.yml",
            """
            groups:
            - name: a
              interval: 15s
              rules:
              - alert: Sealed
                expr: vault_node_sealed == 1
                for: 7s
                labels: {grade: '{{ $ value }}'}
                annotations:
                  summary: |
                    {{ $labels.node }} is sealed,
                    value {{ $ value }}
                  since: '{{ $labels.since | humanizeTimestamp }}'
                  list: '{{ range query "up" }}{{ .Labels.node }}{{ end }}{{ with query "up" }}{{ . | first | value }}{{ end }}'
              - alert: Audit
                expr: (rate(vault_audit_log_request_failure[5m]) or rate(vault_audit_log_response_failure[5m]) * 2) > 0
                labels: {severity: high}
              - alert: Fine
                expr: rate(vault_audit_log_request_failure[5m]) > 0 or rate(vault_audit_log_response_failure[5m]) > 0
                for: 30s
                labels: {severity: medium}
              - alert: FineToo
                expr: rate(a{k="1"}[5m]) or rate(b{k="2"}[5m])
                labels: {severity: medium}
            """)
        let (exit, output, _) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(3))
        for expected in [
            "r.yml:8:25: Sealed: the template of label \"grade\" fails: executing \"Sealed, label grade\" at <$>: can't give argument to non-function",
            "r.yml:12:18: Sealed: the template of annotation \"summary\" fails: executing \"Sealed, annotation summary\" at <$>: can't give argument to non-function",
            "the template of annotation \"since\" fails: ",
            "r.yml:5:5: Sealed: for 7s is shorter than two evaluations, which come with each poll, every 5s; write at least 10s, or 0",
            "r.yml:5:5: Sealed: no severity: routes, escalation",
            "r.yml:15:5: Audit: both sides of \"or\" have lost their metric's name",
        ] {
            #expect(output.contains(expected), "\(expected) is missing in\n\(output)")
        }
        #expect(
            !output.contains("\"list\"") && !output.contains("Fine: ") && !output.contains("FineToo: both"), "\(output)"
        )
    }

    /// Pages and messages begin with what users lose; only alerts that page or call at once must say it.
    @Test func anAlertThatPagesSaysWhatUsersLose() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "r.yml",
            """
            groups:
            - name: a
              rules:
              - {alert: Silent, expr: vault_node_up == 0, labels: {severity: critical}}
              - {alert: Half, expr: vault_node_up == 0, labels: {severity: high}, annotations: {impact: Nobody is served, because: " "}}
              - {alert: Whole, expr: vault_node_up == 0, labels: {severity: page}, annotations: {impact: Nobody is served, because: It is down.}}
              - {alert: Minor, expr: vault_node_up == 0, labels: {severity: medium}}
            """)
        let (exit, output, _) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(3))
        #expect(
            output.contains(
                "r.yml:4:5: Silent: no annotation impact and no because: write in a sentence each what users lose (impact) and"
            ), "\(output)")
        #expect(output.contains("Half: no annotation because: write"), "\(output)")
        #expect(!output.contains("Whole: no annotation") && !output.contains("Minor: "), "\(output)")
        folder.remove()
    }

    @Test func severitiesAreHeldAgainstTheRoutes() async throws {
        let folder = try TemporaryDirectory()
        let rules = try folder.write(
            "r.yml",
            """
            groups:
            - name: a
              rules:
              - {alert: X, expr: vault_node_up == 0, labels: {severity: critical}}
              - {alert: Y, expr: vault_node_up == 0, labels: {severity: low}}
            """)
        let configuration = try folder.write(
            "c.yml",
            """
            global: {poll_interval: 20s}
            vault: {clusters: [{name: a, nodes: [{name: x, url: "http://x:8200"}]}]}
            alerting:
              route: {receiver: nobody, routes: [{matchers: ['severity="critical"'], receiver: pager}]}
              receivers: [{name: nobody}, {name: pager}]
            """)
        let (exit, output, error) = try await Binary.run(["check", "rules", "--config.file", configuration, rules])
        #expect(exit == .exited(3), "\(output)\(error)")
        #expect(
            output.contains("Y: severity \"low\" has no route; only the root receiver \"nobody\" would be notified"),
            "\(output)")
        #expect(!output.contains("X: severity"))
    }

    @Test func failingTestsShowTheDifference() async throws {
        let folder = try TemporaryDirectory()
        try folder.write("r.yml", "groups: [{name: a, rules: [{alert: Down, expr: up, labels: {severity: low}}]}]\n")
        let test = try folder.write(
            "t.yml",
            """
            rule_files: [r.yml]
            later: 1
            tests:
              - name: one & only
                input_series: [{series: 'up{job="a"}', values: '1x20'}]
                alert_rule_test: [{eval_time: 2m, alertname: Down, exp_alerts: [{exp_labels: {severity: high, job: a}}]}]
                promql_expr_test: [{expr: up, eval_time: 2m, exp_samples: [{labels: 'up{job="a"}', value: 1}, {labels: 'up{job="b"}', value: 1}]}]
              - {name: two, input_series: []}
            """)
        #expect(try await Binary.run(["test", "rules", test]).output.contains("unknown key \"later\""))
        let junit = folder.file("j.xml")
        let (exit, output, _) = try await Binary.run([
            "test", "rules", "--diff", "--ignore-unknown-fields", "--junit", junit, test,
        ])
        #expect(exit == .exited(1))
        #expect(
            output.contains(
                "        diff:\n            - Labels:{alertname=\"Down\", job=\"a\", severity=\"high\"}\n            + Labels:{alertname=\"Down\", job=\"a\", severity=\"low\"}\n"
            ), "\(output)")
        #expect(
            output.contains(
                "              {__name__=\"up\", job=\"a\"} 1E+00\n            - {__name__=\"up\", job=\"b\"} 1E+00\n"),
            "\(output)")
        let report = try String(contentsOfFile: junit, encoding: .utf8)
        #expect(report.contains("tests=\"2\" failures=\"2\" errors=\"0\""), "\(report)")
        #expect(
            report.contains("<testcase name=\"one &amp; only\"><failure>")
                && report.contains("<testcase name=\"two\"/>"), "\(report)")
        let some = try await Binary.run(["test", "rules", "--run", "^two", "--ignore-unknown-fields", test])
        #expect(some.exit == .exited(0))
    }

    /// Without a server.
    @Test func aQueryThatCantBeReadIsShownWithItsPlace() async throws {
        let (exit, _, error) = try await Binary.run(["query", "sum(rat(up[5m]))", "--url", "http://127.0.0.1:1"])
        #expect(exit == .exited(1))
        #expect(error == "1:5: unknown function with name \"rat\"; did you mean \"rate\"?\nsum(rat(up[5m]))\n    ^\n")
        #expect(try await Binary.run(["query", "up", "--at", "yesterday"]).error.contains("--at: expected RFC 3339"))
    }

    /// The output is that of promtool for the same server.
    @Test func aQueryThatFailsIsToldAsPromtoolTellsIt() async throws {
        let agent = try await RunningAgent.start(alerting: "route: {receiver: ops}\nreceivers: [{name: ops}]")
        // Two series on either side, an error only at evaluation.
        let expression =
            "label_replace(vector(1), \"a\", \"$1\", \"b\", \"(.*)\") + on() group_left() (vector(1) or label_replace(vector(2), \"a\", \"x\", \"\", \"\"))"
        let theirs = try await ChildProcess.start("promtool", ["query", "instant", agent.url, expression])
        let exit = await theirs.wait()
        let ours = try await Binary.run(["query", expression, "--url", agent.url])
        #expect(ours.exit == exit && exit == .exited(1))
        #expect(ours.error == String(decoding: theirs.standardError(limit: 1 << 16), as: UTF8.self))
        #expect(ours.error.hasPrefix("query error: execution: "), "\(ours.error)")
        let strange = try await Binary.run(["query", "up", "--url", agent.url + "/nowhere"])
        #expect(
            strange.exit == .exited(1) && strange.error.hasPrefix("query error: ") && strange.error.contains("404"),
            "\(strange.error)")
        await agent.stop()
    }
}

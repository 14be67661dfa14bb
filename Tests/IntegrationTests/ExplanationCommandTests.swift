import Foundation
import Lab
import Platform
import Testing

/// `explained_by`, as `check` and `test` judge it.
struct ExplanationCommandTests {
    private static func rules(_ alerts: String...) -> String {
        "groups:\n- name: a\n  rules:\n"
            + alerts.map { "  - {labels: {severity: medium}, \($0)}\n" }.joined()
    }

    private static func alert(_ name: String, _ expression: String = "vault_node_up == 0", by: String) -> String {
        "alert: \(name), expr: '\(expression)', annotations: {explained_by: '\(by)'}"
    }

    @Test(arguments: [
        (
            rules(alert("A", by: "B(")),
            "r.yml:4:5: A: explained_by can't be read: the parenthesis after B is not closed; write the names of alerts"
        ),
        (
            rules(alert("Down", by: "Dwn")),
            "r.yml:4:5: Down: explained_by names Dwn, which no rule here has; did you mean Down?"
        ),
        (
            rules(alert("A", by: "PostgresDown")),
            "A: explained_by names PostgresDown, which no rule here has; check its rule file together with this one, or give the configuration by --config.file"
        ),
        (rules(alert("A", by: "A")), "A: explained_by names the alert itself; take it out"),
        (
            rules(alert("A", by: "B"), alert("B", by: "C"), alert("C", by: "A B()")),
            "r.yml:4:5: A: explained_by goes in a circle, each explained by the next: A → B → C → A; take out"
        ),
        (
            rules(alert("A", by: "B(severity)"), "alert: B, expr: vault_node_up").replacing(
                "severity: medium}, alert: B", with: "severity: low}, alert: B"),
            "A: explained_by names B(severity), but severity is \"medium\" here and \"low\" there: it never explains this alert"
        ),
        (
            rules(alert("A", "sum(vault_node_up) < 1", by: "B"), "alert: B, expr: vault_node_up == 0"),
            "A: explained_by names B, whose label cluster this alert never has; name labels that both have in parentheses, or none: B()"
        ),
        (
            rules(alert("A", by: "B(cluster, node)"), "alert: B, expr: sum by (cluster) (vault_node_up) == 0"),
            "A: explained_by names B, which never has the label node of this alert"
        ),
    ])
    func whatCannotBeIsFound(rules: String, finding: String) async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("r.yml", rules)
        // A pattern that the shell has not expanded finds as much.
        for words in [[file], [folder.path + "/*.yml"]] {
            let (exit, output, _) = try await Binary.run(["check", "rules"] + words)
            #expect(exit == .exited(3) && output.contains(finding), "\(finding) is missing in\n\(output)")
        }
        let (none, _, error) = try await Binary.run(["check", "rules", file, folder.path + "/*.yaml"])
        #expect(none == .exited(1) && error.contains("/*.yaml: no file matches"), "\(error)")
        folder.remove()
    }

    /// What may be right is not complained of: labels of series that are not known, one of two rules of a name that can be
    /// the cause, two that both lack the label, a list that a template makes.
    @Test(arguments: [
        rules(alert("A", by: "B"), "alert: B, expr: vault_node_up == 0"),
        rules(alert("A", "sum(vault_node_up) < 1", by: "B"), "alert: B, expr: vector(1)"),
        rules(
            alert("A", by: "B(cluster, node)"), "alert: B, expr: sum by (cluster) (vault_node_up) == 0, for: 1m",
            "alert: B, expr: vault_node_up == 0, for: 2m"
        ).replacing("severity: medium}, alert: B, expr: sum", with: "severity: low}, alert: B, expr: sum"),
        rules(alert("A", "topk(1, vault_node_up) == 0", by: "B(node)"), "alert: B, expr: vault_node_up == 0"),
        rules(alert("A", by: "B() C"), alert("B", by: "C"), "alert: C, expr: vault_node_up == 0"),
        rules(alert("A", by: "{{ $labels.cause }}")),
    ])
    func whatMayBeRightIsNotFound(rules: String) async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("r.yml", rules)
        let (exit, output, _) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(0), "\(output)")
        folder.remove()
    }

    /// A rule of the site may name causes among the shipped ones, which the configuration loads beside it.
    @Test func causesOfTheConfigurationAreKnown() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("r.yml", Self.rules(Self.alert("Slow", by: "PostgresDown PostgresDwn")))
        let configuration = try folder.write(
            "c.yml",
            "vault: {clusters: [{name: a, nodes: [{name: x, url: \"http://x:8200\"}]}]}\nrules: [\(Binary.root)/rules/*.yml, r.yml]\nalerting: {route: {receiver: a, routes: [{receiver: a, matchers: [severity=medium]}]}, receivers: [{name: a}]}\n"
        )
        let (exit, output, _) = try await Binary.run(["check", "rules", "--config.file", configuration, file])
        #expect(
            exit == .exited(3)
                && output.contains("names PostgresDwn, which no rule here has; did you mean PostgresDown?"))
        #expect(!output.contains("names PostgresDown,"), "\(output)")
        let (valid, _, warnings) = try await Binary.run(["check", "config", configuration])
        #expect(
            valid == .exited(0) && warnings.contains("warning: ")
                && warnings.contains("names PostgresDwn, which no rule"),
            "\(warnings)")
        folder.remove()
    }

    /// Each fault of an estate is one incident.
    @Test func theShippedRulesTellEachFaultOnce() async throws {
        let (exit, output, _) = try await Binary.run([
            "test", "rules", "rules/tests/incidents/faults.incidents.test.yml",
        ])
        #expect(exit == .exited(0), "\(output)")
    }

    @Test func anIncidentThatIsNotAsExpectedFailsTheTest() async throws {
        let folder = try TemporaryDirectory()
        try folder.write(
            "r.yml",
            Self.rules(Self.alert("A", "up == 0", by: "B()"), "alert: B, expr: down == 1", "alert: C, expr: down == 1"))
        let test = try folder.write(
            "t.incidents.test.yml",
            """
            rule_files: [r.yml]
            tests:
              - input_series: [{series: 'up', values: '0x20'}, {series: 'down', values: '1x20'}]
                explained_by_test:
                  - {eval_time: 2m, exp_incidents: [{cause: C}, {cause: A, consequences: [B]}]}
                  - {eval_time: 3m, exp_incidents: [{cause: B, consequences: [A]}, {cause: C}]}
            """)
        let (exit, output, _) = try await Binary.run(["test", "rules", test])
        #expect(exit == .exited(1))
        #expect(
            output.contains(
                "    incidents, time: 2m, \n        exp:[\n            A: B\n            C\n            ], \n        got:[\n            B: A\n            C\n            ]"
            ), "\(output)")
        #expect(!output.contains("time: 3m"))
        let (_, difference, _) = try await Binary.run(["test", "rules", "--diff", test])
        #expect(
            difference.contains("            - A: B\n") && difference.contains("            + B: A\n"), "\(difference)")
        folder.remove()
    }
}

import Config
import Dispatching
import Rules
import Simulation
import Testing
import YAML

@testable import Agent

/// What the agent's page and `vaultwatch check config` say about a configuration, and about a change of its rules.
struct ConfigurationWarningsTests {
    private static func rules(_ text: String) throws -> RuleSet {
        let errors = ErrorList()
        let set = RuleSet.load(["/r.yml"], files: MemoryFiles(["/r.yml": text]), errors: errors)
        try #require(errors.isEmpty, "\(errors.errors)")
        return set
    }

    private static func configuration(_ more: String = "", inhibit: String = "") throws -> Configuration {
        try Configuration.load(
            "/c.yml",
            files: MemoryFiles([
                "/c.yml": """
                vault: {clusters: [{name: c, nodes: [{name: n, url: "http://127.0.0.1:1"}]}]}
                alerting: {route: {receiver: r}, receivers: [{name: r}]\(inhibit)}
                \(more)
                """
            ]), environment: [:])
    }

    @Test func whatIsProbablyNotIntended() throws {
        let fine = try Self.rules("groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]")
        #expect(ConfigurationWarnings.all(try Self.configuration(), fine).isEmpty)
        let none = ConfigurationWarnings.all(try Self.configuration(), RuleSet([]))
        #expect(none.count == 1 && none.first?.hasPrefix("no rules are loaded") == true)
        let open = try Self.configuration("web: {allow_anonymous_changes: true}")
        #expect(ConfigurationWarnings.all(open, fine).map { $0.prefix(35) } == ["web.allow_anonymous_changes is true"])
        let broad = try Self.configuration(inhibit: ", inhibit_rules: [{target_matchers: [a=b]}]")
        #expect(ConfigurationWarnings.all(broad, fine).first?.hasPrefix("inhibit rule number 1 has no source") == true)
        let lost = try Self.rules(
            "groups: [{name: g, rules: [{alert: A, expr: up == 0, annotations: {explained_by: Nobody}}]}]")
        #expect(ConfigurationWarnings.all(try Self.configuration(), lost).first?.contains("names Nobody") == true)
    }

    @Test func changedRulesAreNamed() throws {
        let old = try Self.rules(
            "groups: [{name: g, rules: [{alert: A, expr: up == 0}, {alert: B, expr: up == 1}, {alert: C, expr: up}]}]")
        let new = try Self.rules(
            """
            groups:
            - name: g
              interval: 5s
              rules: [{alert: A, expr: up == 0, for: 1m}, {alert: B, expr: up == 1}, {record: d, expr: up}]
            """)
        #expect(
            Agent.ruleChanges(from: old, to: new) == [
                "group g of /r.yml: changed", "rule A of g: changed", "rule C of g: gone", "rule d of g: new",
            ])
        #expect(Agent.ruleChanges(from: new, to: new).isEmpty)
    }
}

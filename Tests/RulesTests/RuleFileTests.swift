import Platform
@testable import Rules
import Samples
import Testing
import YAML

struct RuleFileTests {
    private func errors(_ text: String) -> [String] {
        let errors = ErrorList()
        _ = RuleFile.parse(Array(text.utf8), file: "r.yml", errors: errors)
        return errors.errors.map(\.description)
    }

    private func rule(_ lines: String) -> String {
        "groups:\n  - name: g\n    rules:\n"
            + lines.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
                (index == 0 ? "      - " : "        ") + line
            }.joined(separator: "\n") + "\n"
    }

    @Test func readsAWholeGroup() throws {
        let errors = ErrorList()
        let text = """
            groups:
              - name: g
                interval: 30s
                query_offset: 1m
                limit: 5
                labels: {team: a, env: x}
                rules:
                  - record: job:up:sum
                    expr: sum by (job) (up)
                    labels: {env: y}
                  - alert: Down
                    expr: job:up:sum < 1 or absent(probe{x="y"})
                    for: 5m
                    keep_firing_for: 2m
                    labels: {severity: high}
                    annotations: {summary: "{{ $labels.job }}", vaultwatch_no_data: keep}
            """
        let groups = RuleFile.parse(Array(text.utf8), file: "r.yml", errors: errors)
        #expect(errors.isEmpty, "\(errors.errors)")
        let group = try #require(groups.first)
        #expect(group.key == "r.yml;g")
        #expect(group.interval == .seconds(30) && group.queryOffset == .seconds(60) && group.limit == 5)
        #expect(group.rules.map(\.kind) == [.recording, .alerting])
        #expect(group.rules[0].labels == ["team": "a", "env": "y"])
        let alert = group.rules[1]
        #expect(alert.hold == .seconds(300) && alert.keepFiring == .seconds(120) && alert.noData == .keep)
        #expect(alert.annotations == ["summary": "{{ $labels.job }}"])
        #expect(group.metricNames == ["up", "probe"])
    }

    @Test(arguments: [
        ("alert: A\nexpr: upp(x)", "r.yml:5:15: could not parse expression"),
        ("alert: A\nexpr: \"sum(x) + \\\"a\\\" + nope(1)\"", "r.yml:5:25: could not parse expression"),
        ("alert: A\nexpr: 'x{a=''b''} + nope(1)'", "r.yml:5:29: could not parse expression"),
        ("alert: A\nexpr: |\n  sum(x)\n    + nope(y)", "r.yml:7:15: could not parse expression"),
        ("alert: A\nexpr: >-\n  sum(x) +\n  nope(y)", "r.yml:7:11: could not parse expression"),
        ("alert: A\nexpr: x\nfo: 5m", "r.yml:6:9: unknown key \"fo\" in a rule; did you mean \"for\"?"),
        ("alert: A\nexpr: x\nfor: soon", "for: expected a duration such as 5m"),
        ("alert: A\nrecord: b\nexpr: x", "only one of 'record' and 'alert' must be set"),
        ("expr: x", "one of 'record' or 'alert' must be set"),
        ("alert: A", "a rule needs \"expr\""),
        ("record: a\nexpr: x\nfor: 1m", "invalid field 'for' in recording rule"),
        ("record: a\nexpr: x\nkeep_firing_for: 1m", "invalid field 'keep_firing_for' in recording rule"),
        ("record: a\nexpr: x\nannotations: {a: b}", "invalid field 'annotations' in recording rule"),
        ("record: a{b=\"c\"}\nexpr: x", "braces present in the recording rule name; should it be in expr?: a{b=\"c\"}"),
        ("alert: A\nexpr: x\nlabels: {\"\": c}", "invalid label name: "),
        ("alert: A\nexpr: x\nlabels: {__name__: c}", "invalid label name: __name__"),
        ("alert: A\nexpr: x\nannotations: {\"\": c}", "invalid annotation name: "),
        (
            "alert: A\nexpr: x\nannotations:\n  s: '{{ nope }}'",
            "r.yml:7:14: template of annotation \"s\", 1:4: executing"
        ),
        ("alert: A\nexpr: x\nlabels:\n  s: '{{ .x '", "unclosed action"),
        (
            "alert: A\nexpr: x\nannotations: {vaultwatch_no_data: ask}",
            "vaultwatch_no_data: expected one of \"keep\", \"alert\", \"resolve\""
        ),
    ])
    func complainsAtThePlace(lines: String, message: String) {
        let found = errors(rule(lines))
        let wanted = message.replacing("1:4: executing", with: "1:4: function \"nope\" not defined")
        #expect(found.contains { $0.contains(wanted) }, "\(found)")
    }

    /// The exact text, since scripts parse it: all mistakes of a file, in its order.
    @Test func allMistakesAreToldAtOnce() {
        let text = """
            groups:
              - name: a
                interval: 0s
                limmit: 3
                rules:
                  - alert: A
                    exprr: x
                  - alert: B
                    expr: sum(x
                    for: 5 minutes
                    labels: {severity: "{{ .Labels.x "}
                  - record: 'c{d}'
                    expr: ''
                    annotations: {summary: s}
                  - {record: c, alert: C, expr: x, keep_firing_for: 1m}
              - name: a
                rules: {}
            """
        // The message of the expression's parser has its own tests.
        let found = errors(text).map { $0.contains("could not parse expression: ") ? String($0.prefix(38)) : $0 }
        #expect(
            found == [
                "r.yml:4:5: unknown key \"limmit\" in a rule group; did you mean \"limit\"?",
                "r.yml:6:9: a rule needs \"expr\"",
                "r.yml:7:9: unknown key \"exprr\" in a rule; did you mean \"expr\"?",
                "r.yml:9:19: could not parse expression",
                "r.yml:10:14: for: expected a duration such as 5m, found \"5 minutes\"",
                "r.yml:11:28: template of label \"severity\", 1:1: unclosed action",
                "r.yml:12:9: braces present in the recording rule name; should it be in expr?: c{d}",
                "r.yml:13:15: field 'expr' must be set in rule",
                "r.yml:14:9: invalid field 'annotations' in recording rule",
                "r.yml:15:9: only one of 'record' and 'alert' must be set",
                "r.yml:16:5: groupname: \"a\" is repeated in the same file",
                "r.yml:17:12: rules: expected a list, found a mapping",
            ])
    }

    /// As in Prometheus 3: any UTF-8 text, which PromQL writes in quotes.
    @Test func namesMayBeAnyText() throws {
        let errors = ErrorList()
        let text = rule("{record: a.b c, expr: 'sum({\"x.y\", \"é\"=\"1\"})', labels: {service.name: s}}")
        let set = RuleSet(RuleFile.parse(Array(text.utf8), file: "r.yml", errors: errors))
        #expect(errors.isEmpty, "\(errors.errors)")
        #expect(set.groups.first?.rules.first?.name == "a.b c")
        #expect(
            Labels(name: "a.b c", ["service.name": "s", "t": "u"]).description
                == #"{"a.b c", "service.name"="s", t="u"}"#)
    }

    @Test func aGroupsNameIsNeededAndUnique() {
        #expect(errors("groups:\n- rules: []\n").contains { $0.contains("needs \"name\"") })
        #expect(
            errors("groups:\n- {name: a, rules: []}\n- {name: a, rules: []}\n") == [
                "r.yml:3:3: groupname: \"a\" is repeated in the same file"
            ])
        #expect(!errors("groups: [").isEmpty)
        #expect(errors("group: []").first?.contains("did you mean \"groups\"?") == true)
    }

    @Test func duplicateRulesAreFound() {
        let errors = ErrorList()
        let text =
            rule("{alert: A, expr: x}") + "      - {alert: A, expr: y}\n      - {alert: A, expr: y, labels: {a: b}}\n"
        let set = RuleSet(RuleFile.parse(Array(text.utf8), file: "r.yml", errors: errors))
        #expect(errors.isEmpty)
        #expect(
            set.findings().map(\.description) == [
                "r.yml:5:9: duplicate rule: \"A\" with no labels is also at r.yml:4:9"
            ])
    }
}

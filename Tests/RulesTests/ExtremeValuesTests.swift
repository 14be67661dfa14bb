import Alerts
import FoundationEssentials
import PromQL
import Platform
@testable import Rules
import Samples
import Testing
import YAML

/// Rule files, rule tests and a damaged journal may hold any number: none may trap the process.
struct ExtremeValuesTests {
    @Test(arguments: [Int64.min, -1, 0, .max], ["pending", "firing", "inactive"])
    func restoresWhatADamagedJournalHolds(_ number: Int64, _ state: String) throws {
        let errors = ErrorList()
        let groups = RuleFile.parse(
            Array(
                "groups: [{name: g, rules: [{alert: A, expr: x > 0, for: 9223372036s, keep_firing_for: 9223372036s}]}]"
                    .utf8),
            file: "r.yml", errors: errors)
        var evaluator = GroupEvaluator(try #require(groups.first, "\(errors.errors)"))
        let key = try #require(
            { () -> String? in
                var firing = evaluator
                let source = Scripted()
                source.set("x", 1, at: 0)
                _ = firing.evaluate(at: Timestamp(milliseconds: 0), RuleContext(source: source))
                return firing.saved(at: Timestamp(milliseconds: 0)).alerts.keys.first
            }())
        let alert = """
            {"state":"\(state)","labels":{"alertname":"A"},"annotations":{},"valueBits":9221120237041090561,\
            "activeAt":\(number),"firedAt":\(number),"resolvedAt":\(number),"lastSentAt":\(number),\
            "keepFiringSince":\(number)}
            """
        let saved = """
            {"savedAt":\(number),"alerts":{"\(key.replacing("\u{1f}", with: "\\u001f").replacing("\"", with: "\\\""))":[\(alert)]}}
            """
        evaluator.restore(
            try JSONDecoder().decode(GroupEvaluator.Saved.self, from: Data(saved.utf8)),
            now: Timestamp(milliseconds: 1_800_000_000_000))
        for step in [Duration.milliseconds(Int64.max), .milliseconds(Int64.min)] { evaluator.shift(by: step) }
        for seconds in [Int64(1_800_000_000), 1_800_000_060, 1_900_000_000] {
            _ = evaluator.evaluate(at: Timestamp(milliseconds: seconds * 1000), RuleContext(source: Scripted()))
        }
    }

    @Test func ruleTestsWithAnyInterval() throws {
        let folder =
            FileManager.default.temporaryDirectory.path() + "vaultwatch-extreme-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: folder + "/" + name))
        }
        try write("r.yml", "groups: [{name: g, rules: [{alert: A, expr: x > 0}]}]\n")
        try write(
            "t.yml",
            """
            rule_files: [r.yml]
            evaluation_interval: 9223372036s
            tests:
              - interval: 9223372036s
                input_series: [{series: x, values: '1e308+1e308x1000 NaN Inf -Inf _x10 stale'}]
                alert_rule_test: [{eval_time: 9223372036s, alertname: A}]
                promql_expr_test:
                  - {expr: 'x @ 9223372036 offset 9223372036s', eval_time: 9223372036s, exp_samples: []}
                  - {expr: 'rate(x[9223372036s])', eval_time: 9223372036s, exp_samples: []}
            """)
        let result = RuleTestRunner(files: SystemFiles()).run(folder + "/t.yml")
        #expect(result.errors.isEmpty, "\(result.errors)")
    }
}

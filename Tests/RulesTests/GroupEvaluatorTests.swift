import Alerts
import FoundationEssentials
import PromQL
@testable import Rules
import Samples
import Synchronization
import Testing
import Text
import YAML

/// Series to which a test appends as time advances.
final class Scripted: SampleSource {
    private let series = Mutex<[Labels: [Point]]>([:])

    func set(_ name: String, _ labels: [String: String], _ value: Double, at seconds: Int64) {
        series.withLock { $0[Labels(name: name, labels), default: []].append(Point(t: seconds * 1000, v: value)) }
    }

    func set(_ name: String, _ value: Double, at seconds: Int64) { set(name, [:], value, at: seconds) }

    func add(_ samples: [Sample]) {
        series.withLock { series in
            for sample in samples {
                series[sample.labels, default: []].append(Point(t: sample.timestamp.milliseconds, v: sample.value))
            }
        }
    }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        series.withLock { all in
            all.compactMap { labels, points in
                guard matchers.allSatisfy({ $0.matches(labels) }) else { return nil }
                let found = points.filter { $0.t > start && $0.t <= end }
                return found.isEmpty ? nil : Series(labels, found)
            }
        }
    }
}

struct GroupEvaluatorTests {
    private func group(_ rules: String, head: String = "") throws -> RuleGroup {
        let errors = ErrorList()
        let groups = RuleFile.parse(
            Array("groups:\n- name: g\n\(head)  rules:\n\(rules)\n".utf8), file: "r.yml", errors: errors)
        try #require(errors.isEmpty, "\(errors.errors)")
        return try #require(groups.first)
    }

    /// One turn at a second; what it gives goes into the source.
    private func turn(_ evaluator: inout GroupEvaluator, _ source: Scripted, _ seconds: Int64) -> GroupResult {
        var context = RuleContext(source: source)
        context.externalURL = "http://v"
        context.externalLabels = ["site": "s"]
        let result = evaluator.evaluate(at: Timestamp(milliseconds: seconds * 1000), context)
        source.add(result.samples)
        return result
    }

    private func told(_ result: GroupResult) -> [String] {
        result.alerts.map {
            "\($0.name) \($0.endsAt.map { "ended \($0.milliseconds / 1000)" } ?? "since \($0.startsAt.milliseconds / 1000)")"
        }
    }

    @Test func anAlertGoesThroughItsStates() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                "  - {alert: A, expr: x > 0, for: 30s, labels: {severity: high, v: '{{ $value }}'}, annotations: {s: '{{ $labels.job }} {{ $externalLabels.site }} {{ $externalURL }} {{ with query \"x\" }}{{ . | first | value }}{{ end }}'}}"
            ))
        for t: Int64 in stride(from: 0, through: 2000, by: 10) { source.set("x", ["job": "j"], t < 100 ? 5 : 0, at: t) }
        var log: [String] = []
        for t: Int64 in stride(from: 0, through: 1200, by: 10) {
            let result = turn(&evaluator, source, t)
            #expect(result.failures.isEmpty)
            log += told(result).map { "\(t): \($0)" }
        }
        // Firing at 30, told again a minute later; ended at 100, and that told for 15 minutes.
        #expect(log.prefix(3) == ["30: A since 30", "90: A since 30", "100: A ended 100"])
        #expect(log.dropFirst(3).allSatisfy { $0.hasSuffix("ended 100") } && log.last == "1000: A ended 100")
        #expect(evaluator.rules[0].alerts.isEmpty && evaluator.rules[0].health == .ok)
    }

    /// An expression that found no series differs from one whose condition does not hold; a test for absence is meant
    /// to find none.
    @Test func aRuleThatReadsNothingIsKnown() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                """
                  - {alert: Found, expr: x > 0}
                  - {alert: Quiet, expr: x > 100}
                  - {alert: Typo, expr: 'y > 0'}
                  - {alert: Absent, expr: absent(y)}
                  - {alert: Always, expr: vector(1)}
                  - {record: sums, expr: 'sum(y)'}
                """))
        for t: Int64 in [0, 10] { for job in ["a", "b"] { source.set("x", ["job": job], 1, at: t) } }
        source.set("y", ["job": "a"], 1, at: 10)
        _ = turn(&evaluator, source, 0)
        #expect(evaluator.rules.map(\.readsNothing) == [false, false, true, false, false, true])
        #expect(evaluator.rules.map(\.seriesRead) == [2, 2, 0, 0, 0, 0])
        _ = turn(&evaluator, source, 10)
        #expect(evaluator.rules.map(\.readsNothing) == [false, false, false, false, false, false])
        #expect(evaluator.rules.map(\.samplesRead) == [2, 2, 1, 1, 0, 1])
    }

    /// One change for each beginning and each end, not for each evaluation; an alert that fires has its own entry.
    @Test func anAlertThatIsPendingIsToldOnce() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                """
                  - {alert: A, expr: x > 0, for: 30s, annotations: {summary: it waits}}
                  - {alert: B, expr: x > 0}
                """))
        for t: Int64 in stride(from: 0, through: 100, by: 10) { source.set("x", [:], t == 20 ? 0 : 5, at: t) }
        var log: [String] = []
        for t: Int64 in stride(from: 0, through: 100, by: 10) {
            log += turn(&evaluator, source, t).pending.map {
                "\(t) \($0.labels["alertname"] ?? "") \($0.labels["site"] ?? "") \($0.since.milliseconds / 1000) \($0.summary) \($0.isOver)"
            }
        }
        #expect(log == ["0 A s 0 it waits false", "20 A s 0 it waits true", "30 A s 30 it waits false"])
    }

    @Test func anAlertCarriesLabelsAndAnnotations() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                "  - {alert: A, expr: x > 0, labels: {severity: high, v: '{{ $value }}'}, annotations: {s: '{{ $labels.job }} {{ $externalLabels.site }} {{ $externalURL }} {{ query \"x\" | first | value }}', bad: '{{ $labels.job.x }}'}}"
            ))
        source.set("x", ["job": "j"], 2.5, at: 0)
        let result = turn(&evaluator, source, 0)
        let alert = try #require(result.alerts.first)
        #expect(alert.labels == ["alertname": "A", "job": "j", "severity": "high", "v": "2.5", "site": "s"])
        #expect(alert.annotations["s"] == "j s http://v 2.5")
        #expect(alert.annotations["bad"]?.hasPrefix("<error expanding template: ") == true)
        #expect(alert.generatorURL == "http://v/graph?g0.expr=x+%3E+0&g0.tab=1")
        #expect(
            Set(result.samples.map(\.labels)) == [
                Labels(
                    name: "ALERTS",
                    ["alertname": "A", "alertstate": "firing", "job": "j", "severity": "high", "v": "2.5"]),
                Labels(name: "ALERTS_FOR_STATE", ["alertname": "A", "job": "j", "severity": "high", "v": "2.5"]),
            ])
    }

    @Test func laterRulesSeeEarlierOnesAndVanishedSeriesGoStale() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group("  - {record: 'r:x', expr: x > 1, labels: {a: b}}\n  - {record: 'r:y', expr: 'r:x * 2'}"))
        source.set("x", 3, at: 0)
        var result = turn(&evaluator, source, 0)
        #expect(result.samples.map { "\($0.labels) \($0.value)" } == ["r:x{a=\"b\"} 3.0", "r:y{a=\"b\"} 6.0"])
        source.set("x", 1, at: 10)
        result = turn(&evaluator, source, 10)
        // The stale marker of the first rule hides it from the second at once.
        #expect(result.samples.count == 2 && result.samples.allSatisfy { StaleMarker.is($0.value) })
    }

    @Test func collisionsAndLimitsFailTheRuleAlone() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                "  - {record: r, expr: 'label_replace(x, \"job\", \"\", \"\", \"\")'}\n  - {alert: A, expr: x, labels: {job: same}}\n  - {record: q, expr: x}\n  - {record: ok, expr: count(x)}",
                head: "  limit: 1\n"))
        source.set("x", ["job": "a"], 1, at: 0)
        source.set("x", ["job": "b"], 1, at: 0)
        let result = turn(&evaluator, source, 0)
        #expect(result.failures.map(\.rule) == ["r", "A", "q"])
        #expect(
            result.failures[1].error == "vector contains metrics with the same labelset after applying alert labels")
        #expect(result.failures[2].error == "exceeded limit of 1 with 2 series")
        #expect(evaluator.rules.map(\.health) == [.err, .err, .err, .ok])
        #expect(result.samples.map(\.labels) == [Labels(name: "ok")])
    }

    @Test func keepFiringForKeeps() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(try group("  - {alert: A, expr: x > 0, keep_firing_for: 1m}"))
        for t: Int64 in stride(from: 0, through: 300, by: 10) { source.set("x", t == 0 || t == 50 ? 1 : 0, at: t) }
        var log: [String] = []
        for t: Int64 in stride(from: 0, through: 150, by: 10) {
            log += told(turn(&evaluator, source, t)).map { "\(t): \($0)" }
        }
        #expect(log == ["0: A since 0", "60: A since 0", "120: A ended 120"])
    }

    /// `for` and firing alerts survive a restart; an alert is not resolved before its data had time to come back.
    @Test func stateSurvivesARestart() throws {
        let source = Scripted()
        let rules = try group(
            "  - {alert: P, expr: x > 0, for: 60s}\n  - {alert: F, expr: y > 0}\n  - {alert: Gone, expr: y > 0}")
        var evaluator = GroupEvaluator(rules)
        for t: Int64 in [0, 10, 20] {
            source.set("x", 1, at: t)
            source.set("y", .infinity, at: t)
            _ = turn(&evaluator, source, t)
        }
        let bytes = try JSONEncoder().encode(evaluator.saved(at: Timestamp(milliseconds: 20000)))
        let fresh = Scripted()
        evaluator = GroupEvaluator(try group("  - {alert: P, expr: x > 0, for: 60s}\n  - {alert: F, expr: y > 0}"))
        evaluator.restore(
            try JSONDecoder().decode(GroupEvaluator.Saved.self, from: bytes), now: Timestamp(milliseconds: 1_000_000))
        // Without data both stay; the alert of a removed rule is resolved.
        #expect(told(turn(&evaluator, fresh, 1000)) == ["Gone ended 1000", "F since 0"])
        fresh.set("x", 1, at: 1010)
        fresh.set("y", 0, at: 1010)
        #expect(told(turn(&evaluator, fresh, 1030)) == ["F ended 1030"])
        // 20 s of the 60 were over before the outage.
        #expect(told(turn(&evaluator, fresh, 1040)) == ["P since 1040"])
    }

    @Test func pendingAlertsAreForgottenAfterALongOutage() throws {
        var evaluator = GroupEvaluator(try group("  - {alert: P, expr: x > 0, for: 60s}"))
        let source = Scripted()
        source.set("x", 1, at: 0)
        _ = turn(&evaluator, source, 0)
        var restored = GroupEvaluator(evaluator.group)
        restored.restore(evaluator.saved(at: Timestamp(milliseconds: 0)), now: Timestamp(milliseconds: 3_600_001))
        #expect(restored.rules[0].alerts.isEmpty)
    }

    @Test func aReloadKeepsWhatIsTheSameAndEndsTheRest() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group("  - {alert: A, expr: x > 0}\n  - {alert: B, expr: x > 0}\n  - {record: r, expr: x}"))
        source.set("x", 1, at: 0)
        #expect(told(turn(&evaluator, source, 0)) == ["A since 0", "B since 0"])
        evaluator.adopt(try group("  - {alert: B, expr: x > 0.5}"))
        let result = turn(&evaluator, source, 10)
        #expect(told(result) == ["A ended 10"])
        #expect(result.samples.filter { StaleMarker.is($0.value) }.count == 3)
        #expect(evaluator.rules[0].alerts.values.map(\.firedAt) == [0])
        #expect(evaluator.ends(at: Timestamp(milliseconds: 20000)).map(\.labels) == [["alertname": "B", "site": "s"]])
    }

    @Test(arguments: [
        ("resolve", ["0: A since 0", "10: A ended 10"]), ("keep", ["0: A since 0", "60: A since 0", "70: A ended 70"]),
    ])
    func missingDataFollowTheRule(noData: String, expected: [String]) throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(
            try group(
                "  - {alert: A, expr: 'x == 0 unless on (server) quiet', annotations: {vaultwatch_no_data: \(noData)}}")
        )
        source.set("x", ["server": "a"], 0, at: 0)
        source.set("x", ["server": "b"], 1, at: 0)
        // Server a stops reporting while b goes on; then a is back and healthy.
        source.set("x", ["server": "a"], StaleMarker.value, at: 10)
        source.set("x", ["server": "b"], 1, at: 10)
        source.set("x", ["server": "a"], 1, at: 70)
        var log: [String] = []
        for t: Int64 in [0, 10, 60] { log += told(turn(&evaluator, source, t)).map { "\(t): \($0)" } }
        if noData == "keep" { log += told(turn(&evaluator, source, 70)).map { "\(70): \($0)" } }
        if noData == "resolve" { log.removeAll { $0.hasPrefix("60") } }
        #expect(log == expected)
    }

    @Test func noDataAtAllIsAnAlertWhereTheRuleSaysSo() throws {
        let source = Scripted()
        let text =
            "  - {alert: A, expr: x > 5, annotations: {vaultwatch_no_data: alert}, labels: {severity: high}}\n  - {alert: B, expr: absent(x) or vector(0) > 1, annotations: {vaultwatch_no_data: alert}}"
        var evaluator = GroupEvaluator(try group(text))
        let result = turn(&evaluator, source, 0)
        #expect(result.alerts.map(\.name) == ["A", "B"])
        #expect(result.alerts[0].annotations["summary"] == "No data for A" && result.alerts[1].annotations.isEmpty)
        // A NaN must not lose the state.
        #expect(throws: Never.self) { try JSONEncoder().encode(evaluator.saved(at: Timestamp(milliseconds: 0))) }
        source.set("x", 1, at: 10)
        #expect(told(turn(&evaluator, source, 10)) == ["A ended 10", "B ended 10"])
    }

    @Test func aQueryOffsetLooksAndWritesInThePast() throws {
        let source = Scripted()
        var evaluator = GroupEvaluator(try group("  - {record: r, expr: x}", head: "  query_offset: 1m\n"))
        source.set("x", 1, at: 0)
        source.set("x", 2, at: 60)
        let result = turn(&evaluator, source, 60)
        #expect(result.samples == [Sample(Labels(name: "r"), 1, at: Timestamp(milliseconds: 0))])
    }
}

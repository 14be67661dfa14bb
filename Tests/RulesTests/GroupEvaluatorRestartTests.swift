import Alerts
import FoundationEssentials
import PromQL
@testable import Rules
import Samples
import Testing
import Text
import YAML

/// Alerts across restarts, clock steps and failing rules.
struct GroupEvaluatorRestartTests {
    private func evaluator(_ rules: String, head: String = "") throws -> GroupEvaluator {
        let errors = ErrorList()
        let groups = RuleFile.parse(
            Array("groups:\n- name: g\n\(head)  rules:\n\(rules)\n".utf8), file: "r.yml", errors: errors)
        try #require(errors.isEmpty, "\(errors.errors)")
        return GroupEvaluator(try #require(groups.first))
    }

    /// One turn at a second: what is told, each `name at: since|ended`.
    private func turn(_ evaluator: inout GroupEvaluator, _ source: Scripted, _ seconds: Int64) -> [String] {
        let result = evaluator.evaluate(at: Timestamp(milliseconds: seconds * 1000), RuleContext(source: source))
        source.add(result.samples)
        return result.alerts.map {
            "\($0.name) \(seconds): \($0.endsAt.map { "ended \($0.milliseconds / 1000)" } ?? "since \($0.startsAt.milliseconds / 1000)")"
        }
            + result.failures.map { "\($0.rule) \(seconds): \($0.error)" }
    }

    /// A restart: the saved state, as JSON, is restored into a new evaluator of the same rules.
    private func restarted(_ evaluator: GroupEvaluator, stopped: Int64, started: Int64) throws -> GroupEvaluator {
        let bytes = try JSONEncoder().encode(evaluator.saved(at: Timestamp(milliseconds: stopped * 1000)))
        var fresh = GroupEvaluator(evaluator.group)
        fresh.restore(
            try JSONDecoder().decode(GroupEvaluator.Saved.self, from: bytes),
            now: Timestamp(milliseconds: started * 1000))
        return fresh
    }

    /// An alert whose data are still missing one minute after the start is resolved, unless its rule keeps it.
    @Test func aFiringAlertWaitsAMinuteForItsData() throws {
        let source = Scripted()
        var before = try evaluator(
            "  - {alert: R, expr: x > 0}\n  - {alert: K, expr: x > 0, annotations: {vaultwatch_no_data: keep}}")
        source.set("x", 1, at: 0)
        #expect(turn(&before, source, 0) == ["R 0: since 0", "K 0: since 0"])
        let empty = Scripted()
        var after = try restarted(before, stopped: 10, started: 1000)
        #expect(turn(&after, empty, 1000) == ["R 1000: since 0", "K 1000: since 0"])
        #expect(turn(&after, empty, 1059).isEmpty)
        #expect(turn(&after, empty, 1060) == ["R 1060: ended 1060", "K 1060: since 0"])
        // Back, and well: the other one ends too.
        empty.set("x", 0, at: 1070)
        #expect(turn(&after, empty, 1070) == ["K 1070: ended 1070"])
    }

    /// A label with the value makes another alert of each value. Over a restart the same value is the same alert, and one
    /// whose value has gone ends once, after its data are back for a minute at the latest.
    @Test func alertsWhoseLabelsHoldTheValue() throws {
        let source = Scripted()
        var before = try evaluator("  - {alert: R, expr: x > 0, labels: {level: '{{ $value }}'}}")
        source.set("x", 1, at: 0)
        #expect(turn(&before, source, 0) == ["R 0: since 0"])
        let same = Scripted()
        same.set("x", 1, at: 1000)
        var after = try restarted(before, stopped: 10, started: 1000)
        #expect(turn(&after, same, 1000) == ["R 1000: since 0"])
        #expect(after.saved(at: Timestamp(milliseconds: 1_000_000)).alerts.values.joined().count == 1)
        let other = Scripted()
        var changed = try restarted(before, stopped: 10, started: 1000)
        var told: [String] = []
        for second in stride(from: Int64(1000), through: 1070, by: 10) {
            other.set("x", 2, at: second)
            told += turn(&changed, other, second)
        }
        // The end is told on, as every end is; it is one end.
        #expect(Set(told.filter { $0.contains("ended") }.map { $0.split(separator: ":").last }).count == 1, "\(told)")
        #expect(told.contains("R 1000: since 1000"), "\(told)")
        #expect(changed.saved(at: Timestamp(milliseconds: 1_070_000)).alerts.values.joined().count <= 2)
    }

    /// The complete data of the alert itself must be back; a count over part of the targets does not resolve it.
    @Test func anAlertWhoseDataAreBackEndsAtOnce() throws {
        let source = Scripted()
        var before = try evaluator(
            "  - {alert: R, expr: abs(x) > 0 unless y == 1}\n  - {alert: C, expr: count(x > 0) > 1}\n  - {alert: I, expr: 'increase(x[5m]) >= 0'}"
        )
        for n in ["a", "b"] {
            source.set("x", ["n": n], 1, at: -10)
            source.set("x", ["n": n], 1, at: 0)
            source.set("y", ["n": n], 0, at: 0)
        }
        #expect(turn(&before, source, 0).map { $0.prefix(1) } == ["R", "R", "C", "I", "I"])
        let fresh = Scripted()
        var after = try restarted(before, stopped: 10, started: 1000)
        fresh.set("x", ["n": "a"], 0, at: 1000)
        #expect(turn(&after, fresh, 1000).allSatisfy { $0.contains("since") })
        fresh.set("y", ["n": "a"], 0, at: 1001)
        #expect(turn(&after, fresh, 1001) == ["R 1001: ended 1001"])
        #expect(turn(&after, fresh, 1059).isEmpty)
        #expect(turn(&after, fresh, 1060).count { $0.contains("ended") } == 4)
    }

    @Test func anEndIsToldOnAfterARestart() throws {
        let source = Scripted()
        var before = try evaluator("  - {alert: R, expr: x > 0}")
        source.set("x", 1, at: 0)
        source.set("x", 0, at: 10)
        #expect(turn(&before, source, 0) + turn(&before, source, 10) == ["R 0: since 0", "R 10: ended 10"])
        var after = try restarted(before, stopped: 20, started: 400)
        #expect(turn(&after, source, 400) == ["R 400: ended 10"])
        #expect(turn(&after, source, 910) == ["R 910: ended 10"])
        #expect(turn(&after, source, 911).isEmpty && after.rules[0].alerts.isEmpty)
    }

    /// With 15 s of `for` left after an outage, a long `for` gets ten minutes for its data to come back.
    @Test func aLongForGetsTheGracePeriod() throws {
        let source = Scripted()
        var before = try evaluator("  - {alert: L, expr: x > 0, for: 15m}\n  - {alert: S, expr: x > 0, for: 9m}")
        for t: Int64 in [0, 525] {
            source.set("x", 1, at: t)
            #expect(turn(&before, source, t).isEmpty)
        }
        var after = try restarted(before, stopped: 525, started: 1000)
        for t: Int64 in [1000, 1015, 1300, 1599, 1600] { source.set("x", 1, at: t) }
        #expect(turn(&after, source, 1000).isEmpty)
        #expect(turn(&after, source, 1015) == ["S 1015: since 1015"])
        #expect(turn(&after, source, 1599) == ["S 1599: since 1015"])
        #expect(turn(&after, source, 1600) == ["L 1600: since 1600"])
    }

    /// A clock step of half a minute backwards does not shorten the grace period.
    @Test func aStepBackLeavesTheGracePeriodWhole() throws {
        let source = Scripted()
        var before = try evaluator("  - {alert: L, expr: vector(1), for: 15m}")
        #expect(turn(&before, source, 10_000).isEmpty && turn(&before, source, 10_880).isEmpty)
        var after = try restarted(before, stopped: 10_880, started: 10_850)
        #expect(turn(&after, source, 11_449).isEmpty)
        #expect(turn(&after, source, 11_450) == ["L 11450: since 11450"])
    }

    @Test func keepFiringForGoesOnOverARestart() throws {
        let source = Scripted()
        var before = try evaluator("  - {alert: R, expr: x > 0, keep_firing_for: 5m}")
        source.set("x", 1, at: 0)
        source.set("x", 0, at: 10)
        _ = turn(&before, source, 0) + turn(&before, source, 10)
        var after = try restarted(before, stopped: 20, started: 100)
        source.set("x", 0, at: 300)
        #expect(turn(&after, source, 309) == ["R 309: since 0"])
        #expect(turn(&after, source, 310) == ["R 310: ended 10"].map { $0.replacing("ended 10", with: "ended 310") })
    }

    @Test func aBrokenConditionStartsForAnew() throws {
        let source = Scripted()
        var group = try evaluator("  - {alert: R, expr: x > 0, for: 30s}")
        for (t, value): (Int64, Double) in [(0, 1), (20, 0), (25, 1), (50, 1), (55, 1)] {
            source.set("x", value, at: t)
            #expect(turn(&group, source, t) == (t == 55 ? ["R 55: since 55"] : []))
        }
    }

    /// An alert that fires again while its end is still re-sent is a new alert, immediately.
    @Test func anAlertThatReturnsIsNew() throws {
        let source = Scripted()
        var group = try evaluator("  - {alert: R, expr: x > 0}")
        var log: [String] = []
        for (t, value): (Int64, Double) in [(0, 1), (10, 0), (20, 1)] {
            source.set("x", value, at: t)
            log += turn(&group, source, t)
        }
        #expect(log == ["R 0: since 0", "R 10: ended 10", "R 20: since 20"])
    }

    @Test func aClockThatGoesBackHoldsNothingUp() throws {
        let source = Scripted()
        var group = try evaluator("  - {alert: R, expr: vector(1)}")
        #expect(turn(&group, source, 5000) == ["R 5000: since 5000"])
        #expect(turn(&group, source, 1000) == ["R 1000: since 5000"])
        #expect(turn(&group, source, 1059).isEmpty)
        #expect(turn(&group, source, 1060) == ["R 1060: since 5000"])
    }

    /// The clock steps after two of three minutes, so one minute is left.
    @Test(arguments: [-3600, 3600] as [Int64]) func aStepOfTheClockLeavesForAlone(step: Int64) throws {
        let source = Scripted()
        var group = try evaluator("  - {alert: R, expr: vector(1), for: 3m}")
        #expect(turn(&group, source, 10_000).isEmpty && turn(&group, source, 10_120).isEmpty)
        group.shift(by: .seconds(step))
        #expect(turn(&group, source, 10_179 + step).isEmpty)
        #expect(turn(&group, source, 10_180 + step) == ["R \(10_180 + step): since \(10_180 + step)"])
    }

    /// A clock step backwards while the agent was down does not prolong `for` and `keep_firing_for`.
    @Test func aStepBackDuringAnOutageHoldsNothingUp() throws {
        let source = Scripted()
        var before = try evaluator(
            "  - {alert: R, expr: x > 0, for: 3m}\n  - {alert: K, expr: x < 0, keep_firing_for: 3m}")
        source.set("x", -1, at: 9_990)
        source.set("x", 1, at: 10_000)
        #expect(turn(&before, source, 9_990) == ["K 9990: since 9990"])
        #expect(turn(&before, source, 10_000).isEmpty)
        let later = Scripted()
        var after = try restarted(before, stopped: 10_120, started: 5000)
        for t: Int64 in [5000, 5060, 5061] { later.set("x", 1, at: t) }
        #expect(turn(&after, later, 5000) == ["K 5000: since 4870"])
        #expect(turn(&after, later, 5060) == ["R 5060: since 5060", "K 5060: ended 5060"])
    }

    /// Over `limit` the rule fails; its alerts stay as they were until it can be evaluated again.
    @Test func aFailingRuleLeavesItsAlertsAlone() throws {
        let source = Scripted()
        var group = try evaluator("  - {alert: R, expr: x > 0}", head: "  limit: 1\n")
        source.set("x", ["n": "a"], 1, at: 0)
        #expect(turn(&group, source, 0) == ["R 0: since 0"])
        source.set("x", ["n": "b"], 1, at: 10)
        #expect(turn(&group, source, 10) == ["R 10: exceeded limit of 1 with 2 alerts"])
        #expect(group.rules[0].health == .err && group.rules[0].alerts.values.map(\.state) == [.firing])
        source.set("x", ["n": "a"], 0, at: 20)
        source.set("x", ["n": "b"], 0, at: 20)
        #expect(turn(&group, source, 20) == ["R 20: ended 20"])
        #expect(group.rules[0].health == .ok && group.rules[0].lastError == nil)
    }
}

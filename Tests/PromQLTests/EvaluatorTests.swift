import PromQL
import Samples
import Testing

struct EvaluatorTests {
    private func estate() throws -> ScriptedSource {
        try ScriptedSource(
            every: 60,
            [
                #"up{node="a",job="v"}"#: "1 1 0 _ _ 1 1 1 stale 1 1",
                #"up{node="b",job="v"}"#: "0 1 1 1 NaN 1 1 1 1 1 1", #"up{node="c",job="p"}"#: "1x4 _x3 1x2",
                #"hits_total{node="a"}"#: "0+10x4 5+7x5", #"hits_total{node="b"}"#: "100+1.5x10",
                #"gauge{node="a"}"#: "3 -2 8 Inf 1 -Inf 4 0.1 0.2 7 7",
                #"lat_bucket{le="0.1"}"#: "0+1x10", #"lat_bucket{le="1"}"#: "0+3x10",
                #"lat_bucket{le="+Inf"}"#: "0+4x10", #"owner{node="a",team="x"}"#: "1x10",
            ])
    }

    static let expressions = [
        "up", "up == 0", "up != bool 1", "sum by (job) (up)", "avg without (node) (up)", "count_values('v', up)",
        "topk(1, up)", "bottomk by (job) (1, up)",
        "quantile(0.5, gauge)", "stddev(up)", "rate(hits_total[3m])", "increase(hits_total[5m] offset 1m)",
        "irate(hits_total[4m])", "delta(gauge[4m])", "deriv(gauge[5m])",
        "predict_linear(hits_total[5m], 60)", "changes(up[5m])", "resets(hits_total[10m])", "avg_over_time(gauge[3m])",
        "quantile_over_time(0.9, gauge[5m])", "absent(up{node=\"z\"})",
        "absent_over_time(up{node=\"a\"}[2m])", "max_over_time(rate(hits_total[2m])[4m:30s])", "up offset -1m",
        "up @ 120", "hits_total @ end()", "sum_over_time(up[3m:1m] @ start())",
        "up and on (node) hits_total", "up unless hits_total", "hits_total or up", "-up", "up * 2 + 1",
        "hits_total / on (node) group_right owner", "up * on (node) group_left (team) owner",
        "histogram_quantile(0.9, rate(lat_bucket[4m]))", "histogram_fraction(0, 0.5, lat_bucket)",
        "label_replace(up, 'x', '$1', 'node', '(.*)')", "label_join(up, 'y', '-', 'job', 'node')",
        "timestamp(up)", "scalar(owner) + time()", "vector(time()) % 7", "clamp(gauge, 0, 5)", "round(gauge, 0.5)",
        "hour()", "sgn(gauge)", "last_over_time(up[10m])", "stdvar_over_time(gauge[3m])",
        "sum by (__name__) ({node=\"a\"})", "1 + 2 ^ 3", "pi()", "gauge atan2 on (node) up",
        "present_over_time(up[1m])", "timestamp(gauge @ 60)", "count(up) by (job) > 1", "up or -up",
        "sum by (__name__) (up or rate(hits_total[3m]))",
        "topk by (job) (1, gauge or up)", "count_values without (node) ('v', gauge)", "avg_over_time((up > 0)[5m:45s])",
        "sum_over_time((up or -gauge)[4m:1m] offset 1m)",
        "clamp(gauge, scalar(owner) * 2 - time() / 100, 3)", "up >= on (job, node) group_left () up",
        "min(up) by (job) == bool max(up) by (job)", "quantile(scalar(owner) - time() / 300, gauge)",
        "max by (node) (up) unless on (node) (gauge > 3)", "predict_linear(gauge[5m] @ 300, 60)", "absent(up > 1)",
        "mad_over_time(gauge[5m])", "double_exponential_smoothing(hits_total[5m], 0.3, 0.3)",
        "day_of_month(up * 1e6)", "count_over_time(up[1m] offset -1m)",
        "label_replace(up > 0, 'node', 'x', 'node', 'a')",
    ]

    /// Each step of a range query has the result of the instant query at that time.
    @Test(arguments: expressions) func stepsOfARangeEqualInstants(_ text: String) throws {
        // `@ end()` is a different time in each of the two.
        let source = try estate()
        let expression = try Expression.parse(text)
        let evaluator = Evaluator(source: source)
        let (start, end) = (Timestamp(milliseconds: 0), Timestamp(milliseconds: 720_000))
        let series = try evaluator.range(expression, start: start, end: end, step: .seconds(45))
        #expect(series.map(\.labels) == series.map(\.labels).sorted())
        guard !text.contains("end()"), !text.contains("start()") else { return }
        var seen = 0
        for t in stride(from: Int64(0), through: 720_000, by: 45_000) {
            var instant: [Labels: Double] = [:]
            switch try evaluator.instant(expression, at: Timestamp(milliseconds: t)) {
            case .vector(let samples): for sample in samples { instant[sample.labels] = sample.value }
            case .scalar(let value): instant[.empty] = value
            default: Issue.record("no value")
            }
            var step: [Labels: Double] = [:]
            for one in series { if let point = one.points.first(where: { $0.t == t }) { step[one.labels] = point.v } }
            #expect(
                step.mapValues(\.bitPattern).filter { !Double(bitPattern: $0.value).isNaN }
                    == instant.mapValues(\.bitPattern).filter { !Double(bitPattern: $0.value).isNaN })
            #expect(Set(step.keys) == Set(instant.keys))
            seen += step.count
        }
        #expect(seen > 0)
    }

    /// The printed form of an expression has the same result.
    @Test(arguments: expressions) func printedFormsMeanTheSame(_ text: String) throws {
        let source = try estate()
        let printed = try Expression.parse(text).description
        #expect(try source.lines(printed, at: 500) == source.lines(text, at: 500))
    }

    @Test func rangesAndLookbackAreOpenOnTheLeft() throws {
        let source = try ScriptedSource(every: 60, ["a": "1 2 3 4"])
        #expect(try source.lines("a[2m]", at: 180) == ["a 3@120000 4@180000"])
        #expect(try source.lines("count_over_time(a[60s])", at: 180) == ["{} 1"])
        #expect(try source.lines("a", at: 479.999) == ["a 4"])
        #expect(try source.lines("a", at: 480) == [])
    }

    /// Times outside the range of timestamps must not overflow.
    @Test(arguments: [
        "a", "a offset 292y", "a offset -292y", "a @ 9223372036", "a @ -9223372036 offset 292y",
        "rate(a[292y] offset 292y)", "sum_over_time(a[292y:290y])",
        "sum_over_time(a[5m:1m] offset -292y)", "predict_linear(a[5m] @ 9223372036, 1)", "timestamp(a)", "hour()",
        "year(a * 1e300)", "vector(time())", "a[5m] @ end()", "irate(a[5m])", "deriv(a[1h] offset 292y)",
        "absent_over_time(a[292y])",
    ]) func timesAtTheEndOfTime(_ text: String) throws {
        let source = try ScriptedSource(every: 60, ["a": "1 2 3 4"])
        let expression = try Expression.parse(text)
        var limits = EvaluationLimits()
        limits.steps = 1000
        let times: [Int64] = [Int64.min, Int64.min + 1, Int64.min / 2, -1, 0, Int64.max / 2, Int64.max - 1, Int64.max]
        for t in times {
            let time = Timestamp(milliseconds: t)
            _ = try? Evaluator(source: source, limits: limits).instant(expression, at: time)
            if expression.type == .vector {
                _ = try? Evaluator(source: source, limits: limits).range(
                    expression, start: time, end: Timestamp(milliseconds: .max), step: .seconds(1_000_000_000_000_000))
                _ = try? Evaluator(source: source, limits: limits).range(
                    expression, start: Timestamp(milliseconds: .min), end: time, step: .seconds(1_000_000_000_000_000))
            }
        }
    }

    @Test func durationsMayDependOnTheQuery() throws {
        let source = try ScriptedSource(every: 60, ["a": "1+1x20"])
        let (start, end) = (Timestamp(seconds: 600), Timestamp(seconds: 900))
        func values(_ text: String) throws -> [Double] {
            try Evaluator(source: source).range(try Expression.parse(text), start: start, end: end, step: .seconds(60))
                .flatMap { $0.points.map(\.v) }
        }
        #expect(try values("count_over_time(a[step() * 2])") == [2, 2, 2, 2, 2, 2])
        #expect(try values("count_over_time(a[range()])") == [5, 5, 5, 5, 5, 5])
        #expect(try values("a offset step()") == values("a offset 1m"))
        #expect(try values("a offset -step()") == values("a offset -1m"))
        #expect(
            try values("sum_over_time(a[max(step(), 90) : min(step(), 30s)])") == values("sum_over_time(a[90s:30s])"))
        #expect(throws: EvaluationError.self) { try source.lines("a[step()]", at: 600) }
        #expect(try source.lines("count_over_time(a[max(step(), 2m)])", at: 600) == ["{} 2"])
    }

    /// Expected values from Prometheus 2.42.
    @Test(arguments: [
        ("log10(vector(1000))", "3"), ("log10(vector(27))", "1.4313637641589874"), ("log10(vector(100))", "2"),
        ("log2(vector(8))", "3"), ("log2(vector(-10))", "NaN"), ("log10(vector(-1))", "NaN"),
        ("ln(vector(-1))", "NaN"), ("log2(vector(0))", "-Inf"), ("log10(vector(Inf))", "+Inf"),
        ("log2(vector(NaN))", "NaN"), ("log2(vector(0.3))", "-1.736965594166206"), ("sqrt(vector(-1))", "NaN"),
        ("round(vector(-2.5))", "-2"),
        ("round(vector(0.25), 0.1)", "0.3"), ("vector(-7) % 3", "-1"), ("vector(2) ^ 0.5", "1.4142135623730951"),
        ("sgn(vector(-0.5))", "-1"), ("clamp(vector(NaN), 1, 2)", "NaN"), ("clamp_min(vector(1), NaN)", "NaN"),
    ]) func functionsOfNumbers(_ text: String, _ expected: String) throws {
        #expect(try ScriptedSource().lines(text) == ["{} " + expected])
    }

    @Test func staleMarkersEndASeries() throws {
        let source = try ScriptedSource(every: 60, ["a": "1 2 stale _ 5"])
        #expect(try source.lines("a", at: 130) == [])
        #expect(try source.lines("a[5m]", at: 130) == ["a 1@0 2@60000"])
        #expect(try source.lines("a", at: 240) == ["a 5"])
    }

    @Test func sortsAndRanksKeepTheirOrder() throws {
        let source = try ScriptedSource(["a{i=\"1\"}": "2", "a{i=\"2\"}": "NaN", "a{i=\"3\"}": "9", "a{i=\"4\"}": "-1"])
        #expect(try source.lines("sort(a)") == [#"a{i="4"} -1"#, #"a{i="1"} 2"#, #"a{i="3"} 9"#, #"a{i="2"} NaN"#])
        #expect(
            try source.lines("sort_desc(a)") == [#"a{i="3"} 9"#, #"a{i="1"} 2"#, #"a{i="4"} -1"#, #"a{i="2"} NaN"#])
        #expect(try source.lines("topk(2, a)") == [#"a{i="3"} 9"#, #"a{i="1"} 2"#])
        #expect(
            try source.lines("bottomk(5, a)") == [#"a{i="4"} -1"#, #"a{i="1"} 2"#, #"a{i="3"} 9"#, #"a{i="2"} NaN"#])
    }

    /// As in Prometheus 3 names are dropped at the end, so that grouping and label functions can use them.
    @Test func namesAreDroppedLate() throws {
        let source = try ScriptedSource(["a": "1", "b": "2"])
        #expect(try source.lines(#"label_replace(-a, "was", "$1", "__name__", "(.*)")"#) == [#"{was="a"} -1"#])
        #expect(throws: EvaluationError.self) { try source.lines(#"abs({__name__=~"a|b"})"#) }
        #expect(try source.lines(#"sum by (__name__) ({__name__=~"a|b"})"#) == ["a 1", "b 2"])
        #expect(try source.lines("a > bool 0") == ["{} 1"])
        #expect(try source.lines("a > 0") == ["a 1"])
    }

    @Test(arguments: [
        ("a + on () a", "many-to-many matching not allowed"),
        ("a + on () one", "many-to-one matching must be explicit"),
        ("label_replace(a, 'i', '', '', '')", "same labelset"),
        ("label_replace(a, 'x', '', 'i', '(')", "invalid regular expression"),
        ("topk(NaN, nothing)", "Parameter value is NaN"), ("topk(1e300, a)", "overflows int64"),
        ("a * on () group_left (i) one", "grouping labels must ensure unique matches"),
    ]) func errorsSayWhatDoesNotFit(_ text: String, _ part: String) throws {
        let source = try ScriptedSource(["a{i=\"1\"}": "1", "a{i=\"2\"}": "2", "one": "1"])
        let error = #expect(throws: EvaluationError.self) { try source.lines(text) }
        #expect(error?.message.contains(part) == true, "\(error?.message ?? "")")
    }

    @Test func limitsAreEnforced() throws {
        let source = try estate()
        func limited(_ set: (inout EvaluationLimits) -> Void) -> Evaluator {
            var limits = EvaluationLimits()
            set(&limits)
            return Evaluator(source: source, limits: limits)
        }
        let up = try Expression.parse("up")
        let now = Timestamp(milliseconds: 300_000)
        #expect(throws: EvaluationError.self) { try limited { $0.series = 2 }.instant(up, at: now) }
        #expect(throws: EvaluationError.self) { try limited { $0.samples = 2 }.instant(up, at: now) }
        let late = #expect(throws: EvaluationError.self) {
            try limited { $0.isOverdue = { true } }.instant(up, at: now)
        }
        #expect(late?.kind == .timeout)
        let chain = try Expression.parse("up" + String(repeating: " + on (node, job) up", count: 40))
        // The budget of an evaluated operand is released.
        #expect(throws: Never.self) {
            try limited { $0.samples = 300 }.range(
                chain, start: Timestamp(milliseconds: 0), end: now, step: .seconds(15))
        }
        #expect(throws: EvaluationError.self) {
            try limited { $0.samples = 50 }.range(
                chain, start: Timestamp(milliseconds: 0), end: now, step: .seconds(15))
        }
        #expect(throws: EvaluationError.self) {
            try limited { $0.steps = 10 }.range(up, start: Timestamp(milliseconds: 0), end: now, step: .seconds(1))
        }
    }
}

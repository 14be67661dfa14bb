import PromQL
import Samples
import Testing

/// Random expressions that are mostly well formed, over random series: nothing may crash, hang or grow without bound.
struct FuzzTests {
    /// A generator with a seed, so that a failure can be had again.
    struct Dice {
        var state: UInt64

        mutating func roll(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }

        mutating func pick(_ words: [String]) -> String { words[roll(words.count)] }
    }

    private static let numbers = ["0", "1", "-1", "2.5", "NaN", "Inf", "-Inf", "1e308", "0x1f", "5m", "1e-300", "time()", "pi()", "scalar(a)"]
    private static let durations = ["1s", "1m", "5m", "90", "1h", "0.001", "7d"]
    private static let labels = ["i", "le", "__name__", "x"]

    private static func scalar(_ dice: inout Dice) -> String { dice.pick(numbers) }

    private static func selector(_ dice: inout Dice) -> String {
        dice.pick(["a", "b", "a{i=\"1\"}", "{i=~\".+\"}", "{__name__=~\"a|b\"}", "c_bucket", "a{i!=\"2\"}", "nothing"])
    }

    private static func shift(_ dice: inout Dice) -> String {
        dice.pick(["", "", "", " offset 1m", " offset -2m", " @ 120", " @ start()", " @ end() offset 30s", " @ 9223372036", " offset 290y", " @ -5 offset -290y"])
    }

    private static func matrix(_ dice: inout Dice, _ depth: Int) -> String {
        if depth > 0, dice.roll(3) == 0 {
            return "(\(vector(&dice, depth - 1)))[\(dice.pick(durations)):\(dice.pick(["", "1m", "30s", "5m"]))]\(shift(&dice))"
        }
        return "\(selector(&dice))[\(dice.pick(durations))]\(shift(&dice))"
    }

    private static func vector(_ dice: inout Dice, _ depth: Int) -> String {
        guard depth > 0 else { return selector(&dice) + shift(&dice) }
        let inner = { (dice: inout Dice) in vector(&dice, depth - 1) }
        switch dice.roll(9) {
        case 0:
            let names = ["rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv", "avg_over_time", "sum_over_time", "stddev_over_time", "max_over_time", "last_over_time", "absent_over_time", "count_over_time"]
            return "\(dice.pick(names))(\(matrix(&dice, depth - 1)))"
        case 1:
            return dice.pick(["quantile_over_time(\(scalar(&dice)), \(matrix(&dice, depth - 1)))", "predict_linear(\(matrix(&dice, depth - 1)), \(scalar(&dice)))"])
        case 2:
            let names = ["abs", "ceil", "sqrt", "ln", "sgn", "absent", "timestamp", "sort", "sort_desc", "day_of_month", "year", "round", "exp", "acosh"]
            return "\(dice.pick(names))(\(inner(&dice)))"
        case 3:
            let body = inner(&dice)
            return dice.pick([
                "label_replace(\(body), \"\(dice.pick(labels))\", \"x$1\", \"\(dice.pick(labels))\", \"(.*)\")", "label_join(\(body), \"x\", \"-\", \"i\", \"__name__\")",
                "histogram_quantile(\(scalar(&dice)), \(body))", "histogram_fraction(\(scalar(&dice)), \(scalar(&dice)), \(body))", "clamp(\(body), \(scalar(&dice)), \(scalar(&dice)))", "vector(\(scalar(&dice)))",
            ])
        case 4, 5:
            let grouping = dice.pick(["", " by (i)", " without (i)", " by ()", " by (__name__)", " without ()"])
            let body = inner(&dice)
            let parameter = dice.roll(3) == 0 ? dice.pick(["topk", "bottomk", "quantile"]) : ""
            if !parameter.isEmpty { return "\(parameter)\(grouping) (\(scalar(&dice)), \(body))" }
            return dice.pick(["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]) + "\(grouping) (\(body))"
        case 6: return "(\(inner(&dice))) \(dice.pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!= bool", ">", "<="])) \(scalar(&dice))"
        case 7:
            let matching = dice.pick(["", " on (i)", " ignoring (i)", " on (i) group_left (x)", " ignoring (le) group_right ()", " on ()"])
            return "(\(inner(&dice))) \(dice.pick(["+", "/", "==", "> bool"]))\(matching) (\(inner(&dice)))"
        default: return "(\(inner(&dice))) \(dice.pick(["and", "or", "unless"]))\(dice.pick(["", " on (i)", " ignoring (i)"])) (\(inner(&dice)))"
        }
    }

    @Test func randomExpressions() throws {
        let source = try ScriptedSource(every: 30, [
            "a{i=\"1\"}": "1+1x20 0+3x9", "a{i=\"2\"}": "5 NaN Inf -Inf _ _ stale 3 3x20", "b{i=\"1\"}": "-7+0.1x30", "b": "1x5 stale _x5 2x9",
            "c_bucket{le=\"1\"}": "0+1x30", "c_bucket{le=\"+Inf\"}": "0+2x30", "c_bucket{le=\"x\"}": "1x30", "c_bucket{le=\"0.5\"}": "3-0.1x30",
        ])
        let seed = UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        var dice = Dice(state: seed)
        var (evaluated, refused) = (0, 0)
        var limits = EvaluationLimits()
        limits.samples = 200_000
        limits.steps = 2000
        let evaluator = Evaluator(source: source, limits: limits)
        for _ in 0..<3000 {
            let text = Self.vector(&dice, dice.roll(4))
            let expression: Expression
            do {
                expression = try Expression.parse(text)
            } catch {
                Issue.record("seed \(seed): \(text): \(error)")
                continue
            }
            #expect(try Expression.parse(expression.description).description == expression.description, "seed \(seed): \(text)")
            let time = Timestamp(seconds: Double(dice.roll(1200)))
            do throws(EvaluationError) {
                guard case .vector(let samples) = try evaluator.instant(expression, at: time) else { continue }
                // One answer never has the same labels twice.
                #expect(Set(samples.map(\.labels)).count == samples.count, "seed \(seed): \(text)")
                for one in try evaluator.range(expression, start: time, end: time + .seconds(300), step: .seconds(60)) {
                    #expect(!one.points.isEmpty && zip(one.points, one.points.dropFirst()).allSatisfy { $0.t < $1.t }, "seed \(seed): \(text)")
                    #expect(!one.points.contains { StaleMarker.is($0.v) }, "seed \(seed): \(text)")
                }
                evaluated += 1
            } catch {
                refused += 1
            }
        }
        #expect(evaluated > 1000, "seed \(seed): \(evaluated) evaluated, \(refused) refused")
    }
}

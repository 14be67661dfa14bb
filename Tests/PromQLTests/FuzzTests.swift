import Foundation
import PromQL
import Samples
import Testing
import Text

// Foundation has an Expression as well.
private typealias Expression = PromQL.Expression

/// Random expressions that are mostly well formed, over random series: nothing may crash, hang or grow without bound.
struct FuzzTests {
    /// A seeded generator, so that a failure can be repeated.
    struct Dice {
        var state: UInt64

        mutating func roll(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }

        mutating func pick(_ words: [String]) -> String { words[roll(words.count)] }
    }

    private static let numbers = [
        "0", "1", "-1", "2.5", "NaN", "Inf", "-Inf", "1e308", "0x1f", "5m", "1e-300", "time()", "pi()", "scalar(a)",
    ]
    private static let durations = ["1s", "1m", "5m", "90", "1h", "0.001", "7d"]
    private static let labels = ["i", "le", "__name__", "x"]

    private static func scalar(_ dice: inout Dice) -> String { dice.pick(numbers) }

    private static func selector(_ dice: inout Dice) -> String {
        dice.pick(["a", "b", "a{i=\"1\"}", "{i=~\".+\"}", "{__name__=~\"a|b\"}", "c_bucket", "a{i!=\"2\"}", "nothing"])
    }

    private static func shift(_ dice: inout Dice) -> String {
        dice.pick([
            "", "", "", " offset 1m", " offset -2m", " @ 120", " @ start()", " @ end() offset 30s", " @ 9223372036",
            " offset 290y", " @ -5 offset -290y",
        ])
    }

    private static func matrix(_ dice: inout Dice, _ depth: Int) -> String {
        if depth > 0, dice.roll(3) == 0 {
            return
                "(\(vector(&dice, depth - 1)))[\(dice.pick(durations)):\(dice.pick(["", "1m", "30s", "5m"]))]\(shift(&dice))"
        }
        return "\(selector(&dice))[\(dice.pick(durations))]\(shift(&dice))"
    }

    private static func vector(_ dice: inout Dice, _ depth: Int) -> String {
        guard depth > 0 else { return selector(&dice) + shift(&dice) }
        let inner = { (dice: inout Dice) in vector(&dice, depth - 1) }
        switch dice.roll(9) {
        case 0:
            let names = [
                "rate", "increase", "delta", "irate", "idelta", "changes", "resets", "deriv", "avg_over_time",
                "sum_over_time", "stddev_over_time", "max_over_time", "last_over_time", "absent_over_time",
                "count_over_time",
            ]
            return "\(dice.pick(names))(\(matrix(&dice, depth - 1)))"
        case 1:
            return dice.pick([
                "quantile_over_time(\(scalar(&dice)), \(matrix(&dice, depth - 1)))",
                "predict_linear(\(matrix(&dice, depth - 1)), \(scalar(&dice)))",
            ])
        case 2:
            let names = [
                "abs", "ceil", "sqrt", "ln", "sgn", "absent", "timestamp", "sort", "sort_desc", "day_of_month", "year",
                "round", "exp", "acosh",
            ]
            return "\(dice.pick(names))(\(inner(&dice)))"
        case 3:
            let body = inner(&dice)
            return dice.pick([
                "label_replace(\(body), \"\(dice.pick(labels))\", \"x$1\", \"\(dice.pick(labels))\", \"(.*)\")",
                "label_join(\(body), \"x\", \"-\", \"i\", \"__name__\")",
                "histogram_quantile(\(scalar(&dice)), \(body))",
                "histogram_fraction(\(scalar(&dice)), \(scalar(&dice)), \(body))",
                "clamp(\(body), \(scalar(&dice)), \(scalar(&dice)))", "vector(\(scalar(&dice)))",
            ])
        case 4, 5:
            let grouping = dice.pick(["", " by (i)", " without (i)", " by ()", " by (__name__)", " without ()"])
            let body = inner(&dice)
            let parameter = dice.roll(3) == 0 ? dice.pick(["topk", "bottomk", "quantile"]) : ""
            if !parameter.isEmpty { return "\(parameter)\(grouping) (\(scalar(&dice)), \(body))" }
            return dice.pick(["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"])
                + "\(grouping) (\(body))"
        case 6:
            return
                "(\(inner(&dice))) \(dice.pick(["+", "-", "*", "/", "%", "^", "atan2", "==", "!= bool", ">", "<="])) \(scalar(&dice))"
        case 7:
            let matching = dice.pick([
                "", " on (i)", " ignoring (i)", " on (i) group_left (x)", " ignoring (le) group_right ()", " on ()",
            ])
            return "(\(inner(&dice))) \(dice.pick(["+", "/", "==", "> bool"]))\(matching) (\(inner(&dice)))"
        default:
            return
                "(\(inner(&dice))) \(dice.pick(["and", "or", "unless"]))\(dice.pick(["", " on (i)", " ignoring (i)"])) (\(inner(&dice)))"
        }
    }

    /// Set for longer runs; see Tests/README.md.
    static let rounds = ProcessInfo.processInfo.environment["VAULTWATCH_FUZZ"].flatMap { Int($0) } ?? 1

    static func seed() -> UInt64 {
        let seed =
            ProcessInfo.processInfo.environment["VAULTWATCH_SEED"].flatMap { UInt64($0) }
            ?? UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        return seed
    }

    private static func source() throws -> ScriptedSource {
        try ScriptedSource(
            every: 30,
            [
                "a{i=\"1\"}": "1+1x20 0+3x9", "a{i=\"2\"}": "5 NaN Inf -Inf _ _ stale 3 3x20",
                "b{i=\"1\"}": "-7+0.1x30", "b": "1x5 stale _x5 2x9",
                "c_bucket{le=\"1\"}": "0+1x30", "c_bucket{le=\"+Inf\"}": "0+2x30", "c_bucket{le=\"x\"}": "1x30",
                "c_bucket{le=\"0.5\"}": "3-0.1x30",
            ])
    }

    private static func evaluator(_ source: ScriptedSource) -> Evaluator {
        var limits = EvaluationLimits()
        limits.samples = 200_000
        limits.steps = 2000
        return Evaluator(source: source, limits: limits)
    }

    /// Bit patterns by labels; all NaNs count as the same.
    private static func bits(_ value: Double) -> UInt64 { value.isNaN ? 1 : value.bitPattern }

    /// Invariants of every result: unique labels, points in order, no stale markers, each step as in an instant query.
    @Test func randomExpressions() throws {
        let seed = Self.seed()
        var dice = Dice(state: seed)
        var (evaluated, refused) = (0, 0)
        let evaluator = Self.evaluator(try Self.source())
        for _ in 0..<2000 * Self.rounds {
            let text = Self.vector(&dice, dice.roll(4))
            let expression: Expression
            do {
                expression = try Expression.parse(text)
            } catch {
                Issue.record("seed \(seed): \(text): \(error)")
                continue
            }
            #expect(
                try Expression.parse(expression.description).description == expression.description,
                "seed \(seed): \(text)")
            let time = Timestamp(seconds: Double(dice.roll(1200)))
            let width = Duration.seconds([7, 30, 60, 250][dice.roll(4)])
            do throws(EvaluationError) {
                let series = try evaluator.range(expression, start: time, end: time + .seconds(300), step: width)
                evaluated += 1
                #expect(Set(series.map(\.labels)).count == series.count, "seed \(seed): \(text)")
                for one in series {
                    #expect(
                        !one.points.isEmpty && zip(one.points, one.points.dropFirst()).allSatisfy { $0.t < $1.t },
                        "seed \(seed): \(text)")
                    #expect(!one.points.contains { StaleMarker.is($0.v) }, "seed \(seed): \(text)")
                }
                // Only an instant query has an order, and the order of addends affects the last bits.
                if ["start()", "end()", "topk", "bottomk", "sort"].contains(where: { text.contains($0) }) { continue }
                let step = time + .milliseconds(width.milliseconds * Int64(dice.roll(Int(300 / width.seconds) + 1)))
                guard case .vector(let samples) = try evaluator.instant(expression, at: step) else { continue }
                #expect(Set(samples.map(\.labels)).count == samples.count, "seed \(seed): \(text)")
                var instant: [Labels: UInt64] = [:]
                for sample in samples { instant[sample.labels] = Self.bits(sample.value) }
                var column: [Labels: UInt64] = [:]
                for one in series {
                    if let point = one.points.first(where: { $0.t == step.milliseconds }) {
                        column[one.labels] = Self.bits(point.v)
                    }
                }
                #expect(
                    instant == column,
                    "seed \(seed): \(text) at \(step.seconds), range from \(time.seconds) by \(width)")
            } catch {
                refused += 1
            }
        }
        #expect(evaluated > 500, "seed \(seed): \(evaluated) evaluated, \(refused) refused")
    }

    /// Expressions of the conformance cases with bytes changed, deleted, duplicated and mixed are rejected, or parsed
    /// and evaluated without a crash.
    @Test func damagedExpressions() throws {
        let seed = Self.seed()
        var dice = Dice(state: seed)
        let texts = ConformanceTests.files("").flatMap { file -> [String] in
            let text = (try? String(contentsOf: ConformanceTests.folder.appending(path: file), encoding: .utf8)) ?? ""
            return text.split(separator: "\n").filter { $0.contains("expr: '") }.map {
                String($0.split(separator: "'", maxSplits: 1)[1].dropLast())
            }
        }
        try #require(texts.count > 200)
        let evaluator = Self.evaluator(try Self.source())
        let spice = Array("()[]{}\"'`,:@+-*/^%=!~<>. 0x5m\u{0}\\é\n#".utf8)
        for _ in 0..<3000 * Self.rounds {
            var bytes = Array(texts[dice.roll(texts.count)].utf8)
            for _ in 0...dice.roll(4) where !bytes.isEmpty {
                let place = dice.roll(bytes.count)
                switch dice.roll(5) {
                case 0: bytes.remove(at: place)
                case 1: bytes.insert(spice[dice.roll(spice.count)], at: place)
                case 2: bytes[place] = UInt8(dice.roll(256))
                case 3:
                    bytes.insert(
                        contentsOf: bytes[place..<min(bytes.count, place + dice.roll(20))], at: dice.roll(bytes.count))
                default:
                    bytes = Array(bytes[..<place]) + Array(texts[dice.roll(texts.count)].utf8.suffix(dice.roll(40)))
                }
            }
            guard let expression = try? Expression.parse(String(decoding: bytes, as: UTF8.self)) else { continue }
            #expect(
                (try? Expression.parse(expression.description))?.description == expression.description,
                "seed \(seed): \(expression)")
            _ = try? evaluator.instant(expression, at: Timestamp(seconds: 600))
        }
    }

    /// Expressions as deep and as long as the parser allows, on the stack of a thread of the cooperative pool.
    @Test func deepTreesAreEvaluated() async throws {
        let texts = [
            "a" + String(repeating: " + on (i) a", count: 900), "a" + String(repeating: " or a", count: 900),
            String(repeating: "abs(", count: 190) + "a" + String(repeating: ")", count: 190),
            String(repeating: "-", count: 190) + "a",
            String(repeating: "(", count: 190) + "a" + String(repeating: ")", count: 190),
            "1" + String(repeating: " + 1", count: 900),
            String(repeating: "sum_over_time(", count: 60) + "a" + String(repeating: "[1m:30s])", count: 60),
        ]
        let source = try Self.source()
        for text in texts {
            try await Task.detached {
                let expression = try Expression.parse(text)
                do throws(EvaluationError) {
                    _ = try Self.evaluator(source).instant(expression, at: Timestamp(seconds: 600))
                } catch {
                    // Only a limit may end it.
                    #expect(error.kind == .limit, "\(text.prefix(40)): \(error)")
                }
            }.value
        }
    }
}

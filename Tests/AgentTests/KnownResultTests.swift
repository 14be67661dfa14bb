import Alerts
import PromQL
import Rules
import Samples
import Simulation
import Store
import Synchronization
import Telemetry
import Testing
import YAML

@testable import Agent

/// An evaluator that keeps results while their inputs are the same says what one says that evaluates every time.
struct KnownResultTests {
    /// The store, with nothing said of its changes.
    private struct Forgetful: SampleSource {
        let store: StoreSource
        func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
            try store.select(matchers, start: start, end: end)
        }
    }

    private static let rules = """
        groups:
        - name: g
          rules:
          - {record: total, expr: sum by (cluster) (a)}
          - {alert: Low, expr: total < 3, for: 20s}
          - {alert: Gone, expr: a unless on (node) b}
          - {alert: Without, expr: absent(b)}
          - {alert: Old, expr: time() - a > 1e9}
          - {alert: Stamped, expr: timestamp(a) > 60}
          - {alert: Moving, expr: 'changes(a[1m]) > 1'}
          - {alert: Before, expr: a offset 30s > 2}
          - {alert: Anything, expr: 'count({cluster="y"}) > 2'}
          - {alert: Both, expr: 'a == 1 and on (node) b > 0', annotations: {summary: '{{ $value }} of {{ $labels.node }}'}}
        """

    private func group() throws -> RuleGroup {
        let errors = ErrorList()
        let groups = RuleFile.parse(Array(KnownResultTests.rules.utf8), file: "r.yml", errors: errors)
        try #require(errors.isEmpty, "\(errors.errors)")
        return try #require(groups.first)
    }

    private static func described(_ result: GroupResult) -> [String] {
        result.samples.map { "\($0.labels) \($0.value.bitPattern) \($0.timestamp)" }.sorted()
            + result.alerts.map { "\($0)" }.sorted() + ["\(result.isChanged)"]
    }

    @Test(arguments: 0..<60) func resultsAreThoseOfAFullEvaluation(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        var retention = StoreOptions()
        if seed % 3 == 0 { retention.retention = .seconds(40) }
        let stores = (0..<2).map { _ in Store(options: retention, registry: Registry()) }
        let group = try group()
        var evaluators = [GroupEvaluator(group), GroupEvaluator(group)]
        let contexts = [
            RuleContext(source: StoreSource(store: stores[0])),
            RuleContext(source: Forgetful(store: StoreSource(store: stores[1]))),
        ]
        func pick(_ count: UInt64) -> UInt64 { random.next() % count }
        var now: Int64 = 1_000_000
        for step in 0..<200 {
            for _ in 0..<pick(4) {
                let labels = Labels(
                    name: ["a", "b"][Int(pick(2))], ["node": "\(pick(3))", "cluster": ["x", "y"][Int(pick(2))]])
                let value = pick(8) == 0 ? StaleMarker.value : Double(pick(3))
                // Now and then newer than the evaluation that comes next.
                let sample = Sample(labels, value, at: Timestamp(milliseconds: now + (pick(10) == 0 ? 2500 : 0)))
                for store in stores { store.append([sample]) }
            }
            switch pick(30) {
            case 0: now += 400_000
            case 1:
                for store in stores { store.shift(by: .seconds(-20)) }
                for index in evaluators.indices { evaluators[index].shift(by: .seconds(-20)) }
                now -= 20_000
            case 2: for store in stores { store.truncate(now: Timestamp(milliseconds: now)) }
            default: now += Int64(pick(3)) * 1000
            }
            let results = evaluators.indices.map { index in
                let result = evaluators[index].evaluate(at: Timestamp(milliseconds: now), contexts[index])
                stores[index].append(result.samples)
                return result
            }
            try #require(
                KnownResultTests.described(results[0]) == KnownResultTests.described(results[1]),
                "seed \(seed), step \(step)")
            for (kept, full) in zip(evaluators[0].rules, evaluators[1].rules) {
                try #require(kept.readsNothing == full.readsNothing && kept.health == full.health, "seed \(seed)")
            }
        }
    }

    /// It evaluates again only where it must.
    @Test func whatDidNotChangeIsNotReadAgain() throws {
        let store = Store(options: StoreOptions(), registry: Registry())
        let counting = Counting(StoreSource(store: store))
        var evaluator = GroupEvaluator(try group())
        func evaluate(_ time: Int64, _ value: Double) -> Int {
            let at = Timestamp(milliseconds: time)
            store.append([Sample(Labels(name: "a", ["node": "1", "cluster": "x"]), value, at: at)])
            let before = counting.count
            store.append(evaluator.evaluate(at: at, RuleContext(source: counting)).samples)
            return counting.count - before
        }
        let all = evaluate(1_000_000, 1)
        // Low reads a result of its own group; five rules read times, ranges or any metric.
        #expect(evaluate(1_005_000, 1) == 6 && all > 9)
        #expect(evaluate(1_010_000, 2) > 9)
    }

    private final class Counting: SampleSource {
        private let base: StoreSource
        private let reads = Mutex(0)
        init(_ base: StoreSource) { self.base = base }
        var count: Int { reads.withLock { $0 } }

        func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
            reads.withLock { $0 += 1 }
            return try base.select(matchers, start: start, end: end)
        }

        func changes(of names: [String]) -> [MetricChange?]? { base.changes(of: names) }
    }
}

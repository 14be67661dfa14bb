import Samples
import Store
import Telemetry
import Testing

/// Runs of equal values and sketches of series, the data of strips and sparklines.
struct RunsTests {
    private static let up = [Matcher(Labels.metricName, equals: "up")]
    private static func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }

    /// A store with one series: pairs of seconds and value.
    private static func store(_ points: [(Int64, Double)]) -> Store {
        let store = Store(options: StoreOptions(), registry: Registry())
        store.append(points.map { Sample(Labels(name: "up", ["node": "vault-1"]), $0.1, at: at($0.0)) })
        return store
    }

    /// `0-15:1 15-20:0`; `-` for no value.
    private static func text(_ runs: [ValueRun]) -> String {
        runs.map { run in
            let value = run.value.map { String(Int($0)) } ?? "-"
            return "\(run.from.milliseconds / 1000)-\(run.to.milliseconds / 1000):\(value)"
        }.joined(separator: " ")
    }

    private static func runs(_ points: [(Int64, Double)], from: Int64 = 0, to: Int64, limit: Int = 200) -> String {
        store(points).runs(up, from: at(from), to: at(to), limit: limit).map { text($0.runs) }.joined(separator: "; ")
    }

    @Test func aRunLastsFromItsFirstPointToTheFirstOfAnotherValue() {
        #expect(Self.runs([(0, 1), (5, 1), (10, 0), (15, 0), (20, 1)], to: 25) == "0-10:1 10-20:0 20-25:1")
    }

    /// A state that has lasted for hours does not appear to begin where the strip begins.
    @Test func theFirstRunHasItsTrueStartAndWhatEndedBeforeIsLeftOut() {
        #expect(Self.runs([(0, 0), (10, 1), (60, 1), (120, 1)], from: 100, to: 125) == "10-125:1")
    }

    @Test func aStaleMarkerEndsARun() {
        #expect(Self.runs([(0, 1), (10, StaleMarker.value), (30, 1)], to: 35) == "0-10:1 10-30:- 30-35:1")
        #expect(Self.runs([(0, 1), (10, StaleMarker.value)], to: 60) == "0-10:1 10-60:-")
    }

    @Test func fiveMinutesWithoutAPointEndARun() {
        #expect(Self.runs([(0, 1), (900, 1)], to: 910) == "0-300:1 300-900:- 900-910:1")
        #expect(Self.runs([(0, 1)], to: 400) == "0-300:1 300-400:-")
    }

    @Test func aSeriesThatHadEndedBeforeTheRangeIsNotListed() {
        #expect(Self.runs([(0, 1), (10, StaleMarker.value)], from: 100, to: 200) == "")
    }

    /// Good runs of 30 s and 5 s between faults of 1 s: the short ones are merged, so that faults look longer, never
    /// shorter.
    @Test func theShortestGoodRunsAreMergedFirst() {
        let points: [(Int64, Double)] = [(0, 1), (30, 0), (31, 1), (36, 0), (37, 1), (67, 0), (68, 1)]
        #expect(Self.runs(points, to: 98) == "0-30:1 30-31:0 31-36:1 36-37:0 37-67:1 67-68:0 68-98:1")
        #expect(Self.runs(points, to: 98, limit: 6) == "0-30:1 30-37:0 37-67:1 67-68:0 68-98:1")
    }

    /// However many runs there are, every second of a fault remains one.
    @Test(arguments: [1, 2, 3, 10, 200]) func noBadRunBecomesPartOfAGoodOne(limit: Int) {
        var points: [(Int64, Double)] = []
        var seed: UInt64 = 42
        var bad: [Int64] = []
        for second in 0..<Int64(3000) {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let isBad = seed >> 60 < 5
            points.append((second, isBad ? 0 : 1))
            if isBad { bad.append(second) }
        }
        // The last run is the current state and is kept.
        points.append((3000, 1))
        let runs = Self.store(points).runs(Self.up, from: Self.at(0), to: Self.at(3010), limit: limit)[0].runs
        #expect(runs.count <= limit && runs.first?.from == Self.at(0) && runs.last?.to == Self.at(3010))
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.to == $1.from })
        guard limit > 1 else { return }
        #expect(runs.last == ValueRun(from: Self.at(3000), to: Self.at(3010), value: 1) || runs.last?.value == 1)
        for second in bad {
            let run = runs.first { $0.from <= Self.at(second) && Self.at(second) < $0.to }
            #expect(run?.value == 0, "second \(second)")
        }
    }

    @Test func seriesAreFoundBySelector() {
        let store = Store(options: StoreOptions(), registry: Registry())
        for node in ["a", "b"] { store.append([Sample(Labels(name: "up", ["node": node]), 1, at: Self.at(1))]) }
        let found = store.runs([Matcher("node", equals: "b")], from: Self.at(0), to: Self.at(9))
        #expect(found.map { $0.labels["node"] } == ["b"])
    }

    // MARK: Sketches

    @Test func aPeakIsNotAveragedAway() throws {
        let points = (0..<Int64(4320)).map { ($0 * 5, $0 == 2000 ? 99.0 : 1.0) }
        let sketches = Self.store(points).sketches(Self.up, from: Self.at(0), to: Self.at(21_600))
        let sketch = try #require(sketches.first)
        #expect(sketch.bins.count == 120 && sketch.last == 1)
        #expect(sketch.bins.filter { $0.max == 99 }.map(\.at) == [Self.at(10_000 / 180 * 180)])
        #expect(sketch.bins.allSatisfy { $0.min == 1 })
    }

    @Test func partsWithoutAValueAreLeftOutAndAnEndedSeriesHasNoLastValue() throws {
        let store = Self.store([(0, 4), (1, 2), (90, .nan), (91, .infinity), (99, StaleMarker.value)])
        let sketch = try #require(store.sketches(Self.up, from: Self.at(0), to: Self.at(100), points: 10).first)
        #expect(sketch.bins == [.init(at: Self.at(0), min: 2, max: 4)])
        #expect(sketch.last == nil)
    }

    @Test func rangesAtTheEndsOfTimeDrawSomething() {
        let store = Self.store([(5, 1)])
        for points in [-1, 0, 1, .max] {
            _ = store.sketches(
                Self.up, from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: .max), points: points)
        }
        #expect(store.sketches(Self.up, from: Self.at(5), to: Self.at(5)).first?.bins.count == 1)
        #expect(store.runs(Self.up, from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: .max)).count == 1)
    }
}

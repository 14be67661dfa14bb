import Exposition
import Samples
import Simulation
import Store
import Synchronization
import Telemetry
import Testing

struct StoreTests {
    private func store(_ change: (inout StoreOptions) -> Void = { _ in }) -> (Store, Registry) {
        var options = StoreOptions()
        change(&options)
        let registry = Registry()
        return (Store(options: options, registry: registry), registry)
    }

    private func sample(_ name: String, _ value: Double, _ t: Int64, _ labels: [String: String] = [:]) -> Sample {
        Sample(Labels(name: name, labels), value, at: Timestamp(milliseconds: t))
    }

    /// What remote write sends is what the store took, in its order; a refused sample is not among it.
    @Test func anObserverSeesWhatWasAdded() {
        let (store, _) = store { $0.seriesLimit = 2 }
        let seen = Mutex<[Sample]>([])
        let first = [sample("a", 1, 1000), sample("b", 2, 1000)]
        store.append(first)
        store.observe { samples in seen.withLock { $0 += samples } }
        store.append([sample("a", 1, 2000), sample("c", 3, 2000), sample("b", StaleMarker.value, 2000)])
        store.append([sample("a", 5, 2000), sample("a", 5, 1000)])
        store.append([sample("b", 4, 3000)])
        store.observe(nil)
        store.append([sample("a", 1, 4000)])
        let expected = [
            sample("a", 1, 2000), sample("b", StaleMarker.value, 2000), sample("b", 4, 3000),
        ]
        #expect(seen.withLock { $0.map(\.labels) } == expected.map(\.labels))
        #expect(seen.withLock { $0.map(\.value.bitPattern) } == expected.map(\.value.bitPattern))
    }

    /// Values are returned bit for bit: jumps, infinities, stale markers, irregular intervals, thousands of points.
    @Test(arguments: 0..<40)
    func pointsComeOutAsTheyWentIn(seed: Int) {
        let random = SeededRandom(seed: UInt64(seed))
        let (store, _) = store()
        var t = Int64(random.next() >> 30)
        var expected: [Point] = []
        var value = 0.0
        for _ in 0..<1000 {
            let step: Int64
            switch random.next() % 6 {
            case 0: step = Int64(random.next() % 3_000_000) + 1
            case 1: step = Int64(random.next() % 100_000) + 1
            case 2: step = Int64(random.next() % 20) + 4990
            default: step = 5000
            }
            t += step
            switch random.next() % 8 {
            case 0: value = Double(bitPattern: random.next())
            case 1: value = .infinity
            case 2: value = StaleMarker.value
            case 3: value = -0.0
            case 4: value = Double(random.next() % 1000) / 10
            default: break
            }
            expected.append(Point(t: t, v: value))
            store.append([Sample(Labels(name: "m"), value, at: Timestamp(milliseconds: t))])
        }
        let found = store.select([Matcher("__name__", equals: "m")], start: .min, end: .max).first?.points ?? []
        #expect(found.map(\.t) == expected.map(\.t), "seed \(seed)")
        #expect(found.map(\.v.bitPattern) == expected.map(\.v.bitPattern), "seed \(seed)")
    }

    @Test func rangesAreOpenOnTheLeftAndClosedOnTheRight() {
        let (store, _) = store()
        for t in [10, 20, 30] as [Int64] { store.append([sample("m", Double(t), t)]) }
        let found = store.select([Matcher("__name__", equals: "m")], start: 10, end: 30)
        #expect(found.first?.points.map(\.t) == [20, 30])
        #expect(store.select([Matcher("__name__", equals: "m")], start: 30, end: 40).isEmpty)
    }

    @Test func matchersSelect() throws {
        let (store, _) = store()
        for node in ["a", "b", "c"] {
            store.append([sample("up", 1, 1, ["node": node]), sample("down", 0, 1, ["node": node])])
        }
        let found = store.select(
            [Matcher("__name__", equals: "up"), try Matcher("node", .matches, "a|c")], start: 0, end: 1)
        #expect(found.map { $0.labels["node"] ?? "" }.sorted() == ["a", "c"])
        #expect(
            store.select(
                [try Matcher("__name__", .matches, "up|down"), Matcher("node", equals: "b")], start: 0, end: 1
            ).count == 2)
        #expect(
            store.select([try Matcher("__name__", .equal, "up"), try Matcher("zone", .equal, "")], start: 0, end: 1)
                .count == 3)
    }

    /// The index finds what asking each series would find, in the order in which they came, series that went left out.
    @Test(arguments: 0..<20)
    func theIndexFindsWhatAskingEachWould(seed: Int) throws {
        let random = SeededRandom(seed: UInt64(seed))
        func pick(_ words: [String]) -> String { words[Int(random.next() % UInt64(words.count))] }
        let (store, _) = store { $0.retention = .seconds(100) }
        var (all, seen): ([Labels], Set<Labels>) = ([], [])
        for index in 0..<300 {
            let labels = Labels(
                name: pick(["a", "b", "c"]),
                ["x": pick(["", "1", "2", "3"]), "y": pick(["", "u", "v"]), "z": "\(index % 90)"])
            let isOld = random.next() % 3 == 0
            guard seen.insert(labels).inserted else { continue }
            store.append([Sample(labels, 1, at: Timestamp(milliseconds: isOld ? 1000 : 500_000))])
            if !isOld { all.append(labels) }
        }
        store.truncate(now: Timestamp(milliseconds: 500_000))
        let operations: [Matcher.Operation] = [.equal, .notEqual, .matches, .notMatches]
        for _ in 0..<100 {
            let matchers = try (0...random.next() % 3).map { _ in
                let name = pick(["__name__", "x", "y", "z", "none"])
                return try Matcher(
                    name, operations[Int(random.next() % 4)],
                    pick(["", "a", "1", "2|3", ".+", ".*", "u", "7", "b|c|1"]))
            }
            let expected = all.filter { labels in matchers.allSatisfy { $0.matches(labels) } }
            #expect(
                store.select(matchers, start: 0, end: 600_000).map(\.labels) == expected, "seed \(seed): \(matchers)")
        }
    }

    @Test func onlyTheLatestPointWhereThatIsWanted() {
        let (store, _) = store()
        for i in 1...500 as ClosedRange<Int64> { store.append([sample("m", Double(i), i * 1000)]) }
        func latest(_ start: Int64, _ end: Int64) -> [Point] {
            var found: [Point] = []
            store.visit([Matcher("__name__", equals: "m")], start: start, end: end, latestOnly: true) { _, points in
                found += points
            }
            return found
        }
        #expect(latest(0, 1_000_000) == [Point(t: 500_000, v: 500)])
        #expect(latest(0, 321_500) == [Point(t: 321_000, v: 321)])
        #expect(latest(321_000, 321_500) == [])
        #expect(latest(500_000, 600_000) == [])
    }

    @Test func lateSamplesAreRefusedAndCounted() {
        let (store, registry) = store()
        store.append([sample("m", 1, 100), sample("m", 1, 100), sample("m", 3, 50)])
        #expect(
            store.select([Matcher("__name__", equals: "m")], start: 0, end: 200).first?.points == [Point(t: 100, v: 1)])
        let rejected = registry.families().first { $0.name == "vaultwatch_store_samples_rejected_total" }
        #expect(rejected?.samples.first { $0.labels["reason"] == "out_of_order" }?.value == 1)
    }

    /// Over the border of a chunk, too; the bytes are counted rightly.
    @Test(arguments: [1, 2, 119, 120, 121]) func theLastValueOfAMillisecondHolds(count: Int) {
        let (store, registry) = store()
        let times = (1...count).map { Int64($0) * 1000 }
        for time in times {
            store.append([sample("m", 1, time), sample("m", 2, time), sample("m", Double(time), time)])
        }
        func found() -> [Point]? {
            store.select([Matcher("__name__", equals: "m")], start: 0, end: 1_000_000).first?.points
        }
        #expect(found() == times.map { Point(t: $0, v: Double($0)) })
        store.append([sample("m", 7, 1_000_000)])
        #expect(found()?.last == Point(t: 1_000_000, v: 7))
        let rejected = registry.families().first { $0.name == "vaultwatch_store_samples_rejected_total" }
        #expect(rejected?.samples.allSatisfy { $0.value == 0 } ?? true)
    }

    @Test func seriesAreBounded() {
        let (store, _) = store { $0.seriesLimit = 2 }
        for node in ["a", "b", "c"] { store.append([sample("up", 1, 1, ["node": node])]) }
        #expect(store.select([Matcher("__name__", equals: "up")], start: 0, end: 1).count == 2)
    }

    @Test func oldPointsGo() {
        let (store, _) = store { $0.retention = .seconds(100) }
        for i in 0..<1000 as Range<Int64> { store.append([sample("m", 1, i * 1000)]) }
        store.append([sample("ended", 1, 1001)])
        store.truncate(now: Timestamp(milliseconds: 1_000_000))
        let points = store.select([Matcher("__name__", equals: "m")], start: .min, end: .max).first?.points ?? []
        #expect((100...100 + 120).contains(points.count))
        #expect(points.last?.t == 999_000)
        #expect(store.select([Matcher("__name__", equals: "ended")], start: .min, end: .max).isEmpty)
    }

    /// Incompressible values, far more than the bound: the newest stay, the bytes stay under the bound.
    @Test func bytesAreBounded() {
        let (store, registry) = store { $0.byteLimit = 200_000 }
        let random = SeededRandom(seed: 1)
        for i in 1...20_000 as ClosedRange<Int64> {
            store.append([sample("m", Double(bitPattern: random.next()), i * 1000, ["n": "\(i % 5)"])])
            if i % 500 == 0 { store.truncate(now: Timestamp(milliseconds: i * 1000)) }
        }
        #expect(registry.gauge("vaultwatch_store_bytes", help: "").value() <= 200_000)
        #expect(store.select([Matcher("n", equals: "0")], start: .min, end: .max).first?.points.last?.t == 20_000_000)
    }

    /// One series a minute, whose chunk lasts two hours, beside many every five seconds: neither holds the other's bytes.
    @Test func bytesAreBoundedWithMixedIntervals() {
        let (store, registry) = store { $0.byteLimit = 300_000 }
        let bytes = registry.gauge("vaultwatch_store_bytes", help: "")
        let random = SeededRandom(seed: 1)
        var largest = 0.0
        for second in stride(from: 5, through: 7200, by: 5) as StrideThrough<Int64> {
            if second % 60 == 0 { store.append([sample("slow", 1, second * 1000)]) }
            store.append(
                (0..<50).map { sample("fast", Double(bitPattern: random.next()), second * 1000, ["n": "\($0)"]) })
            guard second % 20 == 0 else { continue }
            store.truncate(now: Timestamp(milliseconds: second * 1000))
            largest = max(largest, bytes.value())
        }
        #expect(largest <= 300_000)
        for name in ["slow", "fast"] {
            for series in store.select([Matcher("__name__", equals: name)], start: .min, end: .max) {
                #expect(series.points.last?.t == 7_200_000)
                // What rules look back at is still there.
                #expect((series.points.first?.t ?? .max) <= 6_900_000, "\(series.labels)")
            }
        }
    }

    /// Over the border of a chunk, both ways; what follows is taken.
    @Test(arguments: [-150_000, 3_600_000] as [Int64]) func pointsGoAlongWithAStepOfTheClock(step: Int64) {
        let (store, _) = store()
        for i in 1...300 as ClosedRange<Int64> { store.append([sample("m", Double(i), i * 1000)]) }
        store.shift(by: .milliseconds(step))
        store.append([sample("m", 7, 301_000 + step)])
        let points = store.select([Matcher("__name__", equals: "m")], start: .min, end: .max).first?.points
        #expect(points?.map(\.t) == (1...301).map { $0 * 1000 + step })
        #expect(points?.map(\.v) == (1...300).map(Double.init) + [7])
        #expect(
            store.select([Matcher("__name__", equals: "m")], start: 299_000 + step, end: 300_000 + step).first?.points
                == [Point(t: 300_000 + step, v: 300)])
    }

    @Test func vanishedSeriesAreEnded() {
        let a = sample("m", 1, 1, ["x": "a"]).labels, b = sample("m", 1, 1, ["x": "b"]).labels
        let now = Timestamp(milliseconds: 2)
        #expect(StaleMarker.ending([], except: [a, b], at: now).isEmpty)
        let ended = StaleMarker.ending([a, b], except: [b], at: now)
        #expect(ended.map(\.labels) == [a] && ended.allSatisfy { StaleMarker.is($0.value) && $0.timestamp == now })
        #expect(StaleMarker.ending([b], at: now).map(\.labels) == [b])
    }
}

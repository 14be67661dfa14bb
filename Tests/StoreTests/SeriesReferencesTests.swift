import Samples
import Telemetry
import Testing

@testable import Store

/// What is appended with references is the same as without them.
struct SeriesReferencesTests {
    private static func samples(_ count: Int, at second: Int64, from first: Int = 0) -> [Sample] {
        (first..<first + count).map {
            Sample(
                Labels(name: "m", ["i": "\($0)"]), Double($0) + Double(second),
                at: Timestamp(milliseconds: second * 1000))
        }
    }

    private static func content(_ store: Store) -> [Series] {
        store.select([Matcher("__name__", equals: "m")], start: .min, end: .max).sorted { $0.labels < $1.labels }
    }

    @Test func theSameIsStored() {
        let (plain, referring) = (
            Store(options: StoreOptions(), registry: Registry()), Store(options: StoreOptions(), registry: Registry())
        )
        let references = SeriesReferences()
        for second in 1...10 as ClosedRange<Int64> {
            for store in [plain, referring] {
                store.append(Self.samples(5, at: second), references: store === referring ? references : nil)
            }
        }
        #expect(Self.content(plain) == Self.content(referring) && Self.content(referring).count == 5)
    }

    /// A series that the store has dropped meanwhile begins anew.
    @Test func aSeriesThatWasDroppedBeginsAnew() {
        var options = StoreOptions()
        options.retention = .seconds(60)
        let store = Store(options: options, registry: Registry())
        let references = SeriesReferences()
        for second in [1, 2] as [Int64] { store.append(Self.samples(3, at: second), references: references) }
        store.truncate(now: Timestamp(milliseconds: 1_000_000))
        #expect(Self.content(store).isEmpty)
        for second in [1001, 1002] as [Int64] { store.append(Self.samples(3, at: second), references: references) }
        #expect(Self.content(store).map(\.points.count) == [2, 2, 2])
    }

    /// References are those of as many samples: with another number they are found anew.
    @Test func anotherNumberOfSamples() {
        let store = Store(options: StoreOptions(), registry: Registry())
        let references = SeriesReferences()
        store.append(Self.samples(3, at: 1), references: references)
        store.append(Self.samples(2, at: 2, from: 1), references: references)
        store.append(Self.samples(3, at: 3), references: references)
        #expect(Self.content(store).map(\.points.count) == [2, 3, 3])
    }
}

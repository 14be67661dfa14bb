import PromQL
import Samples
import Store

/// The store as PromQL reads it.
struct StoreSource: SampleSource {
    let store: Store

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        store.select(matchers, start: start, end: end)
    }

    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        try store.visit(matchers, start: start, end: end, latestOnly: latestOnly, body)
    }
}

import PromQL
package import Samples
package import Store

/// The store as a sample source for PromQL.
package struct StoreSource: SampleSource {
    let store: Store

    /// Reads from this store.
    package init(store: Store) { self.store = store }

    /// All points after the start, up to the end, of the series that all matchers match.
    package func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        store.select(matchers, start: start, end: end)
    }

    /// Calls the body with each of those series.
    package func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        try store.visit(matchers, start: start, end: end, latestOnly: latestOnly, body)
    }

    /// When the series of metrics last changed.
    package func changes(of names: [String]) -> [MetricChange?]? { store.changes(of: names) }
}

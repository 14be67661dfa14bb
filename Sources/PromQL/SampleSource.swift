package import Samples

/// What expressions read samples from: the store, or a rule test's input series. Prometheus' `Queryable`.
package protocol SampleSource: Sendable {
    /// All series that match every matcher, each with its points in `start < t <= end` (milliseconds since the epoch)
    /// in ascending order, stale markers included; series without such points are omitted.
    /// The order of the series is up to the source, but the same in every call.
    /// - Throws: whatever prevents the source from reading; the evaluator reports it as `EvaluationError.Kind.source`.
    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series]

    /// Visits the series that `select` returns one at a time, so that not all points must be in memory at once.
    /// - Parameters:
    ///   - latestOnly: whether only the last point of each series is needed.
    ///   - body: gets the labels and the points, which are valid until it returns.
    /// - Throws: as `select`, and what `body` throws.
    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws

    /// When the series of metrics last changed, in the order of the names: nil for a metric without series.
    /// - Returns: nil from a source that does not know.
    func changes(of names: [String]) -> [MetricChange?]?
}

extension SampleSource {
    /// Does not know.
    package func changes(of names: [String]) -> [MetricChange?]? { nil }

    /// What `select` returns, for sources that implement `visit` themselves.
    package func visited(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        var found: [Series] = []
        try visit(matchers, start: start, end: end, latestOnly: false) { labels, points in
            found.append(Series(labels, Array(points)))
        }
        return found
    }

    /// Visits the series of a `select`; sources that need not hold all points at once implement it themselves.
    package func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        for series in try select(matchers, start: start, end: end) {
            try series.points.withUnsafeBufferPointer { points in
                try body(series.labels, latestOnly ? UnsafeBufferPointer(rebasing: points.suffix(1)) : points)
            }
        }
    }
}

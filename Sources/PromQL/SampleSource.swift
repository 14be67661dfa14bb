import Samples

/// Where expressions find their samples: the store, a rule test's input, a scripted list.
package protocol SampleSource: Sendable {
    /// All series that match every matcher, each with its points in `start < t <= end` (milliseconds),
    /// in the order of time, stale markers included; series without such points are left out.
    /// Series come in an order of the source's own, the same one each time.
    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series]

    /// The same, one series after the other, so that not all points must be in memory at once.
    /// - Parameters:
    ///   - latestOnly: only the last of the points of each series is wanted.
    ///   - body: gets the labels and the points, which are good until it returns.
    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws
}

extension SampleSource {
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

import PromQL
import Samples
import Synchronization

/// Counts the series and samples that the evaluation of one rule reads. Stale markers do not count: they say that there
/// is no data.
final class CountingSource: SampleSource {
    private let base: any SampleSource
    private let count = Mutex((series: 0, samples: 0))

    init(_ base: any SampleSource) { self.base = base }

    /// Read so far; series that several selectors match count for each of them.
    var read: (series: Int, samples: Int) { count.withLock { $0 } }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        try visited(matchers, start: start, end: end)
    }

    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        var (series, samples) = (0, 0)
        defer { count.withLock { $0 = ($0.series + series, $0.samples + samples) } }
        try base.visit(matchers, start: start, end: end, latestOnly: latestOnly) { labels, points in
            let isEnded = points.count == 1 && points.allSatisfy { StaleMarker.is($0.v) }
            if !isEnded {
                series += 1
                samples += points.count
            }
            try body(labels, points)
        }
    }
}

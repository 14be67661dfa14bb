import PromQL
import Samples
import Synchronization

/// Counts the series and samples that the evaluation of one rule reads. Stale markers do not count: they say that there
/// is no data.
final class CountingSource: SampleSource {
    private let base: any SampleSource
    private let count = Mutex(Read())

    /// What was read so far.
    struct Read {
        /// Series that several selectors match count for each of them.
        var series = 0
        var samples = 0
        /// The newest time of the series that has the oldest one, in milliseconds since the epoch.
        var oldest = Int64.max
    }

    init(_ base: any SampleSource) { self.base = base }

    var read: Read { count.withLock { $0 } }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        try visited(matchers, start: start, end: end)
    }

    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        var found = Read()
        defer {
            count.withLock {
                $0.series += found.series
                $0.samples += found.samples
                $0.oldest = min($0.oldest, found.oldest)
            }
        }
        try base.visit(matchers, start: start, end: end, latestOnly: latestOnly) { labels, points in
            let isEnded = points.count == 1 && points.allSatisfy { StaleMarker.is($0.v) }
            if !isEnded {
                found.series += 1
                found.samples += points.count
                found.oldest = min(found.oldest, points.last?.t ?? .max)
            }
            try body(labels, points)
        }
    }
}

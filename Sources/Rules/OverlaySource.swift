import PromQL
import Samples
import Synchronization
import Text

/// The store overlaid with the results of the current evaluation, so that a group's later rules see the results of its
/// earlier ones.
final class OverlaySource: SampleSource {
    private let base: any SampleSource
    /// By metric name.
    private let added = Mutex<[String: Results]>([:])

    /// Results with one metric name, as series in order of arrival.
    private struct Results {
        var series: [Series] = []
        var indices: [Labels: Int] = [:]

        mutating func add(_ sample: Sample) {
            let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
            if let index = indices[sample.labels] {
                series[index].points = OverlaySource.merged(series[index].points, [point])
            } else {
                indices[sample.labels] = series.count
                series.append(Series(sample.labels, [point]))
            }
        }
    }

    init(_ base: any SampleSource) { self.base = base }

    func add(_ samples: [Sample]) {
        added.withLock { added in
            for sample in samples { added[sample.labels.name ?? "", default: Results()].add(sample) }
        }
    }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        try visited(matchers, start: start, end: end)
    }

    func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) throws {
        let extra = extra(matchers, start: start, end: end)
        if extra.isEmpty { return try base.visit(matchers, start: start, end: end, latestOnly: latestOnly, body) }
        var left = Dictionary(extra.map { ($0.labels, $0.points) }) { first, _ in first }
        try base.visit(matchers, start: start, end: end, latestOnly: latestOnly) { labels, points in
            guard let newer = left.removeValue(forKey: labels) else { return try body(labels, points) }
            try OverlaySource.merged(Array(points), newer).withUnsafeBufferPointer { all in
                try body(labels, latestOnly ? UnsafeBufferPointer(rebasing: all.suffix(1)) : all)
            }
        }
        for series in extra where left[series.labels] != nil {
            try series.points.withUnsafeBufferPointer { points in
                try body(series.labels, latestOnly ? UnsafeBufferPointer(rebasing: points.suffix(1)) : points)
            }
        }
    }

    /// Nil where a rule of this evaluation has a result with one of the names: what it changes is not known yet.
    func changes(of names: [String]) -> [MetricChange?]? {
        let isOverlaid = added.withLock { added in names.contains { added[$0] != nil } }
        return isOverlaid ? nil : base.changes(of: names)
    }

    private func extra(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
        let name = matchers.first { $0.name == Labels.metricName && $0.operation == .equal }?.value
        return added.withLock { added in
            let pools =
                name.map { name in added[name].map { [$0] } ?? [] } ?? added.sorted { $0.key < $1.key }.map(\.value)
            return pools.flatMap(\.series).compactMap { one in
                guard matchers.allSatisfy({ $0.matches(one.labels) }) else { return nil }
                let points = one.points.filter { $0.t > start && $0.t <= end }
                return points.isEmpty ? nil : Series(one.labels, points)
            }
        }
    }

    /// A result replaces a point with the same time; later points can only exist after a clock step.
    private static func merged(_ old: [Point], _ newer: [Point]) -> [Point] {
        var points = old
        for point in newer {
            points.removeAll { $0.t == point.t }
            let index = points.firstIndex { $0.t > point.t } ?? points.endIndex
            points.insert(point, at: index)
        }
        return points
    }
}

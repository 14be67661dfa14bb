package import Samples
import Text

extension Store {
    /// Maximum number of series that `runs` and `sketches` return. 1,000.
    package static let drawnSeriesLimit = 1000
    /// A value holds until the next point, but no longer than Prometheus' lookback. 5 min in milliseconds.
    static let lookback: Int64 = 300_000

    /// Runs of equal values of the matching series that overlap the range; the first one has its true start, even if
    /// that is before the range, as far back as the store goes. The last one ends with the range unless the series has
    /// ended. Spans without a value, after a stale marker or five minutes without a point, are runs of nil.
    /// - Parameters:
    ///   - limit: maximum number of runs per series. Over it the shortest good runs are merged into the previous run,
    ///     then the shortest of the others; no other run is merged into a good one, and the last one is kept.
    ///   - isGood: whether a value is good. Default: 1 is.
    package func runs(
        _ matchers: [Matcher], from: Timestamp, to: Timestamp, limit: Int = 200,
        isGood: (Double) -> Bool = { $0 == 1 }
    ) -> [SeriesRuns] {
        var found: [SeriesRuns] = []
        visit(matchers, start: .min, end: to.milliseconds) { labels, points in
            guard found.count < Store.drawnSeriesLimit else { return }
            let all = Store.runs(points, to: to)
            let within = all.filter { $0.to > from || $0.to == to }
            if within.contains(where: { $0.value != nil }) {
                found.append(SeriesRuns(labels, RunReduction.reduce(within, to: limit, isGood: isGood)))
            }
        }
        return found
    }

    /// - Parameter points: in chronological order, none later than `to`.
    private static func runs(_ points: UnsafeBufferPointer<Point>, to: Timestamp) -> [ValueRun] {
        var runs: [ValueRun] = []
        func end(_ time: Int64) { if let last = runs.indices.last { runs[last].to = Timestamp(milliseconds: time) } }
        func begin(_ time: Int64, _ value: Double?) {
            if let last = runs.last, last.value?.bitPattern == value?.bitPattern, last.to.milliseconds == time {
                return end(to.milliseconds)
            }
            runs.append(ValueRun(from: Timestamp(milliseconds: time), to: to, value: value))
        }
        var before: Int64?
        for point in points {
            if let before, runs.last?.value != nil, point.t.subtractingSaturated(before) > lookback {
                end(before.addingSaturated(lookback))
                begin(before.addingSaturated(lookback), nil)
            }
            before = point.t
            let value = StaleMarker.is(point.v) ? nil : point.v
            // There is no value before the first point.
            if runs.isEmpty, value == nil { continue }
            guard runs.isEmpty || runs.last?.value?.bitPattern != value?.bitPattern else { continue }
            end(point.t)
            begin(point.t, value)
        }
        if let before, runs.last?.value != nil, to.milliseconds.subtractingSaturated(before) > lookback {
            end(before.addingSaturated(lookback))
            begin(before.addingSaturated(lookback), nil)
        }
        return runs
    }

    /// The matching series, reduced to few points: the minimum and the maximum in each of equal parts of the range.
    /// - Parameter points: number of parts; 1 to 1,000. Default 120.
    package func sketches(_ matchers: [Matcher], from: Timestamp, to: Timestamp, points count: Int = 120)
        -> [SeriesSketch]
    {
        let count = Int64(min(max(count, 1), 1000))
        let span = max((to - from).milliseconds, 1)
        var found: [SeriesSketch] = []
        visit(matchers, start: from.milliseconds.subtractingSaturated(1), end: to.milliseconds) { labels, points in
            guard found.count < Store.drawnSeriesLimit else { return }
            var bins: [SeriesSketch.Bin] = []
            var current: Int64 = -1
            for point in points where point.v.isFinite {
                let offset = point.t.subtractingSaturated(from.milliseconds)
                // Computed as doubles, so that no span overflows.
                let index = min(Int64(saturating: Double(offset) / Double(span) * Double(count)), count - 1)
                if index == current, let last = bins.indices.last {
                    bins[last].min = min(bins[last].min, point.v)
                    bins[last].max = max(bins[last].max, point.v)
                } else {
                    current = index
                    let start = Int64(saturating: Double(span) / Double(count) * Double(index))
                    bins.append(.init(at: from + .milliseconds(start), min: point.v, max: point.v))
                }
            }
            let newest = points.last.flatMap { point in
                !point.v.isFinite || to.milliseconds.subtractingSaturated(point.t) > Store.lookback ? nil : point.v
            }
            if !bins.isEmpty { found.append(SeriesSketch(labels, from: from, to: to, bins: bins, last: newest)) }
        }
        return found
    }
}

import Samples
import Synchronization
import Telemetry

package struct StoreOptions: Sendable, Hashable {
    /// How far back points are kept.
    package var retention: Duration = .seconds(6 * 3600)
    /// Most bytes for points and labels; over it the oldest points go first.
    package var byteLimit = 64 << 20
    /// Most series at once; samples of further ones are refused.
    package var seriesLimit = 200_000

    package init() {}
}

/// Recent series in memory, bounded in time, bytes and number.
///
/// A series ends with a stale marker or when nothing came for five minutes; the store keeps markers as
/// ordinary points and leaves their meaning to PromQL, as Prometheus does.
package final class Store: Sendable {
    private let state: Mutex<State>
    private let limits: Mutex<StoreOptions>
    private let rejected: Counter
    private let appended: Counter

    package init(options: StoreOptions, registry: Registry) {
        limits = Mutex(options)
        state = Mutex(State())
        appended = registry.counter("vaultwatch_store_samples_appended_total", help: "Samples taken into the store.")
        rejected = registry.counter(
            "vaultwatch_store_samples_rejected_total", help: "Samples that the store refused.", labels: ["reason"])
        for reason in ["out_of_order", "series_limit"] { rejected.declare(reason) }
        seriesGauge = registry.gauge("vaultwatch_store_series", help: "Series in the store.")
        bytesGauge = registry.gauge("vaultwatch_store_bytes", help: "Bytes that points and labels take in the store.")
        oldestGauge = registry.gauge(
            "vaultwatch_store_oldest_timestamp_seconds", help: "Time of the oldest point in the store, since the epoch."
        )
    }

    /// Other limits, from now on; the next `truncate` enforces those of time and bytes.
    package func apply(_ options: StoreOptions) { limits.withLock { $0 = options } }

    private let seriesGauge: Gauge
    private let bytesGauge: Gauge
    private let oldestGauge: Gauge

    /// Takes samples in. A sample no newer than its series' last one is refused and counted,
    /// unless it says the same again.
    package func append(_ samples: [Sample]) {
        let seriesLimit = limits.withLock(\.seriesLimit)
        let (taken, late, over) = state.withLock { state -> (Int, Int, Int) in
            var late = 0
            var over = 0
            for sample in samples {
                switch state.append(sample, seriesLimit: seriesLimit) {
                case .taken: break
                case .outOfOrder: late += 1
                case .tooManySeries: over += 1
                }
            }
            return (samples.count - late - over, late, over)
        }
        if taken > 0 { appended.increment(by: Double(taken)) }
        if late > 0 { rejected.increment("out_of_order", by: Double(late)) }
        if over > 0 { rejected.increment("series_limit", by: Double(over)) }
    }

    /// All series that match, each with its points in `start < t <= end` (milliseconds), those without any left out;
    /// in the order in which they came into the store.
    package func select(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
        var found: [Series] = []
        visit(matchers, start: start, end: end) { labels, points in found.append(Series(labels, Array(points))) }
        return found
    }

    /// The same, one series after the other. The store is not locked meanwhile.
    /// - Parameters:
    ///   - latestOnly: only the last of the points of each series is wanted.
    ///   - body: gets the labels and the points, which are good until it returns.
    package func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool = false,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) rethrows {
        let found = state.withLock {
            $0.index.series(matchers).compactMap { $0.excerpt(after: start, through: end, latestOnly: latestOnly) }
        }
        let most = found.reduce(1) { max($0, $1.mostPoints) }
        try withUnsafeTemporaryAllocation(of: Point.self, capacity: most) { room in
            for excerpt in found {
                let count = excerpt.read(into: room, after: start, through: end)
                if count > 0 {
                    try body(excerpt.labels, UnsafeBufferPointer(rebasing: room[(latestOnly ? count - 1 : 0)..<count]))
                }
            }
        }
    }

    /// The label sets that match and have a point in the range.
    package func labels(_ matchers: [Matcher], start: Int64, end: Int64) -> [Labels] {
        state.withLock { state in
            state.index.series(matchers).filter { $0.last >= start && $0.first <= end }.map(\.labels)
        }
    }

    /// Lets go of what is older than the retention, and of the oldest points while there are too many bytes.
    package func truncate(now: Timestamp) {
        let options = limits.withLock { $0 }
        let (count, bytes, oldest) = state.withLock { state -> (Int, Int, Int64?) in
            state.truncate(before: (now - options.retention).milliseconds)
            while state.byteCount > options.byteLimit, let oldest = state.oldest {
                // A twentieth of what is left each turn: few turns, and not much more is lost than must be.
                state.truncate(
                    before: oldest.addingSaturated(max(1, now.milliseconds.subtractingSaturated(oldest) / 20)))
                if state.oldest == oldest { break }
            }
            return (state.series.count, state.byteCount, state.oldest)
        }
        seriesGauge.set(Double(count))
        bytesGauge.set(Double(bytes))
        oldestGauge.set(Double(oldest ?? now.milliseconds) / 1000)
    }

    /// Moves all points in time: the wall clock stepped, and what was ten seconds old is so still.
    package func shift(by step: Duration) {
        state.withLock { state in
            for memory in state.series.values { memory.shift(by: step.milliseconds) }
        }
    }
}

private enum Outcome {
    case taken, outOfOrder, tooManySeries
}

private struct State {
    var series: [Labels: MemorySeries] = [:]
    var index = SeriesIndex()

    /// What the samples' own labels weigh beside the points: entries of a dictionary and of the index, and the strings.
    private static func weight(_ labels: Labels) -> Int {
        labels.pairs.reduce(200) { $0 + 40 + $1.name.utf8.count + $1.value.utf8.count }
    }

    var byteCount: Int { series.values.reduce(0) { $0 + $1.byteCount } }
    var oldest: Int64? { series.values.lazy.map(\.first).min() }

    mutating func append(_ sample: Sample, seriesLimit: Int) -> Outcome {
        let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
        if let known = series[sample.labels] { return known.append(point) ? .taken : .outOfOrder }
        guard series.count < seriesLimit else { return .tooManySeries }
        let new = MemorySeries(labels: sample.labels, overhead: State.weight(sample.labels))
        _ = new.append(point)
        series[sample.labels] = new
        index.insert(new)
        return .taken
    }

    mutating func truncate(before time: Int64) {
        for memory in series.values where memory.first < time { memory.truncate(before: time) }
        dropEmpty()
    }

    mutating func dropEmpty() {
        guard series.values.contains(where: \.isEmpty) else { return }
        series = series.filter { !$0.value.isEmpty }
        index.removeEmpty()
    }
}

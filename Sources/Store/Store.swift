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
    private let options: StoreOptions
    private let rejected: Counter
    private let appended: Counter

    package init(options: StoreOptions, registry: Registry) {
        self.options = options
        state = Mutex(State())
        appended = registry.counter("vaultwatch_store_samples_appended_total", help: "Samples taken into the store.")
        rejected = registry.counter(
            "vaultwatch_store_samples_rejected_total", help: "Samples that the store refused.", labels: ["reason"])
        for reason in ["out_of_order", "series_limit"] { rejected.declare(reason) }
        seriesGauge = registry.gauge("vaultwatch_store_series", help: "Series in the store.")
        bytesGauge = registry.gauge("vaultwatch_store_bytes", help: "Bytes that points and labels take in the store.")
        oldestGauge = registry.gauge(
            "vaultwatch_store_oldest_timestamp_seconds", help: "Time of the oldest point in the store, since the epoch.")
    }

    private let seriesGauge: Gauge
    private let bytesGauge: Gauge
    private let oldestGauge: Gauge

    /// Takes samples in. A sample no newer than its series' last one is refused and counted,
    /// unless it says the same again.
    package func append(_ samples: [Sample]) {
        let (taken, late, over) = state.withLock { state -> (Int, Int, Int) in
            var late = 0
            var over = 0
            for sample in samples {
                switch state.append(sample, seriesLimit: options.seriesLimit) {
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

    /// All series that match, each with its points in `start < t <= end` (milliseconds), those without any left out.
    package func select(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
        state.withLock { state in
            state.candidates(matchers).compactMap { memory in
                let points = memory.points(after: start, through: end)
                return points.isEmpty ? nil : Series(memory.labels, points)
            }
        }
    }

    /// The label sets that match and have a point in the range.
    package func labels(_ matchers: [Matcher], start: Int64, end: Int64) -> [Labels] {
        state.withLock { state in
            state.candidates(matchers).filter { $0.last >= start && $0.first <= end }.map(\.labels)
        }
    }

    /// Lets go of what is older than the retention, and of the oldest points while there are too many bytes.
    package func truncate(now: Timestamp) {
        let (count, bytes, oldest) = state.withLock { state -> (Int, Int, Int64?) in
            state.truncate(before: (now - options.retention).milliseconds)
            while state.byteCount > options.byteLimit, let oldest = state.oldest {
                // A twentieth of what is left each turn: few turns, and not much more is lost than must be.
                state.truncate(before: oldest + max(1, (now.milliseconds - oldest) / 20))
                if state.oldest == oldest { break }
            }
            return (state.series.count, state.byteCount, state.oldest)
        }
        seriesGauge.set(Double(count))
        bytesGauge.set(Double(bytes))
        oldestGauge.set(Double(oldest ?? now.milliseconds) / 1000)
    }

    /// Lets go of all points later than `now`. To be called when the wall clock stepped back: they would
    /// otherwise refuse every new sample until the clock has caught up.
    package func rewind(to now: Timestamp) {
        state.withLock { state in
            for memory in state.series.values where memory.last > now.milliseconds { memory.rewind(to: now.milliseconds) }
            state.dropEmpty()
        }
    }
}

private enum Outcome {
    case taken, outOfOrder, tooManySeries
}

private struct State {
    var series: [Labels: MemorySeries] = [:]
    private var byName: [String: Set<Labels>] = [:]

    /// What the samples' own labels weigh beside the points: two dictionary entries and the strings.
    private static func weight(_ labels: Labels) -> Int {
        labels.pairs.reduce(200) { $0 + 32 + $1.name.utf8.count + $1.value.utf8.count }
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
        byName[sample.labels.name ?? "", default: []].insert(sample.labels)
        return .taken
    }

    func candidates(_ matchers: [Matcher]) -> [MemorySeries] {
        if let name = matchers.first(where: { $0.name == Labels.metricName && $0.operation == .equal }) {
            let rest = matchers.filter { $0 != name }
            return (byName[name.value] ?? []).compactMap { labels in
                rest.allSatisfy { $0.matches(labels) } ? series[labels] : nil
            }
        }
        return series.values.filter { memory in matchers.allSatisfy { $0.matches(memory.labels) } }
    }

    mutating func truncate(before time: Int64) {
        for memory in series.values where memory.first < time { memory.truncate(before: time) }
        dropEmpty()
    }

    mutating func dropEmpty() {
        for (labels, memory) in series where memory.isEmpty {
            series[labels] = nil
            let name = labels.name ?? ""
            byName[name]?.remove(labels)
            if byName[name]?.isEmpty == true { byName[name] = nil }
        }
    }
}

/// One series: full chunks and the one being written. Only ever touched under the store's lock.
private final class MemorySeries {
    let labels: Labels
    private let overhead: Int
    private var chunks: [Chunk] = []
    private var lastValue: UInt64 = 0

    init(labels: Labels, overhead: Int) {
        self.labels = labels
        self.overhead = overhead
    }

    var isEmpty: Bool { chunks.isEmpty }
    var first: Int64 { chunks.first?.first ?? .max }
    var last: Int64 { chunks.last?.last ?? .min }
    var byteCount: Int { overhead + chunks.reduce(0) { $0 + $1.byteCount + MemoryLayout<Chunk>.stride } }

    func append(_ point: Point) -> Bool {
        if point.t <= last { return point.t == last && point.v.bitPattern == lastValue }
        if chunks.last?.isFull ?? true {
            if !chunks.isEmpty { chunks[chunks.count - 1].seal() }
            chunks.append(Chunk())
        }
        chunks[chunks.count - 1].append(point)
        lastValue = point.v.bitPattern
        return true
    }

    func points(after start: Int64, through end: Int64) -> [Point] {
        var points: [Point] = []
        for chunk in chunks { chunk.read(into: &points, after: start, through: end) }
        return points
    }

    /// Whole chunks only: what is cut is at most 120 points late.
    func truncate(before time: Int64) { chunks.removeAll { $0.last < time } }

    func rewind(to time: Int64) {
        let kept = points(after: .min, through: time)
        chunks = []
        for point in kept { _ = append(point) }
    }
}

package import Samples
import Synchronization
package import Telemetry
import Text

/// The limits of the store.
package struct StoreOptions: Sendable, Hashable {
    /// How far back points are kept. Default 6 h.
    package var retention: Duration = .seconds(6 * 3600)
    /// Maximum bytes for points and labels; beyond it the oldest points are dropped first. Default 64 MiB.
    package var byteLimit = 64 << 20
    /// Maximum number of series; samples of further ones are refused. Default 200,000.
    package var seriesLimit = 200_000

    /// The defaults.
    package init() {}
}

/// Recent series in memory, with limits on time, bytes and number.
///
/// A series ends with a stale marker or when no sample has come for five minutes; the store keeps markers as ordinary
/// points and leaves their interpretation to PromQL, as Prometheus does.
package final class Store: Sendable {
    /// Takes samples as they were added, with the store's lock held: it must return at once and not use the store. It does
    /// not see a second value of a series for the same time, which other servers refuse.
    package typealias Observer = @Sendable ([Sample]) -> Void

    private let state: Mutex<State>
    private let rejected: Counter
    private let appended: Counter

    /// An empty store.
    package init(options: StoreOptions, registry: Registry) {
        state = Mutex(State(options))
        appended = registry.counter("vaultwatch_store_samples_appended_total", help: "Samples added to the store.")
        rejected = registry.counter(
            "vaultwatch_store_samples_rejected_total", help: "Samples rejected by the store.", labels: ["reason"])
        for reason in ["out_of_order", "series_limit", "byte_limit"] { rejected.declare(reason) }
        seriesGauge = registry.gauge("vaultwatch_store_series", help: "Series in the store.")
        bytesGauge = registry.gauge("vaultwatch_store_bytes", help: "Bytes used by points and labels in the store.")
        oldestGauge = registry.gauge(
            "vaultwatch_store_oldest_timestamp_seconds", help: "Time of the oldest point in the store, since the epoch."
        )
    }

    /// Sets new limits; the next `truncate` applies those of time and bytes to existing points.
    package func apply(_ options: StoreOptions) { state.withLock { $0.options = options } }

    /// Passes what is added from now on to an observer, in the order in which it is added; nil for none.
    package func observe(_ observer: Observer?) { state.withLock { $0.observer = observer } }

    private let seriesGauge: Gauge
    private let bytesGauge: Gauge
    private let oldestGauge: Gauge

    /// Appends samples. Two kinds are refused and counted: a sample that is not newer than its series' last one, unless
    /// it is identical to it, and a new series beyond `seriesLimit` or without room below `byteLimit`.
    /// - Parameter references: of samples with the same labels in the same order, whose series are then not looked up.
    package func append(_ samples: [Sample], references: SeriesReferences? = nil) {
        let (taken, refused) = state.withLock { state -> (Int, [Refusal: Int]) in
            references?.prepare(samples.count)
            var refused: [Refusal: Int] = [:]
            var taken = 0
            // Only filled for an observer, and only from the first sample on that was not added.
            var others: [Sample]?
            for (index, sample) in samples.enumerated() {
                let outcome = state.append(sample, references, index)
                if case .refused(let refusal) = outcome { refused[refusal, default: 0] += 1 } else { taken += 1 }
                if case .added = outcome {
                    others?.append(sample)
                } else if state.observer != nil, others == nil {
                    others = Array(samples[..<index])
                }
            }
            let added = others ?? samples
            if !added.isEmpty { state.observer?(added) }
            return (taken, refused)
        }
        if taken > 0 { appended.increment(by: Double(taken)) }
        for (refusal, count) in refused { rejected.increment(refusal.rawValue, by: Double(count)) }
    }

    /// All matching series, each with its points in `start < t <= end` (milliseconds), without those that have none; in
    /// the order in which they were added to the store.
    package func select(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
        var found: [Series] = []
        visit(matchers, start: start, end: end) { labels, points in found.append(Series(labels, Array(points))) }
        return found
    }

    /// The same, one series after the other, in the same order. The store is not locked meanwhile.
    /// - Parameters:
    ///   - latestOnly: only the last point of each series is needed.
    ///   - body: gets the labels and the points, which are valid until it returns.
    package func visit(
        _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool = false,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
    ) rethrows {
        let found = state.withLock {
            $0.index.series(matchers).compactMap { $0.excerpt(after: start, through: end, latestOnly: latestOnly) }
        }
        let capacity = found.reduce(1) { max($0, $1.pointLimit) }
        try withUnsafeTemporaryAllocation(of: Point.self, capacity: capacity) { room in
            for excerpt in found {
                let count = excerpt.read(into: room, after: start, through: end)
                if count > 0 {
                    try body(excerpt.labels, UnsafeBufferPointer(rebasing: room[(latestOnly ? count - 1 : 0)..<count]))
                }
            }
        }
    }

    /// When the series of metrics last changed, in the order of the names: nil for a metric without series.
    package func changes(of names: [String]) -> [MetricChange?] {
        state.withLock { state in names.map { state.changes[$0] } }
    }

    /// The label sets that match and have a point in the range.
    package func labels(_ matchers: [Matcher], start: Int64, end: Int64) -> [Labels] {
        state.withLock { state in
            state.index.series(matchers).filter { !$0.isEmpty && $0.last >= start && $0.first <= end }.map(\.labels)
        }
    }

    /// Drops points older than the retention, and the oldest ones while the size exceeds its limit.
    package func truncate(now: Timestamp) {
        let (count, bytes, oldest) = state.withLock { state -> (Int, Int, Int64?) in
            state.truncate(before: (now - state.options.retention).milliseconds)
            state.evict(now: now.milliseconds)
            return (state.series.count, state.byteCount, state.oldest)
        }
        seriesGauge.set(Double(count))
        bytesGauge.set(Double(bytes))
        oldestGauge.set(Double(oldest ?? now.milliseconds) / 1000)
    }

    /// Shifts all points in time: the wall clock was stepped, and a point that was ten seconds old must stay so.
    package func shift(by step: Duration) {
        state.withLock { state in
            for memory in state.series.values { memory.shift(by: step.milliseconds) }
            state.changes.shift(by: step.milliseconds)
        }
    }
}

/// Why a sample was refused; label values of `vaultwatch_store_samples_rejected_total`.
private enum Refusal: String {
    case outOfOrder = "out_of_order"
    case seriesLimit = "series_limit"
    case byteLimit = "byte_limit"
}

/// What came of a sample.
private enum Outcome {
    case added
    /// The series had one of this time already, whose value it may have replaced.
    case repeated
    case refused(Refusal)
}

private struct State {
    var options: StoreOptions
    var observer: Store.Observer?
    private(set) var series: [Labels: MemorySeries] = [:]
    private(set) var index = SeriesIndex()
    var changes = MetricChanges()
    /// Bytes of all series, updated with each change.
    private(set) var byteCount = 0
    /// Even the newest points alone exceed the limit: no room can be made until the next truncation.
    private var isFull = false

    /// A series with its first point.
    private static let newSeriesBytes = 64 + MemoryLayout<Chunk>.stride

    init(_ options: StoreOptions) { self.options = options }

    /// Bytes of a series' labels: the strings, and the entries of the dictionary and the index.
    private static func overhead(_ labels: Labels) -> Int {
        labels.pairs.reduce(200) { $0 + 40 + $1.name.utf8.count + $1.value.utf8.count }
    }

    /// Time of the oldest point, milliseconds.
    var oldest: Int64? { series.values.lazy.map(\.first).min() }

    mutating func append(_ sample: Sample, _ references: SeriesReferences?, _ index: Int) -> Outcome {
        let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
        guard let known = references?[index] ?? series[sample.labels] else { return insert(sample.labels, point) }
        references?[index] = known
        let (before, value, last) = (known.byteCount, known.lastValue, known.last)
        guard known.append(point) else { return .refused(.outOfOrder) }
        // After a longer pause rules had no value.
        if known.lastValue != value || point.t.subtractingSaturated(last) >= Store.lookback {
            changes.note(known.metric, at: point.t)
        }
        byteCount += known.byteCount - before
        if byteCount > options.byteLimit { makeRoom(now: point.t) }
        return point.t > last ? .added : .repeated
    }

    private mutating func insert(_ labels: Labels, _ point: Point) -> Outcome {
        guard series.count < options.seriesLimit else { return .refused(.seriesLimit) }
        let overhead = State.overhead(labels)
        let needed = overhead + State.newSeriesBytes
        if byteCount + needed > options.byteLimit { makeRoom(now: point.t) }
        guard byteCount + needed <= options.byteLimit else { return .refused(.byteLimit) }
        let new = MemorySeries(labels: labels, metric: changes.add(labels), overhead: overhead)
        _ = new.append(point)
        changes.note(new.metric, at: point.t)
        series[labels] = new
        index.insert(new)
        byteCount += new.byteCount
        return .added
    }

    /// Evicts points, unless an attempt since the last truncation has already failed to free enough.
    private mutating func makeRoom(now: Int64) {
        guard !isFull else { return }
        evict(now: now)
    }

    mutating func truncate(before time: Int64) {
        isFull = false
        for memory in series.values where memory.firstChunkEnd < time { truncate(memory, before: time) }
        removeEmpty()
    }

    private mutating func truncate(_ memory: MemorySeries, before time: Int64) {
        let before = memory.byteCount
        memory.truncate(before: time)
        byteCount += memory.byteCount - before
    }

    /// Reduces the bytes to below the limit, with some room to grow: drops the chunks that ended first, as long as they
    /// are older than rules look back; if that is not enough, all points but the newest of each series.
    mutating func evict(now: Int64) {
        guard byteCount > options.byteLimit else { return }
        let target = options.byteLimit - options.byteLimit / 16
        let youngest = now.subtractingSaturated(Store.lookback)
        while byteCount > target {
            let oldest = series.values.lazy.map(\.firstChunkEnd).min() ?? .max
            guard oldest < youngest else { break }
            // In steps of a twentieth of the remaining time: this needs few rounds and drops little more than
            // necessary.
            let cut = min(youngest, oldest.addingSaturated(max(1, now.subtractingSaturated(oldest) / 20)))
            for memory in series.values where memory.firstChunkEnd < cut { truncate(memory, before: cut) }
        }
        if byteCount > options.byteLimit {
            for memory in series.values {
                let before = memory.byteCount
                memory.keepNewestOnly()
                byteCount += memory.byteCount - before
                if byteCount <= target { break }
            }
            isFull = byteCount > target
        }
        removeEmpty()
    }

    private mutating func removeEmpty() {
        let gone = series.values.filter(\.isEmpty)
        guard !gone.isEmpty else { return }
        for memory in gone {
            series[memory.labels] = nil
            memory.isRemoved = true
            changes.remove(memory)
            byteCount -= memory.byteCount
        }
        index.removed(gone.count)
    }
}

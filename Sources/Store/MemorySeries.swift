import Samples

/// One series: full chunks and the one being written, which stands apart since most series have no other. Only used under
/// the store's lock.
final class MemorySeries {
    let labels: Labels
    /// Of all series of the metric.
    let metric: MetricChanges.Entry
    /// Whether the store has forgotten it.
    var isRemoved = false
    private let overhead: Int
    private var full: [Chunk] = []
    /// The newest; without points only if there are none at all.
    private var open = Chunk()
    /// The bits of the newest value.
    private(set) var lastValue: UInt64 = 0
    /// Bytes of the points and the labels, updated with each change.
    private(set) var byteCount: Int

    /// - Parameter overhead: bytes of the labels and of the index entries that belong to the series.
    init(labels: Labels, metric: MetricChanges.Entry, overhead: Int) {
        self.labels = labels
        self.metric = metric
        self.overhead = overhead
        byteCount = overhead
    }

    var isEmpty: Bool { open.count == 0 }
    /// Time of the oldest point, milliseconds.
    var first: Int64 { full.first?.first ?? (isEmpty ? .max : open.first) }
    /// Time of the newest point, milliseconds.
    var last: Int64 { isEmpty ? .min : open.last }
    /// Time of the newest point of the oldest chunk: the whole chunk is dropped once that is old enough.
    var firstChunkEnd: Int64 { full.first?.last ?? (isEmpty ? .max : open.last) }

    private static func byteCount(_ chunk: Chunk) -> Int { chunk.byteCount + MemoryLayout<Chunk>.stride }

    /// If several values have the same millisecond, the last one wins: nodes whose probes end together are handled one
    /// after the other, and only the last result for their cluster includes all of them.
    /// - Returns: false for a point that is older than the last one.
    func append(_ point: Point) -> Bool {
        guard point.t > last else {
            if point.t == last, point.v.bitPattern != lastValue { replaceLast(point) }
            return point.t == last
        }
        if isEmpty { byteCount += MemoryLayout<Chunk>.stride }
        var before = open.byteCount
        if open.isFull {
            open.seal()
            byteCount += open.byteCount - before + MemoryLayout<Chunk>.stride
            full.append(open)
            open = Chunk()
            before = open.byteCount
        }
        open.append(point)
        byteCount += open.byteCount - before
        lastValue = point.v.bitPattern
        return true
    }

    private func replaceLast(_ point: Point) {
        let old = open
        let points = [Point](unsafeUninitializedCapacity: old.count) { room, count in
            count = room.baseAddress.map { old.read(into: $0, after: .min, through: .max) } ?? 0
        }
        var new = Chunk()
        for point in points.dropLast() { new.append(point) }
        new.append(point)
        open = new
        byteCount += new.byteCount - old.byteCount
        lastValue = point.v.bitPattern
    }

    /// The part with the points in `start < t <= end`, to be read after the lock is released.
    func excerpt(after start: Int64, through end: Int64, latestOnly: Bool) -> SeriesExcerpt? {
        guard last > start, first <= end else { return nil }
        if latestOnly, last <= end {
            return SeriesExcerpt(labels: labels, chunks: [], newest: Point(t: last, v: Double(bitPattern: lastValue)))
        }
        var within = full.filter { $0.last > start && $0.first <= end }
        if open.last > start, open.first <= end { within.append(open) }
        return within.isEmpty ? nil : SeriesExcerpt(labels: labels, chunks: within, newest: nil)
    }

    /// Drops chunks whose points are all older. Only whole chunks: a series keeps up to 119 points that are older.
    func truncate(before time: Int64) {
        guard firstChunkEnd < time else { return }
        full.removeAll { $0.last < time }
        if open.last < time { open = Chunk() }
        byteCount = full.reduce(overhead) { $0 + MemorySeries.byteCount($1) }
        if !isEmpty { byteCount += MemorySeries.byteCount(open) }
    }

    /// Drops all points but the newest.
    func keepNewestOnly() {
        guard open.count > 1 || !full.isEmpty else { return }
        let newest = Point(t: last, v: Double(bitPattern: lastValue))
        (full, open) = ([], Chunk())
        open.append(newest)
        byteCount = overhead + MemorySeries.byteCount(open)
    }

    func shift(by milliseconds: Int64) {
        for index in full.indices { full[index].shift(by: milliseconds) }
        if !isEmpty { open.shift(by: milliseconds) }
    }
}

/// A copy of the part of a series for a range of time. Chunks share their bytes with the series until it grows.
struct SeriesExcerpt {
    let labels: Labels
    fileprivate let chunks: [Chunk]
    /// Set if only the newest point is requested and known.
    fileprivate let newest: Point?

    fileprivate init(labels: Labels, chunks: [Chunk], newest: Point?) {
        self.labels = labels
        self.chunks = chunks
        self.newest = newest
    }

    /// The room that `read` needs.
    var pointLimit: Int { chunks.reduce(1) { $0 + $1.count } }

    /// Writes the points in `start < t <= end`.
    /// - Returns: their number.
    func read(into room: UnsafeMutableBufferPointer<Point>, after start: Int64, through end: Int64) -> Int {
        guard let base = room.baseAddress else { return 0 }
        if let newest {
            base.initialize(to: newest)
            return 1
        }
        var count = 0
        for chunk in chunks { count += chunk.read(into: base + count, after: start, through: end) }
        return count
    }
}

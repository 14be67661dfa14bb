import Samples

/// One series: full chunks and the one being written. Only used under the store's lock.
final class MemorySeries {
    let labels: Labels
    private let overhead: Int
    private var chunks: [Chunk] = []
    private var lastValue: UInt64 = 0
    /// Bytes of the points and the labels, updated with each change.
    private(set) var byteCount: Int

    /// - Parameter overhead: bytes of the labels and of the index entries that belong to the series.
    init(labels: Labels, overhead: Int) {
        self.labels = labels
        self.overhead = overhead
        byteCount = overhead
    }

    var isEmpty: Bool { chunks.isEmpty }
    /// Time of the oldest point, milliseconds.
    var first: Int64 { chunks.first?.first ?? .max }
    /// Time of the newest point, milliseconds.
    var last: Int64 { chunks.last?.last ?? .min }
    /// Time of the newest point of the oldest chunk: the whole chunk is dropped once that is old enough.
    var firstChunkEnd: Int64 { chunks.first?.last ?? .max }

    private static func byteCount(_ chunk: Chunk) -> Int { chunk.byteCount + MemoryLayout<Chunk>.stride }

    /// If several values have the same millisecond, the last one wins: nodes whose probes end together are handled one
    /// after the other, and only the last result for their cluster includes all of them.
    /// - Returns: false for a point that is older than the last one.
    func append(_ point: Point) -> Bool {
        guard point.t > last else {
            if point.t == last, point.v.bitPattern != lastValue { replaceLast(point) }
            return point.t == last
        }
        if chunks.last?.isFull ?? true {
            if let index = chunks.indices.last {
                let before = chunks[index].byteCount
                chunks[index].seal()
                byteCount += chunks[index].byteCount - before
            }
            chunks.append(Chunk())
            byteCount += MemoryLayout<Chunk>.stride
        }
        let index = chunks.count - 1
        let before = chunks[index].byteCount
        chunks[index].append(point)
        byteCount += chunks[index].byteCount - before
        lastValue = point.v.bitPattern
        return true
    }

    private func replaceLast(_ point: Point) {
        let index = chunks.count - 1
        let old = chunks[index]
        let points = [Point](unsafeUninitializedCapacity: old.count) { room, count in
            count = room.baseAddress.map { old.read(into: $0, after: .min, through: .max) } ?? 0
        }
        var new = Chunk()
        for point in points.dropLast() { new.append(point) }
        new.append(point)
        chunks[index] = new
        byteCount += new.byteCount - old.byteCount
        lastValue = point.v.bitPattern
    }

    /// The part with the points in `start < t <= end`, to be read after the lock is released.
    func excerpt(after start: Int64, through end: Int64, latestOnly: Bool) -> SeriesExcerpt? {
        guard last > start, first <= end else { return nil }
        if latestOnly, last <= end {
            return SeriesExcerpt(labels: labels, chunks: [], newest: Point(t: last, v: Double(bitPattern: lastValue)))
        }
        let within = chunks.filter { $0.last > start && $0.first <= end }
        return within.isEmpty ? nil : SeriesExcerpt(labels: labels, chunks: within, newest: nil)
    }

    /// Drops chunks whose points are all older. Only whole chunks: a series keeps up to 119 points that are older.
    func truncate(before time: Int64) {
        guard firstChunkEnd < time else { return }
        chunks.removeAll { $0.last < time }
        byteCount = chunks.reduce(overhead) { $0 + MemorySeries.byteCount($1) }
    }

    /// Drops all points but the newest.
    func keepNewestOnly() {
        guard !chunks.isEmpty, chunks.count > 1 || chunks[0].count > 1 else { return }
        var chunk = Chunk()
        chunk.append(Point(t: last, v: Double(bitPattern: lastValue)))
        chunks = [chunk]
        byteCount = overhead + MemorySeries.byteCount(chunk)
    }

    func shift(by milliseconds: Int64) {
        for index in chunks.indices { chunks[index].shift(by: milliseconds) }
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

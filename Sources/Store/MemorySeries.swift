import Samples

/// One series: full chunks and the one being written. Only ever touched under the store's lock.
final class MemorySeries {
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

    /// What holds the points in `start < t <= end`, to be read when the lock is no longer held.
    func excerpt(after start: Int64, through end: Int64, latestOnly: Bool) -> SeriesExcerpt? {
        guard last > start, first <= end else { return nil }
        if latestOnly, last <= end {
            return SeriesExcerpt(labels: labels, chunks: [], newest: Point(t: last, v: Double(bitPattern: lastValue)))
        }
        let within = chunks.filter { $0.last > start && $0.first <= end }
        return within.isEmpty ? nil : SeriesExcerpt(labels: labels, chunks: within, newest: nil)
    }

    /// Whole chunks only: what is cut is at most 120 points late.
    func truncate(before time: Int64) { chunks.removeAll { $0.last < time } }

    func shift(by milliseconds: Int64) {
        for index in chunks.indices { chunks[index].shift(by: milliseconds) }
    }
}

/// A copy of the part of a series that holds a range of time. Chunks share their bytes with the series until it grows.
struct SeriesExcerpt {
    let labels: Labels
    fileprivate let chunks: [Chunk]
    /// Where only the newest point is wanted and known.
    fileprivate let newest: Point?

    fileprivate init(labels: Labels, chunks: [Chunk], newest: Point?) {
        self.labels = labels
        self.chunks = chunks
        self.newest = newest
    }

    /// Room that `read` needs.
    var mostPoints: Int { chunks.reduce(1) { $0 + $1.count } }

    /// Writes the points in `start < t <= end`.
    /// - Returns: how many they are.
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

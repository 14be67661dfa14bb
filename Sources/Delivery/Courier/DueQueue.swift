import Platform

/// Messages that wait, by the time at which they are due; each is there once. A binary heap in which an entry that was
/// withdrawn or replaced stays until it comes up, and is skipped then.
struct DueQueue: Sendable {
    struct Entry: Sendable {
        let id: UInt64
        /// How many attempts have failed.
        let attempt: Int
        let due: Instant
        fileprivate let order: UInt64
    }

    private var heap: [Entry] = []
    /// The order number of each message's living entry.
    private var living: [UInt64: UInt64] = [:]
    private var nextOrder: UInt64 = 0

    var count: Int { living.count }

    func contains(_ id: UInt64) -> Bool { living[id] != nil }

    mutating func add(_ id: UInt64, attempt: Int = 0, due: Instant) {
        living[id] = nextOrder
        heap.append(Entry(id: id, attempt: attempt, due: due, order: nextOrder))
        nextOrder += 1
        var i = heap.count - 1
        while i > 0, DueQueue.precedes(heap[i], heap[(i - 1) / 2]) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func remove(_ id: UInt64) { living[id] = nil }

    mutating func removeAll() {
        heap = []
        living = [:]
    }

    /// Takes out the first that is due; of equals the one that came first.
    mutating func take(dueAt now: Instant) -> Entry? {
        dropDead()
        guard let first = heap.first, first.due <= now else { return nil }
        removeFirst()
        living[first.id] = nil
        return first
    }

    /// When the first is due.
    mutating func firstDue() -> Instant? {
        dropDead()
        return heap.first?.due
    }

    private mutating func dropDead() {
        while let first = heap.first, living[first.id] != first.order { removeFirst() }
    }

    private mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var i = 0
        while true {
            var least = i
            for child in [2 * i + 1, 2 * i + 2] where child < heap.count && DueQueue.precedes(heap[child], heap[least])
            { least = child }
            if least == i { return }
            heap.swapAt(i, least)
            i = least
        }
    }

    private static func precedes(_ a: Entry, _ b: Entry) -> Bool { a.due == b.due ? a.order < b.order : a.due < b.due }
}

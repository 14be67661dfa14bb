import Platform

/// A binary heap of the times at which groups are due. An entry whose group has another time by now is stale and
/// skipped.
struct Timers: Sendable {
    struct Entry: Sendable {
        var at: Instant
        var group: GroupID
        /// Its place in the order in which entries came; equal times go by it, so that a run can be had again.
        fileprivate var order: UInt64 = 0

        init(at: Instant, group: GroupID) {
            self.at = at
            self.group = group
        }
    }

    private var heap: [Entry] = []
    private var nextOrder: UInt64 = 0

    var first: Entry? { heap.first }

    mutating func add(_ new: Entry) {
        var entry = new
        entry.order = nextOrder
        nextOrder += 1
        heap.append(entry)
        var hole = heap.count - 1
        while hole > 0, precedes(entry, heap[(hole - 1) / 2]) {
            heap[hole] = heap[(hole - 1) / 2]
            hole = (hole - 1) / 2
        }
        heap[hole] = entry
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        var hole = 0
        while true {
            var child = 2 * hole + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
            guard precedes(heap[child], last) else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = last
    }

    private func precedes(_ a: Entry, _ b: Entry) -> Bool { a.at == b.at ? a.order < b.order : a.at < b.at }
}

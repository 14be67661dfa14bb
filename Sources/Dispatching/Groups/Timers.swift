import Platform

/// A binary heap of the times at which groups are due. An entry whose group has another time by now is stale and skipped.
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
        var i = heap.count - 1
        while i > 0, precedes(heap[i], heap[(i - 1) / 2]) {
            heap.swapAt(i, (i - 1) / 2)
            i = (i - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var i = 0
        while true {
            var least = i
            for child in [2 * i + 1, 2 * i + 2] where child < heap.count && precedes(heap[child], heap[least]) { least = child }
            if least == i { return }
            heap.swapAt(i, least)
            i = least
        }
    }

    private func precedes(_ a: Entry, _ b: Entry) -> Bool { a.at == b.at ? a.order < b.order : a.at < b.at }
}

/// A queue of keys by due time, the earliest first; keys with the same due time come in the order in which they were
/// scheduled, so that a simulated run is reproducible.
///
/// A binary heap. The stale entry of a key that was cancelled or rescheduled stays in it until it reaches the top, or
/// until stale entries outnumber the current ones.
package struct TimerQueue<Key: Hashable & Sendable, Time: Comparable & Sendable>: Sendable {
    private struct Entry: Sendable {
        let key: Key
        let due: Time
        let order: UInt64

        func precedes(_ other: Entry) -> Bool { due == other.due ? order < other.order : due < other.due }
    }

    private var heap: [Entry] = []
    /// The current entry of each key, by its order.
    private var scheduled: [Key: (due: Time, order: UInt64)] = [:]
    private var nextOrder: UInt64 = 0

    /// An empty queue.
    package init() {}

    /// How many keys are scheduled.
    package var count: Int { scheduled.count }

    /// When the first key is due; nil while none is scheduled.
    package var firstDue: Time? { heap.first?.due }

    /// When a key is due; nil if it is not scheduled.
    package func due(_ key: Key) -> Time? { scheduled[key]?.due }

    /// Schedules or reschedules a key.
    package mutating func schedule(_ key: Key, at due: Time) {
        if scheduled[key]?.due == due { return }
        let entry = Entry(key: key, due: due, order: nextOrder)
        nextOrder += 1
        scheduled[key] = (due, entry.order)
        heap.append(entry)
        siftUp(heap.count - 1)
        dropStale()
    }

    /// Removes a key; one that is not scheduled is no error.
    package mutating func cancel(_ key: Key) {
        guard scheduled.removeValue(forKey: key) != nil else { return }
        dropStale()
    }

    /// Removes all keys.
    package mutating func removeAll() {
        heap = []
        scheduled = [:]
    }

    /// Removes and returns the first key that is due at or before a time.
    package mutating func popFirst(dueBy now: Time) -> (key: Key, due: Time)? {
        guard let first = heap.first, first.due <= now else { return nil }
        scheduled[first.key] = nil
        removeTop()
        dropStale()
        return (first.key, first.due)
    }

    private func isStale(_ entry: Entry) -> Bool { scheduled[entry.key]?.order != entry.order }

    /// Drops stale entries from the top of the heap, and keeps its size within twice the number of keys.
    private mutating func dropStale() {
        if heap.count > 2 * scheduled.count + 64 {
            heap.removeAll(where: isStale)
            for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
        }
        while let first = heap.first, isStale(first) { removeTop() }
    }

    private mutating func removeTop() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].precedes(heap[(index - 1) / 2]) {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var index = start
        while true {
            var smallest = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < heap.count && heap[child].precedes(heap[smallest]) { smallest = child }
            if smallest == index { return }
            heap.swapAt(index, smallest)
            index = smallest
        }
    }
}

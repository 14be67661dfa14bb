/// Keys by the time at which each is due, the earliest first; keys that are due at one time come in the order in which
/// they were scheduled, so that a simulated run can be repeated.
///
/// A binary heap. The entry of a key that was cancelled or scheduled anew stays in it until it reaches the top and is
/// dropped there, or until such entries outnumber the living ones.
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

    /// When a key is due; nil where it is not scheduled.
    package func due(_ key: Key) -> Time? { scheduled[key]?.due }

    /// Schedules a key, in place of the time that it had.
    package mutating func schedule(_ key: Key, at due: Time) {
        if scheduled[key]?.due == due { return }
        let entry = Entry(key: key, due: due, order: nextOrder)
        nextOrder += 1
        scheduled[key] = (due, entry.order)
        heap.append(entry)
        siftUp(heap.count - 1)
        dropStale()
    }

    /// Takes a key off the queue; one that is not scheduled is no error.
    package mutating func cancel(_ key: Key) {
        guard scheduled.removeValue(forKey: key) != nil else { return }
        dropStale()
    }

    /// Takes all keys off the queue.
    package mutating func removeAll() {
        heap = []
        scheduled = [:]
    }

    /// Takes the first key that is due at or before a time off the queue.
    package mutating func popFirst(dueBy now: Time) -> (key: Key, due: Time)? {
        guard let first = heap.first, first.due <= now else { return nil }
        scheduled[first.key] = nil
        removeTop()
        dropStale()
        return (first.key, first.due)
    }

    private func isStale(_ entry: Entry) -> Bool { scheduled[entry.key]?.order != entry.order }

    /// Keeps the top of the heap current, and the heap within twice the number of keys.
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

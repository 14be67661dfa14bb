package import HeapModule

/// A queue of keys by due time, the earliest first; keys with the same due time come in the order in which they were
/// scheduled, so that a simulated run is reproducible.
///
/// A heap of due times without the keys, which may be costly to move. The stale entry of a key that was cancelled or
/// rescheduled stays in it until it reaches the top, or until stale entries outnumber the current ones.
///
/// Inlinable, so that other targets have it specialised for their keys: unspecialised it takes several times as long.
package struct TimerQueue<Key: Hashable & Sendable, Time: Comparable & Sendable>: Sendable {
    @usableFromInline struct Entry: Comparable, Sendable {
        @usableFromInline let due: Time
        @usableFromInline let order: UInt64

        @inlinable init(due: Time, order: UInt64) {
            self.due = due
            self.order = order
        }

        @inlinable static func < (a: Entry, b: Entry) -> Bool { a.due == b.due ? a.order < b.order : a.due < b.due }
    }

    @usableFromInline var heap = HeapModule.Heap<Entry>()
    /// The current entry of each key.
    @usableFromInline var scheduled: [Key: Entry] = [:]
    /// The keys of the current entries, by their order.
    @usableFromInline var keys: [UInt64: Key] = [:]
    @usableFromInline var nextOrder: UInt64 = 0

    /// An empty queue.
    @inlinable package init() {}

    /// How many keys are scheduled.
    @inlinable package var count: Int { scheduled.count }

    /// When the first key is due; nil while none is scheduled.
    @inlinable package var firstDue: Time? { heap.min?.due }

    /// When a key is due; nil if it is not scheduled.
    @inlinable package func due(_ key: Key) -> Time? { scheduled[key]?.due }

    /// Schedules or reschedules a key.
    @inlinable package mutating func schedule(_ key: Key, at due: Time) {
        let entry = Entry(due: due, order: nextOrder)
        if let old = scheduled[key] {
            if old.due == due { return }
            keys[old.order] = nil
        }
        nextOrder += 1
        scheduled[key] = entry
        keys[entry.order] = key
        heap.insert(entry)
        dropStale()
    }

    /// Removes a key; one that is not scheduled is no error.
    @inlinable package mutating func cancel(_ key: Key) {
        guard let old = scheduled.removeValue(forKey: key) else { return }
        keys[old.order] = nil
        dropStale()
    }

    /// Removes all keys.
    @inlinable package mutating func removeAll() {
        heap = HeapModule.Heap()
        scheduled = [:]
        keys = [:]
    }

    /// Removes and returns the first key that is due at or before a time.
    @inlinable package mutating func popFirst(dueBy now: Time) -> (key: Key, due: Time)? {
        guard let first = heap.min, first.due <= now, let key = keys.removeValue(forKey: first.order) else {
            return nil
        }
        scheduled[key] = nil
        dropStale()
        return (key, first.due)
    }

    /// Drops stale entries from the top of the heap, and keeps its size within twice the number of keys.
    @inlinable mutating func dropStale() {
        if heap.count > 2 * keys.count + 64 { heap = HeapModule.Heap(heap.unordered.filter { keys[$0.order] != nil }) }
        while let first = heap.min, keys[first.order] == nil { heap.removeMin() }
    }
}

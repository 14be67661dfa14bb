import Samples
import Text

/// The last change of each metric that has series. Only used under the store's lock.
struct MetricChanges {
    /// One metric's; its series refer to it, so that noting a change needs no lookup.
    final class Entry {
        fileprivate(set) var change = MetricChange(number: 0, newest: .min)
        fileprivate var seriesCount = 0
    }

    private var entries: [String: Entry] = [:]
    private var last: UInt64 = 0

    subscript(name: String) -> MetricChange? { entries[name]?.change }

    /// The entry for a new series.
    mutating func add(_ labels: Labels) -> Entry {
        let name = labels.name ?? ""
        let entry = entries[name] ?? Entry()
        entries[name] = entry
        entry.seriesCount += 1
        return entry
    }

    /// A sample with another value than the one before, or the first.
    mutating func note(_ entry: Entry, at time: Int64) {
        last += 1
        entry.change = MetricChange(number: last, newest: max(entry.change.newest, time))
    }

    /// A series has gone.
    mutating func remove(_ series: MemorySeries) {
        note(series.metric, at: .min)
        series.metric.seriesCount -= 1
        if series.metric.seriesCount == 0 { entries[series.labels.name ?? ""] = nil }
    }

    /// All points were shifted in time.
    mutating func shift(by milliseconds: Int64) {
        for entry in entries.values {
            note(entry, at: .min)
            entry.change = MetricChange(
                number: entry.change.number, newest: entry.change.newest.addingSaturated(milliseconds))
        }
    }
}

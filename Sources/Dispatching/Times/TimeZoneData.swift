import Samples

/// A time zone's offsets from UTC, as a TZif file of the tz database gives them. Source: RFC 8536.
package struct TimeZoneData: Sendable, Hashable {
    /// `Europe/Berlin`, `UTC`, `Local`.
    package let name: String
    /// Seconds since the epoch from which the offset of the same place holds; rising.
    let transitions: [Int64]
    let offsets: [Int]
    /// Before the first transition.
    let firstOffset: Int
    /// What holds after the last transition.
    let rule: ZoneRule?

    package static let utc = TimeZoneData(name: "UTC", transitions: [], offsets: [], firstOffset: 0, rule: nil)

    init(name: String, transitions: [Int64], offsets: [Int], firstOffset: Int, rule: ZoneRule?) {
        self.name = name
        self.transitions = transitions
        self.offsets = offsets
        self.firstOffset = firstOffset
        self.rule = rule
    }

    /// Seconds east of UTC at a time.
    package func offset(at time: Timestamp) -> Int {
        let ms = time.milliseconds
        let seconds = ms >= 0 ? ms / 1000 : (ms - 999) / 1000
        guard let last = transitions.last, seconds < last else {
            return rule?.offset(at: seconds) ?? offsets.last ?? firstOffset
        }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : offsets[low - 1]
    }

    // The name stands for the zone: no two tables of one name are in use at a time.
    package static func == (a: TimeZoneData, b: TimeZoneData) -> Bool { a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

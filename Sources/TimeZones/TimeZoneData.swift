import Samples

/// A time zone's offsets from UTC, as a TZif file of the tz database gives them. Source: RFC 8536.
package struct TimeZoneData: Sendable, Hashable {
    /// `Europe/Berlin`, `UTC`, `Local`.
    package let name: String
    /// Seconds since the epoch from which the offset of the same place holds; rising.
    let transitions: [Int64]
    let offsets: [Int]
    /// `CET`, `CEST`: as many as offsets, or none where they are not known.
    let abbreviations: [String]
    /// Before the first transition.
    let firstOffset: Int
    let firstAbbreviation: String?
    /// What holds after the last transition.
    let rule: ZoneRule?

    package static let utc = TimeZoneData(
        name: "UTC", transitions: [], offsets: [], abbreviations: [], firstOffset: 0, firstAbbreviation: "UTC",
        rule: nil)

    init(
        name: String, transitions: [Int64], offsets: [Int], abbreviations: [String], firstOffset: Int,
        firstAbbreviation: String?, rule: ZoneRule?
    ) {
        self.name = name
        self.transitions = transitions
        self.offsets = offsets
        self.abbreviations = abbreviations
        self.firstOffset = firstOffset
        self.firstAbbreviation = firstAbbreviation
        self.rule = rule
    }

    /// Seconds east of UTC at a time.
    package func offset(at time: Timestamp) -> Int {
        let seconds = TimeZoneData.seconds(time)
        switch place(seconds) {
        case .before: return firstOffset
        case .row(let row): return offsets[row]
        case .after: return rule?.offset(at: seconds) ?? offsets.last ?? firstOffset
        }
    }

    /// `CET` or `CEST`; where the database names none, the offset as it writes it, `+03`.
    package func abbreviation(at time: Timestamp) -> String {
        let seconds = TimeZoneData.seconds(time)
        let known: String? =
            switch place(seconds) {
            case .before: firstAbbreviation
            case .row(let row): abbreviations.indices.contains(row) ? abbreviations[row] : nil
            case .after: rule.map { $0.name(at: seconds) } ?? abbreviations.last ?? firstAbbreviation
            }
        return known ?? TimeZoneData.written(offset(at: time))
    }

    private static func seconds(_ time: Timestamp) -> Int64 {
        let ms = time.milliseconds
        return ms >= 0 ? ms / 1000 : (ms - 999) / 1000
    }

    private static func written(_ offset: Int) -> String {
        let minutes = abs(offset) / 60
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return (offset < 0 ? "-" : "+") + two(minutes / 60) + (minutes % 60 == 0 ? "" : two(minutes % 60))
    }

    private enum SourcePosition {
        case before
        case row(Int)
        case after
    }

    private func place(_ seconds: Int64) -> SourcePosition {
        guard let last = transitions.last, seconds < last else { return .after }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? .before : .row(low - 1)
    }

    // The name stands for the zone: no two tables of one name are in use at a time.
    package static func == (a: TimeZoneData, b: TimeZoneData) -> Bool { a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

package import Samples
import Text

/// A time zone: its offsets from UTC as a TZif file of the tz database lists them. Source: RFC 8536.
package struct TimeZoneData: Sendable, Hashable {
    /// Its name in the tz database, such as `Europe/Berlin`; also `UTC` and `Local`.
    package let name: String
    /// When each offset takes effect, in seconds since the epoch; ascending, parallel to `offsets`.
    let transitions: [Int64]
    /// Seconds east of UTC.
    let offsets: [Int]
    /// `CET`, `CEST`: parallel to `offsets`, or empty where they are not known.
    let abbreviations: [String]
    /// The offset before the first transition.
    let firstOffset: Int
    let firstAbbreviation: String?
    /// The rule that applies after the last transition.
    let rule: ZoneRule?

    /// UTC, which needs no file.
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
        switch period(seconds) {
        case .beforeFirst: return firstOffset
        case .transition(let index): return offsets[index]
        case .afterLast: return rule?.offset(at: seconds) ?? offsets.last ?? firstOffset
        }
    }

    /// The abbreviation at a time, such as `CET`; where none is known, the offset in the tz database's form, `+03`.
    package func abbreviation(at time: Timestamp) -> String {
        let seconds = TimeZoneData.seconds(time)
        let known: String? =
            switch period(seconds) {
            case .beforeFirst: firstAbbreviation
            case .transition(let index): abbreviations.indices.contains(index) ? abbreviations[index] : nil
            case .afterLast: rule.map { $0.name(at: seconds) } ?? abbreviations.last ?? firstAbbreviation
            }
        return known ?? TimeZoneData.numericAbbreviation(offset(at: time))
    }

    private static func seconds(_ time: Timestamp) -> Int64 {
        let ms = time.milliseconds
        return ms / 1000 - (ms % 1000 < 0 ? 1 : 0)
    }

    private static func numericAbbreviation(_ offset: Int) -> String {
        let minutes = Int(offset.magnitude / 60)
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return (offset < 0 ? "-" : "+") + two(minutes / 60) + (minutes % 60 == 0 ? "" : two(minutes % 60))
    }

    /// The part of the table that applies at a time.
    private enum Period {
        case beforeFirst
        case transition(Int)
        case afterLast
    }

    private func period(_ seconds: Int64) -> Period {
        guard let last = transitions.last, seconds < last else { return .afterLast }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? .beforeFirst : .transition(low - 1)
    }

    // Zones are compared by name alone, since only one table per name is in use at a time.
    package static func == (a: TimeZoneData, b: TimeZoneData) -> Bool { a.name == b.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

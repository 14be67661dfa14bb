import Samples

/// Durations in words.
package enum SpokenDuration {
    private static let units: [(name: String, seconds: Int64)] = [
        ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1),
    ]

    /// The largest unit and the next smaller one: `2 minutes 5 seconds`, `1 hour`, `less than a second`.
    package static func text(_ duration: Duration) -> String {
        let whole = duration.components.seconds
        guard let first = units.firstIndex(where: { whole >= $0.seconds }) else { return "less than a second" }
        var rest = whole
        return units[first...].prefix(2).compactMap { unit in
            let count = rest / unit.seconds
            rest %= unit.seconds
            return count == 0 ? nil : counted(count, unit.name)
        }.joined(separator: " ")
    }

    /// `1 hour`, `2 hours`.
    package static func counted(_ count: Int64, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

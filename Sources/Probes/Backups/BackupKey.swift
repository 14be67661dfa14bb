package import Samples

/// The time and kind of a backup, parsed from its object key. Three forms of the name and two of the directory are in
/// use:
/// `vault-snapshot-20251126-020000.enc`, `vault-snapshot-2025-11-26T02-00-00-000Z.enc`,
/// `vault-snapshot-2025-11-26.enc`, in `2025-11-26/` or, for months, `2025-11/`. The time in the name is what counts.
package struct BackupKey: Sendable, Hashable {
    /// When the backup was made, UTC; midnight if the name has only a date.
    package let time: Timestamp
    /// False if the name has only a date.
    package let hasTimeOfDay: Bool
    /// Whether the name contains "snapshot", which only integrated storage can produce.
    package let claimsSnapshot: Bool

    /// - Parameters:
    ///   - key: the whole object key.
    ///   - prefix: the prefix of the set's keys.
    /// - Returns: nil for a key that is not a backup's.
    package init?(_ key: String, prefix: String) {
        guard key.hasPrefix(prefix), key.utf8.count <= 1024 else { return nil }
        let parts = key.dropFirst(prefix.count).split(separator: "/", omittingEmptySubsequences: true)
        guard let name = parts.last, !key.hasSuffix("/") else { return nil }
        var stem = name[...]
        while let ending = BackupKey.endings.first(where: { stem.hasSuffix($0) }) { stem = stem.dropLast(ending.count) }
        guard stem.count < name.count, let date = BackupKey.dateStart(stem) else { return nil }
        guard let (time, hasTimeOfDay) = BackupKey.time(Array(stem[date...].utf8)) else { return nil }
        self.time = time
        self.hasTimeOfDay = hasTimeOfDay
        claimsSnapshot = stem[..<date].contains("snapshot")
    }

    /// Possible file extensions of a backup: of snapshots, dumps, compression and encryption, possibly several in a
    /// row.
    private static let endings = [
        ".enc", ".snap", ".gz", ".zst", ".dump", ".pgdump", ".sql", ".tar", ".tgz", ".age", ".gpg",
    ]

    /// Where the date begins: at the first digit after `-` or `_`, or at the start, from which the rest parses as a
    /// time. Host and cluster names may precede it.
    private static func dateStart(_ stem: Substring) -> Substring.Index? {
        let bytes = Array(stem.utf8)
        // Not earlier: no form of a time is longer.
        for start in max(0, bytes.count - BackupKey.timeLimitBytes)..<bytes.count {
            guard start == 0 || bytes[start - 1] == UInt8(ascii: "-") || bytes[start - 1] == UInt8(ascii: "_"),
                bytes[start] >= 0x30, bytes[start] <= 0x39, time(Array(bytes[start...])) != nil
            else { continue }
            return stem.utf8.index(stem.startIndex, offsetBy: start)
        }
        return nil
    }

    /// The bytes of the longest form of a time, `2025-11-26T02-00-00-000Z`.
    private static let timeLimitBytes = 24

    /// Parses `20251126-020000`, `2025-11-26T02-00-00-000Z` or `2025-11-26`, to the end of the text.
    private static func time(_ text: [UInt8]) -> (Timestamp, Bool)? {
        let shape = String(decoding: text.map { $0 >= 0x30 && $0 <= 0x39 ? UInt8(ascii: "0") : $0 }, as: UTF8.self)
        let digits = text.filter { $0 >= 0x30 && $0 <= 0x39 }.map { Int($0 - 0x30) }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        let hasTimeOfDay: Bool
        switch shape {
        case "00000000-000000", "00000000T000000Z", "0000-00-00T00-00-00Z", "0000-00-00T00-00-00-000Z",
            "0000-00-00T00:00:00.000Z", "0000-00-00T00:00:00Z":
            hasTimeOfDay = true
        case "0000-00-00", "00000000": hasTimeOfDay = false
        default: return nil
        }
        let (year, month, day) = (number(0..<4), number(4..<6), number(6..<8))
        let (hour, minute, second) = hasTimeOfDay ? (number(8..<10), number(10..<12), number(12..<14)) : (0, 0, 0)
        let millisecond = digits.count == 17 ? number(14..<17) : 0
        guard (2000...2200).contains(year), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
            second < 60
        else { return nil }
        let time = Timestamp(
            year: Int64(year), month: month, day: day, hour: hour, minute: minute, second: second,
            millisecond: millisecond)
        // `Timestamp` would turn the 31st of a 30-day month into the 1st of the next.
        guard time.civil.day == day else { return nil }
        return (time, hasTimeOfDay)
    }
}

import Samples
import Text

/// A POSIX time zone rule such as `CET-1CEST,M3.5.0,M10.5.0/3`, which a TZif file carries for times after its table.
/// Source: POSIX, Base Definitions, section 8.3, `TZ`; RFC 8536, section 3.3.1 (hours from -167 to 167).
struct ZoneRule: Sendable, Hashable, Codable {
    /// A day of the year and the second in it at which the offset changes.
    struct Change: Sendable, Hashable, Codable {
        enum Day: Sendable, Hashable, Codable {
            /// `Jn`: 1 to 365; 29 February is never counted.
            case julian(Int)
            /// `n`: 0 to 365; 29 February is counted.
            case ordinal(Int)
            /// `Mm.w.d`: weekday d (0 is Sunday) in week w of month m; week 5 is the last one.
            case monthly(month: Int, week: Int, weekday: Int)
        }
        var day: Day
        var second: Int

        /// The change in a year as local time, read as if it were UTC: seconds since the epoch, in the offset that
        /// applies until the change.
        func local(_ year: Int64) -> Int64 {
            let start = Timestamp(year: year, month: 1, day: 1)
            var days: Int
            switch day {
            case .julian(let n): days = n - 1 + (n >= 60 && Timestamp.days(inMonth: 2, of: year) == 29 ? 1 : 0)
            case .ordinal(let n): days = n
            case .monthly(let month, let week, let weekday):
                let first = Timestamp(year: year, month: month, day: 1)
                days = Int((first.milliseconds - start.milliseconds) / 86_400_000)
                days += (weekday - first.civil.weekday + 7) % 7 + (week - 1) * 7
                let lastDay =
                    Int((first.milliseconds - start.milliseconds) / 86_400_000)
                    + Timestamp.days(inMonth: month, of: year) - 1
                while days > lastDay { days -= 7 }
            }
            return start.milliseconds / 1000 + Int64(days) * 86_400 + Int64(second)
        }
    }

    var standard: Int
    var daylight: Int?
    var start: Change?
    var end: Change?
    /// `CET`; nil in rules stored by versions without abbreviations.
    var standardName: String?
    var daylightName: String?

    /// The largest offset and the latest second of a change that the format can write: 167 h 59 min 59 s.
    /// Source: RFC 8536 section 3.3.1.
    static let secondLimit: UInt = 168 * 3600

    /// Whether all numbers are valid in the format: a rule is also read from the journal.
    var isInRange: Bool {
        [standard, daylight, start?.second, end?.second].allSatisfy { ($0 ?? 0).magnitude <= ZoneRule.secondLimit }
            && [start, end].allSatisfy { change in
                switch change?.day {
                case .julian(let n): (1...365).contains(n)
                case .ordinal(let n): (0...365).contains(n)
                case .monthly(let month, let week, let weekday):
                    (1...12).contains(month) && (1...5).contains(week) && (0...6).contains(weekday)
                case nil: true
                }
            }
    }

    /// Seconds east of UTC.
    func offset(at seconds: Int64) -> Int { isDaylight(at: seconds) ? daylight ?? standard : standard }

    func name(at seconds: Int64) -> String? { isDaylight(at: seconds) ? daylightName : standardName }

    private func isDaylight(at seconds: Int64) -> Bool {
        guard let daylight, let start, let end else { return false }
        let local = seconds.addingSaturated(Int64(standard))
        let year = Timestamp(milliseconds: local.multipliedSaturated(by: 1000)).civil.year
        let begins = start.local(year) - Int64(standard)
        let ends = end.local(year) - Int64(daylight)
        return begins < ends ? seconds >= begins && seconds < ends : seconds >= begins || seconds < ends
    }

    /// Parses a rule; nil where the text is not one.
    init?(posix text: String) {
        var scan = Scanner(text: Array(text.utf8))
        guard let usual = scan.name(), let west = scan.time() else { return nil }
        standard = -west
        standardName = usual
        if scan.isAtEnd { return }
        guard let other = scan.name() else { return nil }
        var summer = standard + 3600
        if !scan.take(",") {
            guard let west = scan.time(), scan.take(",") else { return nil }
            summer = -west
        }
        guard let from = scan.change(), scan.take(","), let to = scan.change(), scan.isAtEnd else { return nil }
        daylight = summer
        daylightName = other
        start = from
        end = to
    }

    private struct Scanner {
        let text: [UInt8]
        var at = 0

        var isAtEnd: Bool { at == text.count }

        mutating func take(_ c: Unicode.Scalar) -> Bool {
            guard at < text.count, text[at] == UInt8(ascii: c) else { return false }
            at += 1
            return true
        }

        /// `CET` or `<+03>`.
        mutating func name() -> String? {
            if take("<") {
                let start = at
                while at < text.count, text[at] != UInt8(ascii: ">") { at += 1 }
                let name = String(decoding: text[start..<at], as: UTF8.self)
                return take(">") ? name : nil
            }
            let start = at
            while at < text.count, text[at] | 0x20 >= 0x61, text[at] | 0x20 <= 0x7a { at += 1 }
            return at - start >= 3 ? String(decoding: text[start..<at], as: UTF8.self) : nil
        }

        mutating func number() -> Int? {
            let start = at
            while at < text.count, at - start < 4, text[at] >= 0x30, text[at] <= 0x39 { at += 1 }
            return Int(String(decoding: text[start..<at], as: UTF8.self))
        }

        /// `[+-]h[:m[:s]]` in seconds.
        mutating func time() -> Int? {
            let negative = take("-")
            if !negative { _ = take("+") }
            guard let hours = number(), hours <= 167 else { return nil }
            var seconds = hours * 3600
            if take(":") {
                guard let minutes = number() else { return nil }
                seconds += minutes * 60
                if take(":") {
                    guard let more = number() else { return nil }
                    seconds += more
                }
            }
            return negative ? -seconds : seconds
        }

        mutating func change() -> Change? {
            let day: Change.Day
            if take("M") {
                guard let month = number(), take("."), let week = number(), take("."), let weekday = number(),
                    (1...12).contains(month),
                    (1...5).contains(week), (0...6).contains(weekday)
                else { return nil }
                day = .monthly(month: month, week: week, weekday: weekday)
            } else if take("J") {
                guard let n = number(), (1...365).contains(n) else { return nil }
                day = .julian(n)
            } else {
                guard let n = number(), n <= 365 else { return nil }
                day = .ordinal(n)
            }
            guard take("/") else { return Change(day: day, second: 7200) }
            return time().map { Change(day: day, second: $0) }
        }
    }
}

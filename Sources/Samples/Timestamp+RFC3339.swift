import Text

extension Timestamp {
    /// A time broken down into calendar fields, in UTC (proleptic Gregorian calendar).
    /// Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
    public struct Civil: Hashable, Sendable {
        /// Astronomical year: 0 is 1 BC.
        public var year: Int64
        /// 1 to 12.
        public var month: Int
        /// 1 to 31.
        public var day: Int
        /// 0 to 23.
        public var hour: Int
        /// 0 to 59.
        public var minute: Int
        /// 0 to 59.
        public var second: Int
        /// 0 to 999.
        public var millisecond: Int
        /// 0 is Sunday.
        public var weekday: Int

        /// 1 to 366.
        public var dayOfYear: Int {
            let day = Timestamp(year: year, month: month, day: day)
            return Int((day.milliseconds - Timestamp(year: year, month: 1, day: 1).milliseconds) / 86_400_000) + 1
        }
    }

    /// The calendar fields of this time in UTC.
    public var civil: Civil {
        let ms = milliseconds
        let rest = ms % 86_400_000
        let days = ms / 86_400_000 - (rest < 0 ? 1 : 0)
        let inDay = rest < 0 ? rest + 86_400_000 : rest
        let z = days + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let doe = z - era * 146_097
        let yoe = (doe - doe / 1460 + doe / 36524 - doe / 146_096) / 365
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100)
        let mp = (5 * doy + 2) / 153
        let month = mp < 10 ? mp + 3 : mp - 9
        return Civil(
            year: yoe + era * 400 + (month <= 2 ? 1 : 0), month: Int(month), day: Int(doy - (153 * mp + 2) / 5 + 1),
            hour: Int(inDay / 3_600_000), minute: Int(inDay / 60_000 % 60), second: Int(inDay / 1000 % 60),
            millisecond: Int(inDay % 1000), weekday: Int(((days % 7) + 11) % 7))
    }

    /// A time from its calendar fields in UTC. All fields but the month may exceed their range and carry over. What lies
    /// beyond `Int64`'s milliseconds is the nearest bound.
    public init(
        year: Int64, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0
    ) {
        // Years beyond these have no milliseconds; within them nothing below overflows.
        let year = min(max(year, -292_300_000), 292_300_000)
        let y = month <= 2 ? year - 1 : year
        let era = (y >= 0 ? y : y - 399) / 400
        let yoe = y - era * 400
        let m = Int64(min(max(month, 1), 12))
        let doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5
        let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy
        let days = era * 146_097 + doe - 719_468
        func part(_ count: Int, _ unit: Int64) -> Int64 { Int64(count).multipliedSaturated(by: unit) }
        self.init(
            milliseconds: days.multipliedSaturated(by: 86_400_000).addingSaturated(part(day, 86_400_000))
                .subtractingSaturated(86_400_000).addingSaturated(part(hour, 3_600_000))
                .addingSaturated(part(minute, 60_000)).addingSaturated(part(second, 1000))
                .addingSaturated(Int64(millisecond)))
    }

    /// The number of days in a month (1 to 12) of a year.
    public static func days(inMonth month: Int, of year: Int64) -> Int {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The time as `2025-11-26T02:00:00.123Z`; the fraction is omitted where it is zero. Source: RFC 3339.
    public var rfc3339: String {
        let c = civil
        func pad(_ n: Int, _ width: Int) -> String {
            let text = String(n)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let fraction = c.millisecond == 0 ? "" : "." + pad(c.millisecond, 3)
        return
            "\(pad(Int(c.year), 4))-\(pad(c.month, 2))-\(pad(c.day, 2))T\(pad(c.hour, 2)):\(pad(c.minute, 2)):\(pad(c.second, 2))\(fraction)Z"
    }

    /// Parses RFC 3339 with any fraction and offset; digits below the millisecond are dropped. Nil for anything else.
    public init?(rfc3339 text: String) {
        let b = Array(text.utf8)
        func number(_ from: Int, _ length: Int) -> Int? {
            guard from + length <= b.count else { return nil }
            var n = 0
            for byte in b[from..<from + length] {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                n = n * 10 + Int(byte - 0x30)
            }
            return n
        }
        func at(_ i: Int, _ c: Character) -> Bool { b.indices.contains(i) && b[i] == c.asciiValue }
        guard let year = number(0, 4), at(4, "-"), let month = number(5, 2), at(7, "-"), let day = number(8, 2),
            at(10, "T") || at(10, "t") || at(10, " "), let hour = number(11, 2), at(13, ":"),
            let minute = number(14, 2),
            at(16, ":"), let second = number(17, 2), (1...12).contains(month), (1...31).contains(day), hour < 24,
            minute < 60, second <= 60
        else { return nil }
        var i = 19
        var milliseconds = 0
        if at(i, ".") {
            i += 1
            var scale = 100
            let start = i
            while i < b.count, b[i] >= 0x30, b[i] <= 0x39 {
                milliseconds += Int(b[i] - 0x30) * scale
                scale /= 10
                i += 1
            }
            guard i > start else { return nil }
        }
        var offsetMinutes = 0
        if at(i, "Z") || at(i, "z") {
            i += 1
        } else {
            guard at(i, "+") || at(i, "-"), let h = number(i + 1, 2), at(i + 3, ":"), let m = number(i + 4, 2) else {
                return nil
            }
            offsetMinutes = (h * 60 + m) * (at(i, "-") ? -1 : 1)
            i += 6
        }
        guard i == b.count else { return nil }
        self.init(
            year: Int64(year), month: month, day: day, hour: hour, minute: minute - offsetMinutes, second: second,
            millisecond: milliseconds)
        guard civil.year == Int64(year) || offsetMinutes != 0 || second == 60 else { return nil }
    }
}

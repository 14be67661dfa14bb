package import Samples
import Text

/// An invalid cron expression, with what to write instead.
package struct CronError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what is expected.
    package let description: String

    init(_ description: String) { self.description = description }
}

/// Times given by a cron expression in a time zone: five fields, or `@daily` and the like.
///
/// As in crontab(5) a day matches if its day of the month or its day of the week does, provided that neither field
/// begins with `*`; otherwise both must match. With fixed hours, a local time that is skipped in spring is moved to the
/// end of the gap, and one that occurs twice in autumn counts once, the first time; if the hours begin with `*`, an
/// hourly schedule runs in every hour that exists. This is how cron(8) handles clock changes.
package struct CronSchedule: Sendable, Hashable {
    /// The expression as written.
    package let text: String
    /// The zone that its times refer to.
    package let zone: TimeZoneData
    /// The shortest time between two of its times.
    package let shortestInterval: Duration
    /// The longest time between two of its times; for schedules that occur less than once in some years, among the
    /// examined ones.
    package let longestInterval: Duration
    let fields: Fields

    /// The values that a field allows, as bits, and whether it begins with `*`.
    struct Field: Sendable, Hashable {
        var bits: UInt64
        var isStar: Bool

        func contains(_ number: Int) -> Bool { bits >> number & 1 == 1 }
        var values: [Int] { (0..<60).filter(contains) }
    }

    /// The five fields; days of the week from 0, Sunday, to 6.
    struct Fields: Sendable, Hashable {
        var minutes: Field
        var hours: Field
        var days: Field
        var months: Field
        var weekdays: Field
    }

    /// How far to search ahead and back: from a 29 February that is a Sunday to the next it is at most 40 years.
    static let searchDays: Int64 = 41 * 366
    /// Times are searched between 1970 and this, in days since then: year 2300.
    static let lastDay: Int64 = 120_530

    /// - Parameter text: `30 2 * * 1-5` or `@daily`.
    /// - Throws: `CronError` for an invalid expression, and for one that never occurs.
    package init(_ text: String, zone: TimeZoneData = .utc) throws(CronError) {
        self.text = text
        self.zone = zone
        fields = try Fields(text)
        let spacing = CronSchedule.spacing(fields, zone)
        guard let spacing else {
            throw CronError("\(text.quotedAsInGo) never comes: no such day of the month exists; write a day that does")
        }
        shortestInterval = spacing.shortest
        longestInterval = spacing.longest
    }

    /// The first time after another; nil beyond the year 2300.
    package func next(after time: Timestamp) -> Timestamp? {
        CronSchedule.first(fields, zone, from: CronSchedule.day(time) - 2, days: CronSchedule.searchDays, step: 1) {
            $0.first { $0 > time }
        }
    }

    /// The last time at or before another; nil before 1970.
    package func previous(atOrBefore time: Timestamp) -> Timestamp? {
        CronSchedule.first(fields, zone, from: CronSchedule.day(time) + 2, days: CronSchedule.searchDays, step: -1) {
            $0.last { $0 <= time }
        }
    }

    /// The last times at or before another, the newest first.
    /// - Parameters:
    ///   - count: maximum number of times.
    ///   - oldest: the earliest time to return; nil for 1970.
    package func previous(_ count: Int, atOrBefore time: Timestamp, notBefore oldest: Timestamp? = nil) -> [Timestamp] {
        var found: [Timestamp] = []
        _ = CronSchedule.first(fields, zone, from: CronSchedule.day(time) + 2, days: CronSchedule.lastDay, step: -1) {
            for candidate in $0.reversed() where candidate <= time {
                if found.count >= count || oldest.map({ candidate < $0 }) ?? false { return candidate }
                found.append(candidate)
            }
            return nil
        }
        return found
    }

    /// The times on a day of the zone's calendar, in order.
    /// - Parameter date: any time of that day, as if it were UTC.
    package func times(onDayOf date: Timestamp) -> [Timestamp] {
        CronSchedule.times(fields, zone, on: CronSchedule.day(date))
    }

    private static func day(_ time: Timestamp) -> Int64 {
        let days = time.milliseconds / 86_400_000
        return min(max(time.milliseconds % 86_400_000 < 0 ? days - 1 : days, -3), lastDay + 3)
    }

    /// Searches days until one has a result.
    private static func first(
        _ fields: Fields, _ zone: TimeZoneData, from start: Int64, days: Int64, step: Int64,
        _ found: ([Timestamp]) -> Timestamp?
    ) -> Timestamp? {
        var day = start
        let end = start + step * days
        while step > 0 ? day <= min(end, lastDay) : day >= max(end, 0) {
            if day >= 0, day <= lastDay, let time = found(times(fields, zone, on: day)) { return time }
            day += step
        }
        return nil
    }

    /// The times of one day of the zone's calendar, ascending and each once.
    private static func times(_ fields: Fields, _ zone: TimeZoneData, on day: Int64) -> [Timestamp] {
        let start = Timestamp(milliseconds: day * 86_400_000)
        guard fields.contains(start.civil) else { return [] }
        var times: Set<Timestamp> = []
        for hour in fields.hours.values {
            for minute in fields.minutes.values {
                let local = start + .seconds(hour * 3600 + minute * 60)
                let instants = zone.instants(showing: local)
                if fields.hours.isStar {
                    times.formUnion(instants.shown)
                } else {
                    times.insert(instants.shown.first ?? instants.gapEnd)
                }
            }
        }
        return times.sorted()
    }

    /// The shortest and the longest time between two consecutive times; nil if there are none.
    private static func spacing(_ fields: Fields, _ zone: TimeZoneData) -> (shortest: Duration, longest: Duration)? {
        // Starting on Monday, 2001-01-01.
        let start: Int64 = 11_323
        var last: Timestamp?
        var count = 0
        var shortest = Duration.seconds(searchDays * 86_400)
        var longest = Duration.zero
        var day = start
        while day < start + searchDays, count < 5000, count < 3 || day < start + 9 * 366 {
            for time in times(fields, zone, on: day) {
                if let last {
                    shortest = min(shortest, time - last)
                    longest = max(longest, time - last)
                }
                last = time
                count += 1
            }
            day += 1
        }
        return count == 0 ? nil : (shortest, longest == .zero ? shortest : longest)
    }
}

extension CronSchedule.Fields {
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let weekdayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
    private static let nicknames = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
    ]

    fileprivate init(_ text: String) throws(CronError) {
        guard text.utf8.count <= 256 else { throw CronError("a cron expression has at most 256 bytes") }
        var expression = text
        if text.hasPrefix("@") {
            guard let known = Self.nicknames[text.lowercased()] else {
                throw CronError(
                    "\(text.quotedAsInGo) is no schedule; write five fields, or one of \(Self.nicknames.keys.sorted().joined(separator: ", "))"
                )
            }
            expression = known
        }
        let parts = expression.split { $0 == " " || $0 == "\t" }
        guard parts.count == 5 else {
            throw CronError(
                "expected five fields (minute, hour, day of the month, month, day of the week) such as 30 2 * * 1-5, found \(parts.count)"
            )
        }
        minutes = try Self.field(parts[0], "minute", 0...59)
        hours = try Self.field(parts[1], "hour", 0...23)
        days = try Self.field(parts[2], "day of the month", 1...31)
        months = try Self.field(parts[3], "month", 1...12, names: Self.monthNames)
        weekdays = try Self.field(parts[4], "day of the week", 0...7, names: Self.weekdayNames)
        // 7 is Sunday too.
        if weekdays.contains(7) { weekdays.bits |= 1 }
    }

    /// Whether a day is one of the schedule's.
    fileprivate func contains(_ date: Timestamp.Civil) -> Bool {
        guard months.contains(date.month) else { return false }
        let (day, weekday) = (days.contains(date.day), weekdays.contains(date.weekday))
        return days.isStar || weekdays.isStar ? day && weekday : day || weekday
    }

    /// Parses a list of values, ranges and steps.
    private static func field(
        _ text: Substring, _ name: String, _ range: ClosedRange<Int>, names: [String] = []
    ) throws(CronError) -> CronSchedule.Field {
        var field = CronSchedule.Field(bits: 0, isStar: text.hasPrefix("*"))
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            var step = 1
            if parts.count == 2 {
                guard let number = number(parts[1]), number > 0 else {
                    throw CronError("\(name): \(String(item).quotedAsInGo) has no step above 0; write */5")
                }
                step = number
            }
            let bounds = parts[0].split(separator: "-", omittingEmptySubsequences: false)
            let values: ClosedRange<Int>
            if parts[0] == "*" {
                values = range
            } else {
                let ends = bounds.map { bound in
                    number(bound) ?? names.firstIndex(of: bound.lowercased()).map { $0 + range.lowerBound }
                }
                guard ends.count <= 2, let low = ends.first ?? nil, let high = ends.last ?? nil, range.contains(low),
                    range.contains(high)
                else {
                    let words = names.isEmpty ? "" : ", or \(names[0]) to \(names[names.count - 1])"
                    throw CronError(
                        "\(name): \(String(item).quotedAsInGo) is none; write \(range.lowerBound) to \(range.upperBound)\(words), a range such as 1-5, a list such as 1,3, or */2"
                    )
                }
                guard low <= high else {
                    throw CronError(
                        "\(name): \(String(item).quotedAsInGo) runs backwards; write the smaller value first, or a list"
                    )
                }
                if parts.count == 2, bounds.count == 1 {
                    throw CronError(
                        "\(name): a step needs a range; write \(low)-\(range.upperBound)/\(step) in place of \(String(item).quotedAsInGo)"
                    )
                }
                values = low...high
            }
            // A step beyond the range leaves only the first value.
            for value in stride(from: values.lowerBound, through: values.upperBound, by: min(step, 100)) {
                field.bits |= 1 << value
            }
        }
        return field
    }

    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 4, text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return Int(text)
    }
}

extension TimeZoneData {
    /// The instants at which the zone's clocks show a local time, the earlier first: none if it is skipped, two if
    /// clocks are set back over it. Zones do not change twice within two days.
    /// - Parameter local: the local time as if it were UTC.
    /// - Returns: also the end of the gap, for a skipped time.
    func instants(showing local: Timestamp) -> (shown: [Timestamp], gapEnd: Timestamp) {
        let day = Duration.seconds(86_400)
        let before = offset(at: local - day)
        let after = offset(at: local + day)
        var shown: [Timestamp] = []
        for offset in before == after ? [before] : [before, after] {
            let instant = local - .seconds(offset)
            if self.offset(at: instant) == offset { shown.append(instant) }
        }
        guard shown.isEmpty else { return (shown.sorted(), local) }
        // The change is between the two interpretations of the local time.
        var low = (local - .seconds(max(before, after))).milliseconds / 1000
        var high = (local - .seconds(min(before, after))).milliseconds / 1000
        while low + 1 < high {
            let middle = (low + high) / 2
            if offset(at: Timestamp(milliseconds: middle * 1000)) == before { low = middle } else { high = middle }
        }
        return ([], Timestamp(milliseconds: high * 1000))
    }
}

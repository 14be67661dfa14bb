package import Samples
package import TimeZones

/// Formats times in one time zone, relative to the current day.
package struct Clock: Sendable {
    /// How much of a time to show.
    package enum Form: Sendable {
        /// `03:11:08` today, `Thu 26 Nov 10:12` on other days, `3 Oct 2025` in other years.
        case short
        /// To the minute today: `03:11`.
        case minute
        /// Hour and minute only: `03:11`.
        case hour
        /// To the tenth of a second: `03:11:08.2`, preceded by the date if it is not today.
        case tenth
        /// `Sat 28 Nov`, with the year if it is not the current one.
        case day
        /// `Sat 28 Nov 03:11:08`
        case full
    }

    /// The time zone.
    package var zone: TimeZoneData
    /// The current time, which determines `today`.
    package var now: Timestamp

    /// A clock that shows times in a zone, as seen at `now`.
    package init(zone: TimeZoneData, now: Timestamp) {
        self.zone = zone
        self.now = now
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `CET`
    package var abbreviation: String { zone.abbreviation(at: now) }
    /// Whether the zone is UTC, so that the UTC time need not be shown too.
    var isUTC: Bool { zone.name == "UTC" || (zone.offset(at: now) == 0 && abbreviation == "UTC") }

    /// A time in this zone.
    package func text(_ time: Timestamp, _ form: Form = .short) -> String {
        let (here, today) = (local(time), local(now))
        let isToday = (here.year, here.month, here.day) == (today.year, today.month, today.day)
        let sameYear = here.year == today.year
        switch form {
        case .short, .minute:
            if isToday { return form == .minute ? Clock.minutes(here) : Clock.seconds(here) }
            return sameYear ? Clock.day(here) + " " + Clock.minutes(here) : Clock.date(here)
        case .hour: return Clock.minutes(here)
        case .tenth: return (isToday ? "" : Clock.day(here) + " ") + Clock.seconds(here) + ".\(here.millisecond / 100)"
        case .day: return sameYear ? Clock.day(here) : Clock.date(here)
        case .full: return (sameYear ? Clock.day(here) : Clock.date(here)) + " " + Clock.seconds(here)
        }
    }

    /// `2026-11-28T03:11` in this zone, the value of a field of type `datetime-local`.
    /// - Parameter isExact: with the seconds, `2026-11-28T03:11:08`.
    func fieldText(_ time: Timestamp, isExact: Bool = false) -> String {
        let here = local(time)
        let year = String(here.year)
        let padded = String(repeating: "0", count: max(4 - year.count, 0)) + year
        return "\(padded)-\(Clock.two(here.month))-\(Clock.two(here.day))T"
            + (isExact ? Clock.seconds(here) : Clock.minutes(here))
    }

    /// `28 Nov 2026 02:11:08 UTC`
    static func utc(_ time: Timestamp) -> String { date(time.civil) + " " + seconds(time.civil) + " UTC" }

    /// `02:11:08`, in UTC.
    static func utcTime(_ time: Timestamp) -> String { seconds(time.civil) }

    /// The calendar fields of a time in this zone.
    func local(_ time: Timestamp) -> Timestamp.Civil { (time + .seconds(zone.offset(at: time))).civil }

    private static func day(_ civil: Timestamp.Civil) -> String {
        "\(weekdays[civil.weekday]) \(civil.day) \(months[civil.month - 1])"
    }
    private static func date(_ civil: Timestamp.Civil) -> String {
        "\(civil.day) \(months[civil.month - 1]) \(civil.year)"
    }
    private static func minutes(_ civil: Timestamp.Civil) -> String { "\(two(civil.hour)):\(two(civil.minute))" }
    private static func seconds(_ civil: Timestamp.Civil) -> String { minutes(civil) + ":" + two(civil.second) }
    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

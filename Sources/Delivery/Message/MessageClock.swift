import Samples
import TimeZones

/// Times in messages: in the time zone of this host and in UTC.
struct MessageClock: Sendable {
    var zone = TimeZoneData.utc

    /// `CET`
    func abbreviation(at time: Timestamp) -> String { zone.abbreviation(at: time) }

    /// `03:11:09`, preceded by the date (`11-28`) if it is not the day of the other time.
    func time(_ time: Timestamp, on other: Timestamp) -> String {
        let (here, there) = (text(time), text(other))
        let day = here.prefix(10) == there.prefix(10) ? "" : "\(here.dropFirst(5).prefix(5)) "
        return "\(day)\(here.dropFirst(11).prefix(8))"
    }

    /// `2026-11-28 03:11:08 CET (02:11:08 UTC)`; in UTC alone if that is the zone.
    func full(_ time: Timestamp) -> String {
        let local = "\(text(time).prefix(19)) \(abbreviation(at: time))"
        if zone.offset(at: time) == 0, abbreviation(at: time) == "UTC" { return local }
        return "\(local) (\(MessageClock().time(time, on: shifted(time))) UTC)"
    }

    /// The time whose text in UTC is that of this one here.
    private func shifted(_ time: Timestamp) -> Timestamp { time + .seconds(zone.offset(at: time)) }

    /// `2026-11-28 03:11:08`, and more for years of other than four digits.
    private func text(_ time: Timestamp) -> String {
        String(shifted(time).rfc3339.map { $0 == "T" ? " " : $0 })
    }
}

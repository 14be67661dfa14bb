import Platform
package import Samples
package import TimeZones

/// One entry of a `time_intervals` list: every field that is given must match, in any of its ranges.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#time_interval
package struct TimeWindow: Sendable, Hashable, Codable {
    /// A range of numbers, both ends included.
    package struct Span: Sendable, Hashable, Codable {
        /// The first value in the range.
        package var first: Int
        /// The last value in the range.
        package var last: Int
        /// The range from the first value to the last.
        package init(_ first: Int, _ last: Int) {
            self.first = first
            self.last = last
        }
        func contains(_ value: Int) -> Bool { value >= first && value <= last }
    }

    /// Minutes since midnight; the end is exclusive. 1440 is the end of the day.
    package var times: [Span]
    /// 0 is Sunday.
    package var weekdays: [Span]
    /// From 1; negative counts from the end of the month, -1 being its last day.
    package var daysOfMonth: [Span]
    /// From 1.
    package var months: [Span]
    /// Four digits.
    package var years: [Span]

    /// The number of its ranges in all fields.
    package var rangeCount: Int { times.count + weekdays.count + daysOfMonth.count + months.count + years.count }
    /// The time zone of the fields; UTC unless given.
    package var zone: TimeZoneData

    /// A window that is unrestricted in any field that is not given.
    package init(
        times: [Span] = [], weekdays: [Span] = [], daysOfMonth: [Span] = [], months: [Span] = [], years: [Span] = [],
        zone: TimeZoneData = .utc
    ) {
        self.times = times
        self.weekdays = weekdays
        self.daysOfMonth = daysOfMonth
        self.months = months
        self.years = years
        self.zone = zone
    }

    /// Whether the time lies in the window, in the window's zone.
    package func contains(_ time: Timestamp) -> Bool {
        let local = (time + .seconds(zone.offset(at: time))).civil
        let minute = local.hour * 60 + local.minute
        if !times.isEmpty, !times.contains(where: { minute >= $0.first && minute < $0.last }) { return false }
        if !daysOfMonth.isEmpty {
            let length = Timestamp.days(inMonth: local.month, of: local.year)
            let holds = daysOfMonth.contains { span in
                // A range beyond the end of the month is clipped to it, as in Alertmanager.
                let first = max(span.first < 0 ? length + span.first + 1 : span.first, 1)
                let last = min(span.last < 0 ? length + span.last + 1 : span.last, length)
                return local.day >= first && local.day <= last
            }
            if !holds { return false }
        }
        if !months.isEmpty, !months.contains(where: { $0.contains(local.month) }) { return false }
        if !weekdays.isEmpty, !weekdays.contains(where: { $0.contains(local.weekday) }) { return false }
        if !years.isEmpty, !years.contains(where: { $0.contains(Int(local.year)) }) { return false }
        return true
    }
}

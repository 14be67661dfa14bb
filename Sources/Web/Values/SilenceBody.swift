import Dispatching
import Platform
package import Samples
import Text
import TimeZones

/// A silence in the form of Alertmanager's API, as clients post it and the API shows it; `schedule` and `untilResolved` are
/// extensions of vaultwatch. Times are RFC 3339. Source: alertmanager, api/v2/openapi.yaml, `gettableSilence`, `postableSilence`.
package struct SilenceBody: Sendable, Hashable, Codable {
    /// A condition on one label.
    package struct Matcher: Sendable, Hashable, Codable {
        /// The label's name.
        package var name: String
        /// The value or pattern.
        package var value: String
        /// Whether the value is a regular expression.
        package var isRegex: Bool
        /// False negates the match. Absent in requests of old clients: true.
        package var isEqual: Bool?

        /// A matcher as rules and the command line have it.
        package init(_ matcher: Samples.Matcher) {
            name = matcher.name
            value = matcher.value
            isRegex = matcher.operation == .matches || matcher.operation == .notMatches
            isEqual = matcher.operation == .equal || matcher.operation == .matches
        }

        /// The operation that the two flags stand for.
        package var operation: Samples.Matcher.Operation {
            let isEqual = isEqual ?? true
            return isRegex ? (isEqual ? .matches : .notMatches) : (isEqual ? .equal : .notEqual)
        }

        func write(_ json: inout JSONWriter) {
            json.object { one in
                one.field("isEqual", isEqual ?? true)
                one.field("isRegex", isRegex)
                one.field("name", name)
                one.field("value", value)
            }
        }

        /// - Throws: what is wrong with the regular expression.
        func matcher() throws -> Samples.Matcher { try Silence.matcher(name, operation, value) }
    }

    /// Matchers that must all match: a list, or an object with the list as `matchers`.
    package struct MatcherSet: Sendable, Hashable, Codable {
        /// The matchers.
        package var matchers: [Matcher]
        private enum Key: String, CodingKey { case matchers }

        /// A set.
        package init(_ matchers: [Matcher]) { self.matchers = matchers }

        /// - Throws: `DecodingError`.
        package init(from decoder: any Decoder) throws {
            if let list = try? decoder.singleValueContainer().decode([Matcher].self) {
                matchers = list
            } else {
                matchers = try decoder.container(keyedBy: Key.self).decode([Matcher].self, forKey: .matchers)
            }
        }

        /// Writes the list. - Throws: `EncodingError`.
        package func encode(to encoder: any Encoder) throws {
            var one = encoder.singleValueContainer()
            try one.encode(matchers)
        }
    }

    /// One window in which the silence is active, in the notation of `time_intervals`.
    package struct Window: Sendable, Hashable, Codable {
        /// A range of the day.
        package struct Times: Sendable, Hashable, Codable {
            /// `22:00`
            package var start_time: String
            /// `24:00`
            package var end_time: String

            /// From the start to the end.
            package init(start_time: String, end_time: String) {
                self.start_time = start_time
                self.end_time = end_time
            }
        }
        /// Ranges of the day; nil: all day.
        package var times: [Times]?
        /// Days of the week, or ranges of them; nil: all.
        package var weekdays: [String]?
        /// Days of the month, or ranges of them; nil: all.
        package var days_of_month: [String]?
        /// Months, or ranges of them; nil: all.
        package var months: [String]?
        /// Years, or ranges of them; nil: all.
        package var years: [String]?
        /// A time zone's name; nil: UTC.
        package var location: String?

        /// A window that is only restricted by what is given.
        package init(
            times: [Times]? = nil, weekdays: [String]? = nil, days_of_month: [String]? = nil, months: [String]? = nil,
            years: [String]? = nil, location: String? = nil
        ) {
            self.times = times
            self.weekdays = weekdays
            self.days_of_month = days_of_month
            self.months = months
            self.years = years
            self.location = location
        }
    }

    /// The silence's current status.
    package struct Status: Sendable, Hashable, Codable {
        /// `active`, `pending`, `expired`; ignored in requests.
        package var state: String?
    }

    /// Nil, or empty, in a request that creates a new one.
    package var id: String?
    /// All must match; the first set if there are several. Nil in a request with `matcherSets`.
    package var matchers: [Matcher]?
    /// One of the sets must match; nil if there is only one, in `matchers`.
    package var matcherSets: [MatcherSet]?
    /// Notes of its author; nil if there are none.
    package var annotations: [String: String]?
    /// When it begins.
    package var startsAt: String
    /// When it ends.
    package var endsAt: String
    /// When it was last changed; nil in requests.
    package var updatedAt: String?
    /// The author, as given in the request; the history records the authenticated user.
    package var createdBy: String
    /// The reason.
    package var comment: String
    /// Nil in requests.
    package var status: Status?
    /// The windows in which it is active; nil if it does not recur.
    package var schedule: [Window]?
    /// Whether it ends as soon as no alert that it matches fires any more; nil if it does not.
    package var untilResolved: Bool?

    /// A request for a new silence.
    package init(
        matchers: [Matcher], startsAt: String, endsAt: String, createdBy: String, comment: String,
        schedule: [Window]? = nil, annotations: [String: String]? = nil
    ) {
        self.matchers = matchers
        self.annotations = annotations
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdBy = createdBy
        self.comment = comment
        self.schedule = schedule
    }
}

extension SilenceBody {
    /// A silence as the API shows it.
    init(_ silence: Silence, at now: Timestamp) {
        self.init(
            matchers: silence.matchers.map { Matcher($0) }, startsAt: silence.startsAt.rfc3339,
            endsAt: silence.endsAt.rfc3339, createdBy: silence.createdBy, comment: silence.comment,
            schedule: silence.schedule.isEmpty ? nil : silence.schedule.map { Window($0) },
            annotations: silence.annotations.isEmpty ? nil : silence.annotations)
        if silence.matcherSets.count > 1 {
            matcherSets = silence.matcherSets.map { MatcherSet($0.map { Matcher($0) }) }
        }
        untilResolved = silence.untilResolved ? true : nil
        id = silence.id
        updatedAt = silence.updatedAt.rfc3339
        status = Status(state: silence.state(at: now).rawValue)
    }

    /// Writes it as the API shows it, the fields in Alertmanager's order.
    func write(_ json: inout JSONWriter) {
        json.object { one in
            one.field("id", id ?? "")
            one.key("status")
            one.object { $0.field("state", status?.state ?? "") }
            one.field("updatedAt", updatedAt ?? "")
            one.field("comment", comment)
            one.field("createdBy", createdBy)
            one.field("endsAt", endsAt)
            one.key("matchers")
            one.array { list in for matcher in matchers ?? [] { matcher.write(&list) } }
            if let matcherSets {
                one.key("matcherSets")
                one.array { sets in
                    for set in matcherSets {
                        sets.array { list in for matcher in set.matchers { matcher.write(&list) } }
                    }
                }
            }
            if let annotations { one.field("annotations", annotations) }
            one.field("startsAt", startsAt)
            if untilResolved == true { one.field("untilResolved", true) }
            guard let schedule else { return }
            one.key("schedule")
            one.array { list in for window in schedule { window.write(&list) } }
        }
    }
}

extension SilenceBody.Window {
    init(_ window: TimeWindow) {
        func filled(_ texts: [String]) -> [String]? { texts.isEmpty ? nil : texts }
        let times = window.timeTexts.map { Times(start_time: $0.start, end_time: $0.end) }
        self.init(
            times: times.isEmpty ? nil : times, weekdays: filled(window.weekdayTexts),
            days_of_month: filled(window.dayOfMonthTexts), months: filled(window.monthTexts),
            years: filled(window.yearTexts), location: window.zone.name)
    }

    /// - Throws: if the notation is wrong or there is no such time zone.
    func window(_ files: any FileAccess) throws -> TimeWindow {
        TimeWindow(
            times: try (times ?? []).map { try TimeWindow.times(start: $0.start_time, end: $0.end_time) },
            weekdays: try (weekdays ?? []).map { try TimeWindow.weekdays($0) },
            daysOfMonth: try (days_of_month ?? []).map { try TimeWindow.daysOfMonth($0) },
            months: try (months ?? []).map { try TimeWindow.months($0) },
            years: try (years ?? []).map { try TimeWindow.years($0) },
            zone: try TimeZoneData.named(location ?? "UTC", files))
    }

    func write(_ json: inout JSONWriter) {
        json.object { one in
            if let times {
                one.key("times")
                one.array { list in
                    for range in times {
                        list.object { one in
                            one.field("start_time", range.start_time)
                            one.field("end_time", range.end_time)
                        }
                    }
                }
            }
            for (name, texts) in [
                ("weekdays", weekdays), ("days_of_month", days_of_month), ("months", months), ("years", years),
            ] {
                if let texts { one.field(name, texts) }
            }
            one.field("location", location ?? "UTC")
        }
    }
}

import Dispatching
import Samples
import Text
import TimeZones

/// A silence as entered in the form, not parsed yet.
struct SilenceDraft: Sendable, Hashable {
    /// How long it lasts.
    enum Length: String, Sendable, Hashable, CaseIterable {
        case halfHour = "30m"
        case hour = "1h"
        case fourHours = "4h"
        case day = "1d"
        /// As long as an alert that it matches fires, seven days at most.
        case untilResolved = "resolved"
        /// Until the time in `until`.
        case until
        /// In the weekly window, until the time in `until`, or for a year.
        case weekly

        /// The label of the choice.
        var label: String {
            switch self {
            case .halfHour: "30 min"
            case .hour: "1 h"
            case .fourHours: "4 h"
            case .day: "1 d"
            case .untilResolved: "until nothing of it fires"
            case .until: "until"
            case .weekly: "every week"
            }
        }

        /// Nil if the choice alone does not determine it.
        var duration: Duration? {
            switch self {
            case .halfHour: .seconds(1800)
            case .hour: .seconds(3600)
            case .fourHours: .seconds(4 * 3600)
            case .day: .seconds(86400)
            case .untilResolved: .seconds(7 * 86400)
            case .until, .weekly: nil
            }
        }
    }

    /// `{alertname="VaultSealed",node="vault-2"}`
    var matchers = ""
    var comment = ""
    var length = Length.hour
    /// `2026-11-28T06:30`, in the page's zone, as a field of type `datetime-local` has it.
    var until = ""
    /// The days of the weekly window; 0 is Sunday.
    var days: Set<Int> = []
    /// Its times of day: `22:00` and `24:00`; an end before the start, `06:00`, is on the next day.
    var from = ""
    var to = ""
    /// Its time zone, `Europe/Berlin`; empty for the page's.
    var zone = ""

    /// The names of its fields for the days, in the order of `days`.
    static let dayFields = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]

    /// Maximum number of characters of its fields.
    static let matchersLimit = 8000
    static let commentLimit = 2000

    /// The fields of a form or a query; missing ones keep their defaults.
    init(_ field: (String) -> String?) {
        matchers = String((field("matchers") ?? "").prefix(SilenceDraft.matchersLimit)).trimmingSpaces
        comment = String((field("comment") ?? "").prefix(SilenceDraft.commentLimit)).trimmingSpaces
        length = Length(rawValue: field("length") ?? "") ?? .hour
        until = String((field("until") ?? "").prefix(30)).trimmingSpaces
        days = Set(SilenceDraft.dayFields.indices.filter { !(field(SilenceDraft.dayFields[$0]) ?? "").isEmpty })
        from = String((field("from") ?? "").prefix(10)).trimmingSpaces
        to = String((field("to") ?? "").prefix(10)).trimmingSpaces
        zone = String((field("zone") ?? "").prefix(100)).trimmingSpaces
    }

    /// An error, with the field that it belongs to.
    struct Problem: Error, Sendable, Hashable {
        enum Field: Sendable, Hashable { case matchers, comment, until, window, all }
        let field: Field
        let message: String
    }

    /// The matchers as the form displays them.
    static func text(_ matchers: [Matcher]) -> String {
        "{" + matchers.map(\.alertmanagerText).joined(separator: ",") + "}"
    }

    /// The matchers; empty if none are entered yet.
    func parsed() throws(Problem) -> [Matcher] {
        guard !matchers.isEmpty, matchers != "{}" else { return [] }
        let parsed: [Matcher]
        do throws(MatcherSyntaxError) {
            parsed = try MatcherSyntax.parse(matchers)
        } catch {
            throw Problem(field: .matchers, message: error.description)
        }
        guard parsed.count <= 100 else { throw Problem(field: .matchers, message: "more than 100 matchers") }
        guard parsed.contains(where: { !$0.matches("") }) else {
            throw Problem(field: .matchers, message: "at least one matcher must not match an empty value")
        }
        var made: [Matcher] = []
        for one in parsed {
            do {
                made.append(try Silence.matcher(one.name, one.operation, one.value))
            } catch {
                throw Problem(field: .matchers, message: "\(error)")
            }
        }
        return made
    }

    /// The silence that the draft describes.
    /// - Parameters:
    ///   - clock: the page's clock, in whose zone `until` is given.
    ///   - zones: finds a time zone by its name; nil if there is none.
    func silence(
        by author: String, _ clock: Clock, _ zones: (String) -> TimeZoneData? = { $0 == "UTC" ? .utc : nil }
    ) throws(Problem) -> Silence {
        let matchers = try parsed()
        guard !matchers.isEmpty else {
            throw Problem(field: .matchers, message: "it needs at least one matcher, such as node=\"vault-2\"")
        }
        guard !comment.isEmpty else {
            throw Problem(field: .comment, message: "say why, for those who find the silence later")
        }
        let ends = try end(clock)
        var silence = Silence(
            matchers: matchers, startsAt: clock.now, endsAt: ends, createdBy: author, comment: comment,
            schedule: length == .weekly ? try windows(clock, zones) : [])
        silence.untilResolved = length == .untilResolved
        return silence
    }

    private func end(_ clock: Clock) throws(Problem) -> Timestamp {
        if let duration = length.duration { return clock.now + duration }
        if length == .weekly, until.isEmpty { return clock.now + SilenceDraft.recurrence }
        guard let end = clock.time(fieldText: until) else {
            throw Problem(field: .until, message: "expected a day and a time, such as 2026-11-28T06:30")
        }
        guard end > clock.now else { throw Problem(field: .until, message: "that time is over") }
        return end
    }

    // MARK: The weekly window

    /// How long a silence recurs without an end.
    private static let recurrence = Duration.seconds(365 * 86400)

    private func windows(_ clock: Clock, _ zones: (String) -> TimeZoneData?) throws(Problem) -> [TimeWindow] {
        guard !days.isEmpty else { throw Problem(field: .window, message: "choose at least one day of the week") }
        let parts = parts
        guard !parts.isEmpty else {
            throw Problem(
                field: .window,
                message: "expected two times of day, such as 22:00 and 24:00, or 22:00 and 06:00 of the next day")
        }
        guard let zone = zoneName(clock) == clock.zone.name ? clock.zone : zones(zone) else {
            throw Problem(
                field: .window,
                message: "there is no time zone \(zone.quotedAsInGo); expected a name such as Europe/Berlin, or UTC")
        }
        return parts.map { TimeWindow(times: $0.times, weekdays: $0.weekdays, zone: zone) }
    }

    /// The window in UTC, or the two that one over midnight consists of: a window is within a day. Empty if the times
    /// are no times of day.
    private var parts: [TimeWindow] {
        func window(_ days: Set<Int>, _ start: String, _ end: String) -> TimeWindow? {
            guard let times = try? TimeWindow.times(start: start, end: end) else { return nil }
            return TimeWindow(times: [times], weekdays: SilenceDraft.spans(days))
        }
        if let whole = window(days, from, to == "00:00" ? "24:00" : to) { return [whole] }
        // Equal times could be a day or nothing.
        guard from != to, let evening = window(days, from, "24:00"),
            let morning = window(Set(days.map { ($0 + 1) % 7 }), "00:00", to)
        else { return [] }
        return [evening, morning]
    }

    private func zoneName(_ clock: Clock) -> String { zone.isEmpty ? clock.zone.name : zone }

    /// Days as ranges of consecutive ones.
    private static func spans(_ days: Set<Int>) -> [TimeWindow.Span] {
        var spans: [TimeWindow.Span] = []
        for day in days.sorted() {
            if let last = spans.last, last.last == day - 1 {
                spans[spans.count - 1].last = day
            } else {
                spans.append(TimeWindow.Span(day, day))
            }
        }
        return spans
    }

    // MARK: Command

    /// Whether it consists of two windows.
    var isOverMidnight: Bool { length == .weekly && parts.count > 1 }

    /// The same as commands for the user's shell, a line each: one makes a single window.
    func command(_ clock: Clock) -> String {
        guard isOverMidnight else { return command(clock, parts.first) }
        return parts.map { command(clock, $0) }.joined(separator: "\n")
    }

    private func command(_ clock: Clock, _ window: TimeWindow?) -> String {
        let words = (try? parsed())?.map { $0.description.quotedForShell }.joined(separator: " ") ?? ""
        var options = "-c \(comment.isEmpty ? "'…'" : comment.quotedForShell)"
        switch length {
        case .untilResolved: options += " --until-resolved"
        case .until: options += endOption(clock)
        case .weekly:
            options += until.isEmpty ? " -d 365d" : endOption(clock)
            let window = window ?? TimeWindow(weekdays: SilenceDraft.spans(days))
            for days in window.weekdayTexts { options += " --weekdays \(days)" }
            let times = window.timeTexts.first.map { "\($0.start)-\($0.end)" } ?? "\(from)-\(to)"
            options += " --times \(times.quotedForShell) --location \(zoneName(clock).quotedForShell)"
        default: options += " -d \(length.rawValue)"
        }
        return "vaultwatch silence add \(options) \(words)"
    }

    private func endOption(_ clock: Clock) -> String {
        clock.time(fieldText: until).map { " --end \($0.rfc3339)" } ?? ""
    }
}

extension String {
    /// In single quotes, so that a shell reads it as one word.
    fileprivate var quotedForShell: String {
        "'" + split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

extension Clock {
    /// The time that a person or a link has written: RFC 3339, a day, or a day and a time in this zone; nil if it is
    /// none of them.
    /// - Parameter isEnd: whether a day stands for its end instead of its beginning.
    func time(written: String, isEnd: Bool = false) -> Timestamp? {
        if let time = Timestamp(rfc3339: written) ?? time(fieldText: written) { return time }
        guard written.utf8.count == 10 else { return nil }
        return isEnd
            ? time(fieldText: written + "T23:59:59").map { $0 + .milliseconds(999) }
            : time(fieldText: written + "T00:00:00")
    }

    /// The time that a field of type `datetime-local` denotes in this zone; nil if invalid. If the local time occurs
    /// twice, the later one.
    func time(fieldText: String) -> Timestamp? {
        let parts = fieldText.split(separator: ":")
        guard parts.count == 2 || parts.count == 3, fieldText.utf8.count <= 19,
            let written = Timestamp(rfc3339: fieldText + (parts.count == 2 ? ":00Z" : "Z"))
        else { return nil }
        let near = written - .seconds(zone.offset(at: written))
        return written - .seconds(zone.offset(at: near))
    }
}

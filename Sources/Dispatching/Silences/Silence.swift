package import Samples
package import Text

/// Suppresses matching alerts from a start to an end; with a schedule, only in its windows.
/// Source: https://prometheus.io/docs/alerting/latest/alertmanager/#silences; the schedule is our own extension.
package struct Silence: Sendable, Hashable {
    /// Alertmanager's states; the raw values are those of its API.
    package enum State: String, Sendable, Hashable {
        case pending
        case active
        case expired
    }

    /// A UUID; empty for a silence that is to be created.
    package var id: String
    /// Alternatives: an alert is silenced if all matchers of one set match it. Neither the list nor any set is empty.
    package var matcherSets: [[Matcher]]
    /// When it becomes active.
    package var startsAt: Timestamp
    /// When it expires.
    package var endsAt: Timestamp
    /// When it was last changed.
    package var updatedAt: Timestamp
    /// The author.
    package var createdBy: String
    /// The reason.
    package var comment: String
    /// The windows in which it is active; empty means all the time.
    package var schedule: [TimeWindow]
    /// Free-form notes of its author, such as a ticket's address.
    package var annotations: [String: String]
    /// Whether it ends as soon as no alert that it silences fires any more.
    package var untilResolved = false

    /// The first set, for clients that support only one.
    package var matchers: [Matcher] { matcherSets.first ?? [] }

    /// A silence with one set, to be created unless it has an id.
    package init(
        id: String = "", matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp,
        updatedAt: Timestamp = Timestamp(milliseconds: 0),
        createdBy: String = "", comment: String = "", schedule: [TimeWindow] = []
    ) {
        self.init(
            id: id, matcherSets: [matchers], startsAt: startsAt, endsAt: endsAt, updatedAt: updatedAt,
            createdBy: createdBy, comment: comment, schedule: schedule)
    }

    /// A silence to be created, unless it has an id.
    package init(
        id: String = "", matcherSets: [[Matcher]], startsAt: Timestamp, endsAt: Timestamp,
        updatedAt: Timestamp = Timestamp(milliseconds: 0),
        createdBy: String = "", comment: String = "", schedule: [TimeWindow] = [], annotations: [String: String] = [:]
    ) {
        self.id = id
        self.matcherSets = matcherSets
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.comment = comment
        self.schedule = schedule
        self.annotations = annotations
    }

    /// The state that Alertmanager's API shows; a schedule does not change it.
    package func state(at now: Timestamp) -> State {
        now < startsAt ? .pending : now >= endsAt ? .expired : .active
    }

    /// Whether it suppresses alerts now: it is active, and within its schedule.
    package func isInForce(at now: Timestamp) -> Bool {
        state(at: now) == .active && (schedule.isEmpty || schedule.contains { $0.contains(now) })
    }

    /// The bytes of its texts, 64 for each window of its schedule and each of the window's ranges, and 200 as overhead.
    var textBytes: Int {
        let own = id.utf8.count + createdBy.utf8.count + comment.utf8.count + 200
        let noted = annotations.reduce(own) { $0 + $1.key.utf8.count + $1.value.utf8.count + 64 }
        let matched = matcherSets.joined().reduce(noted) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 }
        return schedule.reduce(matched) { $0 + 64 * ($1.rangeCount + 1) }
    }

    /// Its approximate size in bytes: texts and compiled expressions.
    var sizeBytes: Int { matcherSets.joined().reduce(textBytes) { $0 + $1.compiledBytes } }

    /// A matcher of a silence. Any client that may post can create a thousand of them, so its expression gets less
    /// memory than one in the configuration.
    /// - Throws: `RegularExpression.SyntaxError` for one that does not compile within that.
    package static func matcher(_ name: String, _ operation: Matcher.Operation, _ value: String)
        throws(RegularExpression.SyntaxError) -> Matcher
    {
        try Matcher(name, operation, value, memoryBytes: 64 << 10)
    }

    /// Whether all matchers of one of its sets match.
    package func matches(_ labels: Labels) -> Bool {
        matcherSets.contains { $0.allSatisfy { $0.matches(labels) } }
    }

    /// Its matchers as text, each set as `MatcherSyntax.parse` reads it: `node="vault-1", severity="low" or alertname="X"`.
    package var matchersText: String {
        matcherSets.map { $0.map(\.alertmanagerText).joined(separator: ", ") }.joined(separator: " or ")
    }
}

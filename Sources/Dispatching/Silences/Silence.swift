package import Samples
package import Text

/// Suppresses matching alerts from a start to an end, and with a schedule only in its windows in between.
/// Source: https://prometheus.io/docs/alerting/latest/alertmanager/#silences; the schedule is our own.
package struct Silence: Sendable, Hashable {
    /// Alertmanager's states; the raw values are those of its API.
    package enum State: String, Sendable, Hashable {
        case pending
        case active
        case expired
    }

    /// A UUID; empty for one that is to be made.
    package var id: String
    /// All of a set must match; an alert is silenced that one of the sets matches. Never empty, nor is any of them.
    package var matcherSets: [[Matcher]]
    /// From when it holds.
    package var startsAt: Timestamp
    /// From when it does not hold any more.
    package var endsAt: Timestamp
    /// When it was changed last.
    package var updatedAt: Timestamp
    /// Who made it.
    package var createdBy: String
    /// Why.
    package var comment: String
    /// The windows in which it holds; empty means all the time.
    package var schedule: [TimeWindow]
    /// What its author has noted, such as a ticket's address.
    package var annotations: [String: String]
    /// Whether it ends as soon as nothing fires any more that it silences.
    package var untilResolved = false

    /// The first set, for clients that know of one.
    package var matchers: [Matcher] { matcherSets.first ?? [] }

    /// A silence of one set that is to be made, unless it has an id.
    package init(
        id: String = "", matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp,
        updatedAt: Timestamp = Timestamp(milliseconds: 0),
        createdBy: String = "", comment: String = "", schedule: [TimeWindow] = []
    ) {
        self.init(
            id: id, matcherSets: [matchers], startsAt: startsAt, endsAt: endsAt, updatedAt: updatedAt,
            createdBy: createdBy, comment: comment, schedule: schedule)
    }

    /// A silence that is to be made, unless it has an id.
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

    /// Whether it suppresses alerts now: active, and within its schedule.
    package func isInForce(at now: Timestamp) -> Bool {
        state(at: now) == .active && (schedule.isEmpty || schedule.contains { $0.contains(now) })
    }

    /// The bytes of its texts, 64 for each window of its schedule and each of the window's ranges, and 200 for the rest.
    var textBytes: Int {
        let own = id.utf8.count + createdBy.utf8.count + comment.utf8.count + 200
        let noted = annotations.reduce(own) { $0 + $1.key.utf8.count + $1.value.utf8.count + 64 }
        let matched = matcherSets.joined().reduce(noted) { $0 + $1.name.utf8.count + $1.value.utf8.count + 64 }
        return schedule.reduce(matched) { $0 + 64 * ($1.rangeCount + 1) }
    }

    /// Roughly how many bytes it takes: texts and compiled expressions.
    var sizeBytes: Int { matcherSets.joined().reduce(textBytes) { $0 + $1.compiledBytes } }

    /// A matcher of a silence: whoever may post can make a thousand, so that its expression gets less memory than one of
    /// the configuration.
    /// - Throws: `RegularExpression.SyntaxError` for one that does not compile in that.
    package static func matcher(_ name: String, _ operation: Matcher.Operation, _ value: String)
        throws(RegularExpression.SyntaxError) -> Matcher
    {
        try Matcher(name, operation, value, memoryBytes: 64 << 10)
    }

    /// Whether all matchers of one of its sets match.
    package func matches(_ labels: Labels) -> Bool {
        matcherSets.contains { $0.allSatisfy { $0.matches(labels) } }
    }

    /// Its matchers in words: `node="vault-1", severity="low" or alertname="X"`.
    package var matchersText: String {
        matcherSets.map { $0.map(\.description).joined(separator: ", ") }.joined(separator: " or ")
    }
}

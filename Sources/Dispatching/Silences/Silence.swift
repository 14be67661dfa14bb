import Samples

/// Keeps matching alerts quiet from a start to an end, and, with a schedule, only in its windows in between.
/// Source: https://prometheus.io/docs/alerting/latest/alertmanager/#silences; the schedule is our own.
package struct Silence: Sendable, Hashable {
    package enum State: String, Sendable, Hashable {
        case pending
        case active
        case expired
    }

    /// A UUID; empty for one that is to be made.
    package var id: String
    /// All must match.
    package var matchers: [Matcher]
    package var startsAt: Timestamp
    /// From here on it is no more.
    package var endsAt: Timestamp
    package var updatedAt: Timestamp
    package var createdBy: String
    package var comment: String
    /// When it recurs: quiet only while one of these windows holds. Empty means all the time.
    package var schedule: [TimeWindow]

    package init(
        id: String = "", matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp,
        updatedAt: Timestamp = Timestamp(milliseconds: 0),
        createdBy: String = "", comment: String = "", schedule: [TimeWindow] = []
    ) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.comment = comment
        self.schedule = schedule
    }

    /// As Alertmanager's API tells it; a schedule does not change it.
    package func state(at now: Timestamp) -> State {
        now < startsAt ? .pending : now >= endsAt ? .expired : .active
    }

    /// Whether it keeps alerts quiet now: active, and within its schedule.
    package func isInForce(at now: Timestamp) -> Bool {
        state(at: now) == .active && (schedule.isEmpty || schedule.contains { $0.contains(now) })
    }

    package func matches(_ labels: Labels) -> Bool { matchers.allSatisfy { $0.matches(labels) } }
}

import Platform
import Samples

/// A group's identity. After a reload two routes may form groups with the same key for different receivers, hence both.
struct GroupID: Hashable, Sendable {
    var key: String
    var receiver: String

    /// Whether its alerts came through the API. Keys of other groups end with the brace of their labels.
    var isExternal: Bool { key.hasSuffix(Dispatcher.externalSuffix) }
}

/// The alerts of one route that share their group labels.
struct Group: Sendable {
    let id: GroupID
    let labels: Labels
    /// Nil once a reload has taken its route away.
    var route: RouteTree.Node?
    var alerts: Set<UInt64> = []
    /// Alerts that a reload has taken out of the group's route; they stay for their resolve alone.
    var orphaned: Set<UInt64> = []
    /// Whether it has been flushed at least once.
    var flushed = false
    /// Which of its alerts wait for acceptance, and which went to the fallback.
    var escalation = EscalationState()
    /// When its first flush would be due without waiting for alerts that may explain its own.
    var dueWithoutSuspects: Instant?
    /// The groups that the incident had before its severity rose, if this group was formed because of that.
    var raisedFrom: [GroupID] = []
    /// The group that this one is the fallback of.
    var source: GroupID?
    /// Something must be decided before the next flush: news for an integration that gets resends, or an alert that
    /// fires again while its resolve waits.
    var needsImmediateDecision = false
    /// Until when integrations that get resends wait for alerts that may explain one of its own; nil: they don't.
    var suspectsUntil: Instant?
    /// When resends were last decided.
    var resendsDecidedAt = Instant(nanoseconds: .min)
    /// The interval of its former route, so that resolved notifications are sent as quickly as before.
    var formerInterval: Duration?

    func holdsResends(_ now: Instant) -> Bool { suspectsUntil.map { $0 > now } ?? false }
    var members: Set<UInt64> { orphaned.isEmpty ? alerts : alerts.union(orphaned) }
    var groupInterval: Duration { route?.groupInterval ?? formerInterval ?? .seconds(300) }

    func destination(_ integration: DispatchOptions.Integration) -> Destination {
        Destination(receiver: id.receiver, integration: integration.id, groupKey: id.key)
    }
}

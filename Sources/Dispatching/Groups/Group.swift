import Platform
import Samples

/// Two routes may form groups of one key for different receivers over a reload; hence both.
struct GroupID: Hashable, Sendable {
    var key: String
    var receiver: String
}

/// The alerts of one route that share their group labels.
struct Group: Sendable {
    let id: GroupID
    let labels: Labels
    /// Nil once a reload has taken its route away.
    var route: RouteTree.Node?
    var integrations: [DispatchOptions.Integration]
    var alerts: Set<UInt64> = []
    /// Alerts that no longer come here since a reload; here for their resolve alone.
    var strays: Set<UInt64> = []
    /// When it is looked at next.
    var dueAt: Instant
    /// Whether it has been looked at.
    var flushed = false
    /// Which of its alerts wait to be accepted, and which went to the fallback.
    var escalation = Escalation()
    /// The group whose fallback this one is.
    var source: GroupID?
    /// When something is due between its turns: an escalation, or a resend.
    var deadline: Instant?
    /// An integration that is told at once has news to hear, or an end that waits is no longer true.
    var hasNews = false
    /// When the integrations that are told at once were last looked at.
    var attendedAt = Instant(nanoseconds: .min)
    /// Its interval when it still had a route, so that ends are told as soon as before.
    var formerInterval: Duration?

    var members: Set<UInt64> { strays.isEmpty ? alerts : alerts.union(strays) }
    var groupInterval: Duration { route?.groupInterval ?? formerInterval ?? .seconds(300) }

    /// Whether one of its integrations is told at once and again and again.
    var resends: Bool { integrations.contains { $0.resend != nil } }

    func destination(_ integration: DispatchOptions.Integration) -> Destination {
        Destination(receiver: id.receiver, integration: integration.name, groupKey: id.key)
    }
}

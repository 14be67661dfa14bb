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
    /// Its interval when it still had a route, so that ends are told as soon as before.
    var formerInterval: Duration?

    var members: Set<UInt64> { strays.isEmpty ? alerts : alerts.union(strays) }
    var groupInterval: Duration { route?.groupInterval ?? formerInterval ?? .seconds(300) }

    func destination(_ integration: DispatchOptions.Integration) -> Destination {
        Destination(receiver: id.receiver, integration: integration.name, groupKey: id.key)
    }
}

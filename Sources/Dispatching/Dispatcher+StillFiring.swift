package import Alerts
package import Platform
import Samples

/// What goes on when an alert ends: a message about its end must not read as the all-clear meanwhile.
extension Dispatcher {
    /// How many are named.
    private static let namedLimit = 5
    /// How many ended alerts of one message are looked at.
    private static let endedLimit = 20
    /// How many alerts are looked at for each message: in a storm, when thousands of groups end at once, looking at all of
    /// them for each would delay the messages.
    private static let searchLimit = 1000

    /// Alerts that fire about the same thing as the ended ones of a resolved message, the gravest first, five at most:
    /// those of its group that are silenced, inhibited or muted; those that inhibit one of the ended; and those that have
    /// all its labels but `alertname` and `severity`, as a graver alert about the same node has. An alert without other
    /// labels is about nothing in particular. Beyond 1,000 alerts the last are looked for among as many.
    package func stillFiring(beside notification: Notification, _ now: Moment) -> [Alert] {
        let ended = notification.alerts.prefix(Dispatcher.endedLimit)
        let own = Set(notification.alerts.map(\.id))
        let group = groups[GroupID(key: notification.groupKey, receiver: notification.receiver)]
        var found = group?.alerts ?? []
        for alert in ended { found.formUnion(inhibitor.inhibiting(alert)) }
        let places = ended.map { $0.labels.dropping(["alertname", "severity"]) }.filter { !$0.isEmpty }
        for (id, entry) in alerts.prefix(Dispatcher.searchLimit) where !entry.isEnded {
            let labels = entry.alert.labels
            if places.contains(where: { $0.pairs.allSatisfy { labels[$0.name] == $0.value } }) { found.insert(id) }
        }
        return Array(
            found.subtracting(own).filter { fires($0, now) }.compactMap { alerts[$0]?.alert }
                .sorted { ($1.severity, $0.labels) < ($0.severity, $1.labels) }.prefix(Dispatcher.namedLimit))
    }
}

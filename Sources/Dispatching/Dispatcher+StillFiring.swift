package import Alerts
package import Platform
package import Samples

/// What still fires when an alert ends: a resolved notification must not read as the all-clear.
extension Dispatcher {
    /// Maximum number of alerts that are named.
    private static let namedLimit = 5
    /// Maximum number of ended alerts examined per message.
    private static let endedLimit = 20
    /// Maximum number of alerts examined per message: when thousands of groups end at once, searching all alerts for
    /// each would delay the messages.
    private static let searchLimit = 1000

    /// Alerts that fire about the same thing as the ended ones of a resolved message, the most severe first, five at
    /// most: those of its group that are silenced, inhibited or muted; those that inhibit one of the ended; and those
    /// that have all its labels but `alertname` and `severity`, such as a more severe alert about the same node. An
    /// alert without other labels matches none by labels. With more than 1,000 alerts only that many are searched for
    /// the last kind.
    package func stillFiring(beside notification: Notification, _ now: Moment) -> [Alert] {
        let ended = notification.alerts.prefix(Dispatcher.endedLimit)
        let own = Set(notification.alerts.map(\.id))
        let group = groups[GroupID(key: notification.groupKey, receiver: notification.receiver)]
        var found = group?.alerts ?? []
        for alert in ended { found.formUnion(inhibitor.inhibiting(alert)) }
        let labelSets = ended.map { $0.labels.dropping(["alertname", "severity"]) }.filter { !$0.isEmpty }
        for (id, entry) in alerts.prefix(Dispatcher.searchLimit) where !entry.isEnded {
            let labels = entry.alert.labels
            if labelSets.contains(where: { $0.pairs.allSatisfy { labels[$0.name] == $0.value } }) { found.insert(id) }
        }
        return Array(
            found.subtracting(own).filter { fires($0, now) }.compactMap { alerts[$0]?.alert }
                .sorted { ($1.severity, $0.labels) < ($0.severity, $1.labels) }.prefix(Dispatcher.namedLimit))
    }

    /// Until when alerts are silenced, by their ids: by the silence in force that ends last. Those that none silences,
    /// and those silenced until they end, are left out.
    package func silencedUntil(_ alerts: [Alert]) -> [UInt64: Timestamp] {
        var ends: [UInt64: Timestamp] = [:]
        for alert in alerts {
            let silencing = silences.inForce.filter { $0.matches(alert.labels) }
            if silencing.contains(where: \.untilResolved) { continue }
            ends[alert.id] = silencing.map(\.endsAt).max()
        }
        return ends
    }
}

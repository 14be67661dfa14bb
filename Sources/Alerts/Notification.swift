import Samples

/// One message for one integration of one receiver: a group of alerts, decided by Dispatch, carried by Delivery.
/// It lies in the outbox until the receiver has accepted it.
public struct Notification: Hashable, Sendable {
    /// The receiver's name in the configuration.
    public var receiver: String
    /// Which of the receiver's integrations: its kind and place, e.g. `email/0`, `slack/1`.
    public var integration: String
    /// The group's stable key, as Alertmanager prints it: `{}/{severity="critical"}:{alertname="VaultSealed"}`.
    public var groupKey: String
    public var groupLabels: Labels
    /// The group's alerts, firing ones first; each firing or resolved as of `decidedAt`.
    public var alerts: [Alert]
    /// Firing alerts left out because a receiver takes only so many.
    public var truncatedAlerts: Int
    /// Why it is sent, for the log and the history: `first`, `escalated`, `changed`, `repeat`, `resolved`, `test`.
    public var reason: String
    /// When Dispatch decided to send it.
    public var decidedAt: Timestamp

    public init(
        receiver: String, integration: String, groupKey: String, groupLabels: Labels, alerts: [Alert],
        truncatedAlerts: Int = 0,
        reason: String, decidedAt: Timestamp
    ) {
        self.receiver = receiver
        self.integration = integration
        self.groupKey = groupKey
        self.groupLabels = groupLabels
        self.alerts = alerts
        self.truncatedAlerts = truncatedAlerts
        self.reason = reason
        self.decidedAt = decidedAt
    }

    public var firing: [Alert] { alerts.filter { $0.status(at: decidedAt) == .firing } }
    public var resolved: [Alert] { alerts.filter { $0.status(at: decidedAt) == .resolved } }
    /// Firing while any alert fires.
    public var status: Alert.Status { firing.isEmpty ? .resolved : .firing }

    /// The same again to one that must hear it every minute: nothing for a log or a history.
    public var isRoutine: Bool {
        reason == "repeat" && (integration.hasPrefix("alertmanager/") || integration.hasPrefix("heartbeat/"))
    }

    /// Labels that all alerts share.
    public var commonLabels: Labels {
        guard let first = alerts.first else { return .empty }
        return Labels(
            sorted: first.labels.pairs.filter { pair in alerts.allSatisfy { $0.labels[pair.name] == pair.value } })
    }

    /// Annotations that all alerts share.
    public var commonAnnotations: [String: String] {
        guard let first = alerts.first else { return [:] }
        return first.annotations.filter { pair in alerts.allSatisfy { $0.annotations[pair.key] == pair.value } }
    }

    /// The worst severity among the firing alerts, or among all when none fires.
    public var severity: Severity { (firing.isEmpty ? alerts : firing).map(\.severity).max() ?? .unknown }
}

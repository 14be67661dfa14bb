public import Samples

/// One message for one integration of one receiver about one group of alerts.
public struct Notification: Hashable, Sendable {
    /// Why a notification is sent; the raw value is what logs, metrics, the history and templates show.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// The receiver has not been notified of any firing alert of the group yet.
        case first
        /// The receiver is a fallback to which alerts of the group have escalated.
        case escalated
        /// Alerts have joined the group, or some of them have ended.
        case changed
        /// Nothing is new, and the repeat interval has passed.
        case `repeat`
        /// A silence or a mute time has ended, and the alerts still fire.
        case unsilenced
        /// An incident was acknowledged.
        case acknowledged
        /// An acknowledgement has exceeded `ack_timeout`, and the incident continues.
        case unacknowledged
        /// All alerts that the receiver was notified of have ended.
        case resolved
        /// An operator tests the receiver.
        case test
    }

    /// The receiver's name in the configuration.
    public var receiver: String
    /// Which of the receiver's integrations.
    public var integration: IntegrationID
    /// The group's stable key, as Alertmanager prints it: `{}/{severity="critical"}:{alertname="VaultSealed"}`.
    public var groupKey: String
    /// The labels that the group's alerts were grouped by.
    public var groupLabels: Labels
    /// The group's alerts, firing ones first; each firing or resolved as of `decidedAt`.
    public var alerts: [Alert]
    /// In a resolved message: alerts that fire about the same thing, the most severe first, as of the attempt to send
    /// it. Empty until then, and in messages about firing alerts.
    public var stillFiring: [Alert] = []
    /// Until when those of `stillFiring` that are silenced stay so, by their ids.
    public var silencedUntil: [UInt64: Timestamp] = [:]
    /// The incidents that its alerts belong to, the most severe first, as of the attempt to send it; empty until then.
    public var incidents: [Incident] = []
    /// Number of firing alerts left out because the receiver limits their number.
    public var truncatedAlerts: Int
    /// Why it is sent.
    public var reason: Reason
    /// When the dispatcher decided to send it.
    public var decidedAt: Timestamp
    /// When the attempt to send it began; nil until then.
    public var attemptedAt: Timestamp?

    /// A cause with its consequences.
    public struct Incident: Hashable, Sendable {
        /// Unique; nil for an unacknowledged incident of a single alert without cause.
        public var id: UInt64?
        /// The incident's number, as pages and links use it; nil if it has none.
        public var number: Int?
        /// When its first alert began.
        public var startsAt: Timestamp
        /// The alert that none of the others explains.
        public var cause: Alert
        /// The others, in order of arrival: the firing ones while any fires, at the end all of them.
        public var consequences: [Alert]
        /// Alerts of it that ended earlier; of many only the first and the last.
        public var ended: [Alert]
        /// Nil while it is unacknowledged.
        public var acknowledgement: Acknowledgement?
        /// Targets that could have explained its cause but are well, as of the attempt to send.
        public var answering: [String] = []
        /// When a receiver first accepted a message about it, as of the attempt to send; nil if none has.
        public var toldAt: Timestamp?
        /// The state at each integration that it goes to, as of the attempt to send a message to people; else empty.
        package var told: [IncidentTold] = []
        /// What happens next without intervention, earliest first, as of that attempt.
        package var next: [IncidentStep] = []

        /// An incident with its current alerts.
        public init(
            id: UInt64?, startsAt: Timestamp, cause: Alert, consequences: [Alert], ended: [Alert] = [],
            acknowledgement: Acknowledgement? = nil
        ) {
            self.id = id
            self.startsAt = startsAt
            self.cause = cause
            self.consequences = consequences
            self.ended = ended
            self.acknowledgement = acknowledgement
        }

        /// The highest severity of its alerts.
        public var severity: Severity { consequences.reduce(cause.severity) { max($0, $1.severity) } }
    }

    /// A notification as the dispatcher decides it.
    public init(
        receiver: String, integration: IntegrationID, groupKey: String, groupLabels: Labels, alerts: [Alert],
        truncatedAlerts: Int = 0, reason: Reason, decidedAt: Timestamp
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

    /// Alerts that fired when it was decided.
    public var firing: [Alert] { alerts.filter { $0.status(at: decidedAt) == .firing } }
    /// Alerts that had ended when it was decided.
    public var resolved: [Alert] { alerts.filter { $0.status(at: decidedAt) == .resolved } }
    /// Firing if any alert fires.
    public var status: Alert.Status { firing.isEmpty ? .resolved : .firing }

    /// Whether all firing alerts are acknowledged.
    public var isAcknowledged: Bool {
        let current = incidents.filter { $0.cause.status(at: decidedAt) == .firing }
        return !current.isEmpty && current.allSatisfy { $0.acknowledgement != nil }
    }

    /// Whether it is a periodic message that its receiver expects; such a message is not worth a line in log or
    /// history.
    public var isRoutine: Bool { reason == .repeat && integration.kind.expectsResends }

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

    /// The highest severity among the firing alerts, or among all of them if none fires.
    public var severity: Severity { (firing.isEmpty ? alerts : firing).map(\.severity).max() ?? .unknown }
}

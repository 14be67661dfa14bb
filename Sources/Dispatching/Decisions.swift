package import Alerts

/// An alert that went to a fallback receiver.
package struct EscalatedAlert: Sendable, Hashable {
    /// Why it escalated; the raw value stands in the log.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// No integration of the receiver had accepted it when its response time was over.
        case unaccepted
        /// Every integration of the receiver has refused it for good.
        case refused
        /// Nobody had acknowledged it in time.
        case unacknowledged
    }

    /// The alert as it stood then.
    package var alert: Alert
    /// The key of its group, the same at the receiver and at the fallback.
    package var groupKey: String
    /// The receiver that did not accept it, or of which nobody acknowledged it.
    package var receiver: String
    /// The receiver that it went to.
    package var fallback: String
    /// Why it went there.
    package var reason: Reason
}

/// Why an alert was refused; the raw values are values of a metric's label.
package enum AlertRefusal: String, Sendable, Hashable, CaseIterable {
    /// As many alerts as may be are held.
    case limit
    /// The alerts from outside that are held take as many bytes as they may.
    case bytes
    /// It is larger than one alert from outside may be.
    case size
    /// It is not an alert.
    case invalid
}

/// Why an alert, or a group, is not sent; the raw values are values of a metric's label.
package enum SuppressionReason: String, Sendable, Hashable, CaseIterable {
    /// A silence in force matches it.
    case silenced
    /// An inhibiting alert fires.
    case inhibited
    /// A mute time interval holds.
    case muteTime
    /// No active time interval holds.
    case outsideActiveTime
    /// A reload took its route away; only its resolve is still sent.
    case unrouted
    /// The receiver was notified of all of it, and the repeat interval is not over.
    case alreadyNotified = "known"
    /// It ended before any receiver was notified of it.
    case endedUnnotified = "endedUnheard"
}

/// An acknowledgement that has become older than `ack_timeout`.
package struct EndedAcknowledgement: Sendable, Hashable {
    /// What was acknowledged.
    package var incident: Incident
    /// By whom, and when.
    package var acknowledgement: Acknowledgement
}

/// What a step of the dispatcher wants done. All of it belongs into one transaction of the journal, which is written
/// before a message leaves.
package struct Decisions: Sendable {
    /// New messages, in order: into the outbox and then to the notifier.
    package var send: [Outgoing] = []
    /// Ids of messages that leave the outbox: superseded, pointless, refused, or accepted.
    package var withdrawn: [UInt64] = []
    /// Entries of the notification log that are new or changed.
    package var logEntries: [NotificationLogEntry] = []
    /// Destinations whose entry leaves the notification log.
    package var removedLogEntries: [Destination] = []
    /// Fingerprints of alerts that have ended and are not needed any more.
    package var removedAlerts: [UInt64] = []
    /// Ids of silences that expired longer ago than the retention.
    package var removedSilences: [String] = []
    /// Changed states of escalation, by storage key; nil removes one.
    package var escalations: [String: EscalationRecord?] = [:]
    /// Changed incidents, by storage key; nil removes one.
    package var incidents: [String: Incident?] = [:]
    /// Changed records of incidents, by number; nil removes one.
    package var records: [Int: IncidentRecord?] = [:]
    /// Silences that have ended because what they silenced has.
    package var endedSilences: [Silence] = []
    /// Acknowledgements that have become too old in this step.
    package var unacknowledged: [EndedAcknowledgement] = []
    /// Alerts that went to a fallback in this step.
    package var escalated: [EscalatedAlert] = []
    /// How many alerts (for `alreadyNotified`: groups) were suppressed in this step, by reason.
    package var suppressed: [SuppressionReason: Int] = [:]

    /// Nothing to do.
    package init() {}

    /// Whether the journal has nothing to write.
    package var isEmpty: Bool {
        send.isEmpty && withdrawn.isEmpty && logEntries.isEmpty && removedLogEntries.isEmpty && removedAlerts.isEmpty
            && removedSilences.isEmpty && endedSilences.isEmpty && unacknowledged.isEmpty && escalations.isEmpty
            && incidents.isEmpty && records.isEmpty
    }
}

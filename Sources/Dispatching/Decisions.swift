package import Alerts

/// An alert that went to a fallback receiver.
package struct EscalatedAlert: Sendable, Hashable {
    /// Why it escalated; the raw value is what the log shows.
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// No integration of the receiver accepted it within the response time.
        case unaccepted
        /// Every integration of the receiver has permanently refused it.
        case refused
        /// It was not acknowledged in time.
        case unacknowledged
    }

    /// The alert at the time of its escalation.
    package var alert: Alert
    /// The key of its group, the same at the receiver and at the fallback.
    package var groupKey: String
    /// The receiver that did not accept it, or at which it went unacknowledged.
    package var receiver: String
    /// The receiver that it went to.
    package var fallback: String
    /// Why it went there.
    package var reason: Reason
}

/// Why an alert was refused; the raw values are values of a metric's label.
package enum AlertRefusal: String, Sendable, Hashable, CaseIterable {
    /// The limit on the number of alerts is reached.
    case limit
    /// The limit on the bytes of all external alerts is reached.
    case bytes
    /// It is larger than a single external alert may be.
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
    /// The receiver was notified of all of it, and the repeat interval has not passed.
    case alreadyNotified = "known"
    /// It was resolved before any receiver was notified of it.
    case endedUnnotified = "endedUnheard"
}

/// An acknowledgement that has become older than `ack_timeout`.
package struct EndedAcknowledgement: Sendable, Hashable {
    /// What was acknowledged.
    package var incident: Incident
    /// Its author and time.
    package var acknowledgement: Acknowledgement
}

/// The outcome of one step of the dispatcher. All of it belongs in one journal transaction, which is written before any
/// message leaves.
package struct Decisions: Sendable {
    /// New messages, in order: they go into the outbox, then to the notifier.
    package var send: [Outgoing] = []
    /// Ids of messages that leave the outbox: superseded, pointless, refused, or accepted.
    package var withdrawn: [UInt64] = []
    /// Entries of the notification log that are new or changed.
    package var logEntries: [NotificationLogEntry] = []
    /// Destinations whose entry leaves the notification log.
    package var removedLogEntries: [Destination] = []
    /// Fingerprints of resolved alerts that are not needed any more.
    package var removedAlerts: [UInt64] = []
    /// Ids of silences that expired longer ago than the retention.
    package var removedSilences: [String] = []
    /// Changed escalation states, by storage key; nil removes one.
    package var escalations: [String: EscalationRecord?] = [:]
    /// Changed incidents, by storage key; nil removes one.
    package var incidents: [String: Incident?] = [:]
    /// Changed records of incidents, by number; nil removes one.
    package var records: [Int: IncidentRecord?] = [:]
    /// Silences that ended because the alerts they silenced were resolved.
    package var endedSilences: [Silence] = []
    /// Drills that ended in this step.
    package var endedDrills: [Drill] = []
    /// The alerts of those drills that still fire, without their mark.
    package var unmarked: [Alert] = []
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
            && incidents.isEmpty && records.isEmpty && endedDrills.isEmpty && unmarked.isEmpty
    }
}

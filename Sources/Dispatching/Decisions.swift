import Alerts

/// A message on its way: it lies in the outbox under `id` until it was accepted or withdrawn.
package struct Outgoing: Sendable, Hashable {
    /// Unique over the journal's life, rising.
    package var id: UInt64
    package var notification: Notification
    /// Whether a sending was begun, so that the receiver may have it.
    package var attempted: Bool

    package init(id: UInt64, notification: Notification, attempted: Bool = false) {
        self.id = id
        self.notification = notification
        self.attempted = attempted
    }
}

/// Why a message is sent.
package enum SendReason: String, Sendable, Hashable, CaseIterable {
    /// The destination knows of no firing alert of the group.
    case first
    /// The receiver is a fallback: the one before it has not accepted the alerts in time.
    case escalated
    /// Alerts joined the group, or some ended.
    case changed
    /// Nothing new for a repeat interval.
    case `repeat`
    /// All that it knew of has ended.
    case resolved
}

/// An alert that went to a fallback.
package struct HandOver: Sendable, Hashable {
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        /// Nobody at the receiver had accepted it when its response time was over.
        case unaccepted
        /// Every integration of the receiver has refused it for good.
        case refused
    }

    package var alert: Alert
    package var groupKey: String
    /// The receiver that did not take it.
    package var receiver: String
    package var fallback: String
    package var reason: Reason
}

/// Why an alert, or a group, is not sent.
package enum QuietReason: String, Sendable, Hashable, CaseIterable {
    case silenced
    case inhibited
    /// A mute time interval holds.
    case muteTime
    /// No active time interval holds.
    case outsideActiveTime
    /// Its route is gone since a reload; only its resolve still goes out.
    case unrouted
    /// The destination knows all of it already, and the repeat interval is not over.
    case known
    /// Over before any destination heard of it.
    case endedUnheard
}

/// What a step of the dispatcher wants done. All of it belongs into one transaction of the journal, before a message
/// leaves.
package struct Decisions: Sendable {
    /// New messages, in order. They go into the outbox and then to delivery.
    package var send: [Outgoing] = []
    /// Messages that must not be sent any more, or need not: superseded, over, or accepted. Out of the outbox.
    package var withdrawn: [UInt64] = []
    /// Entries of the notification log that are new or changed.
    package var records: [NotificationRecord] = []
    /// Entries that are no more.
    package var forgottenRecords: [Destination] = []
    /// Fingerprints of alerts that are over and need not be known any more.
    package var forgottenAlerts: [UInt64] = []
    /// Ids of silences that expired long ago.
    package var forgottenSilences: [String] = []
    /// What waits for a first acceptance or went to a fallback, by its storage key; nil: nothing any more.
    package var escalations: [String: EscalationRecord?] = [:]
    /// Alerts that went to a fallback in this step.
    package var handedOver: [HandOver] = []
    /// How many alerts (for `known`: groups) were kept quiet in this step, by reason.
    package var quiet: [QuietReason: Int] = [:]

    package init() {}

    /// Whether the journal has nothing to write.
    package var isEmpty: Bool {
        send.isEmpty && withdrawn.isEmpty && records.isEmpty && forgottenRecords.isEmpty && forgottenAlerts.isEmpty
            && forgottenSilences.isEmpty && escalations.isEmpty
    }
}

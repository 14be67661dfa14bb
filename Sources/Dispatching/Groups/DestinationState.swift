import Alerts
import Platform
import Samples

/// The state of one destination: its entry of the notification log, and the message that has not been accepted yet.
struct DestinationState: Sendable {
    /// A message between its decision and its acceptance.
    struct Pending: Sendable {
        var message: Outgoing
        var firing: Set<UInt64>
        var resolved: Set<UInt64>
        /// Whether an attempt is under way: then the message can't be withdrawn.
        var inFlight = false
        /// Alerts that the attempt under way may describe as ones of a drill that has ended since.
        var toldAsDrill: Set<UInt64> = []
        /// When the first was decided in a series of messages that replaced each other, none of which was accepted.
        var since: Timestamp

        init(_ message: Outgoing, since: Timestamp? = nil) {
            self.message = message
            self.since = since ?? message.notification.decidedAt
            firing = Set(message.notification.firing.map(\.id))
            resolved = Set(message.notification.resolved.map(\.id))
        }
    }

    // As in `NotificationLogEntry`.
    var lastFiring: Set<UInt64> = []
    var notified: Set<UInt64> = []
    var possiblyNotified: Set<UInt64> = []
    var possiblyResolved: Set<UInt64> = []
    /// Those of `notified` that were seen silenced or muted since the last message about them.
    var suppressed: Set<UInt64> = []
    /// The start of the repeat interval, on the monotonic clock and on the wall clock.
    var notifiedAt = Instant(nanoseconds: 0)
    var notifiedAtWall = Timestamp(milliseconds: 0)
    /// At most one: a newer message replaces an older one.
    var pending: Pending?
    /// Ended alerts whose resolved notification is re-sent, and until when.
    var resolvedResends: [UInt64: Instant] = [:]
    /// A decision is deferred until the outcome of the attempt under way is known.
    var needsDecision = false

    /// Whether the destination is to be notified of the alert's end.
    func needsResolve(_ fingerprint: UInt64) -> Bool {
        notified.contains(fingerprint) || possiblyNotified.contains(fingerprint)
    }

    /// Whether there is an entry for the notification log.
    var hasLogEntry: Bool { !notified.isEmpty || !possiblyNotified.isEmpty || !possiblyResolved.isEmpty }
    var isEmpty: Bool { pending == nil && !hasLogEntry && resolvedResends.isEmpty }

    /// Alertmanager's rule of deduplication, extended by what may have arrived. Nil: nothing is to be sent.
    /// Source: alertmanager, notify.go, DedupStage.needsUpdate.
    /// - Parameter repeatInterval: nil where nothing is repeated.
    func reason(firing current: Set<UInt64>, ended: Set<UInt64>, repeatInterval: Duration?, now: Instant)
        -> Notification.Reason?
    {
        if current.isEmpty { return ended.isEmpty ? nil : .resolved }
        if notified.isEmpty && possiblyNotified.isEmpty { return .first }
        if !current.isSubset(of: lastFiring) {
            return current.subtracting(lastFiring).isSubset(of: suppressed) ? .unsilenced : .changed
        }
        if !current.isDisjoint(with: possiblyResolved) || !ended.isEmpty { return .changed }
        guard let repeatInterval else { return nil }
        return now - notifiedAt >= repeatInterval ? .repeat : nil
    }

    /// The receiver may have the message; whether it has will never be known.
    mutating func recordUnanswered(_ pending: Pending) {
        possiblyNotified.formUnion(pending.firing)
        possiblyResolved.formUnion(pending.resolved)
    }

    /// Removes an alert that has ended.
    /// - Returns: whether the entry of the notification log changed.
    mutating func remove(_ fingerprint: UInt64) -> Bool {
        lastFiring.remove(fingerprint)
        resolvedResends[fingerprint] = nil
        suppressed.remove(fingerprint)
        let removed = [
            notified.remove(fingerprint), possiblyNotified.remove(fingerprint), possiblyResolved.remove(fingerprint),
        ]
        return removed.contains { $0 != nil }
    }
}

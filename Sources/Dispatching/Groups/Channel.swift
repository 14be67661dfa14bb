import Alerts
import Platform
import Samples

/// All that is known of one destination: what it was told, what may have reached it, what is on its way.
struct Channel: Sendable {
    struct Pending: Sendable {
        var id: UInt64
        var notification: Notification
        var firing: Set<UInt64>
        var resolved: Set<UInt64>
        var inFlight = false
        /// Whether the receiver may have it.
        var attempted: Bool

        init(_ outgoing: Outgoing) {
            id = outgoing.id
            notification = outgoing.notification
            attempted = outgoing.attempted
            firing = Set(outgoing.notification.firing.map(\.fingerprint))
            resolved = Set(outgoing.notification.resolved.map(\.fingerprint))
        }
    }

    /// As in `NotificationRecord`.
    var firing: Set<UInt64> = []
    var told: Set<UInt64> = []
    /// From when the repeat interval counts, on the clock that does not step.
    var since = Instant(nanoseconds: 0)
    var sinceWall = Timestamp(milliseconds: 0)
    /// At most one: a newer message replaces an older one.
    var pending: Pending?
    /// Alerts that an unanswered attempt may have told as firing.
    var maybeFiring: Set<UInt64> = []
    /// Alerts that an unanswered attempt may have told as resolved.
    var maybeResolved: Set<UInt64> = []
    /// Ended alerts whose end is told again, and until when.
    var echo: [UInt64: Instant] = [:]
    /// A decision waits until the attempt in flight is answered.
    var isDue = false

    /// Alerts whose end the destination must hear of.
    func mustHearEnd(_ fingerprint: UInt64) -> Bool { told.contains(fingerprint) || maybeFiring.contains(fingerprint) }

    /// Whether there is something to remember over a restart.
    var hasRecord: Bool { !told.isEmpty || !maybeFiring.isEmpty || !maybeResolved.isEmpty }
    var isEmpty: Bool { pending == nil && !hasRecord && echo.isEmpty }

    /// Alertmanager's rule of dedup, and beyond it what may have been heard. Nil: nothing to say.
    /// Source: alertmanager, notify.go, DedupStage.needsUpdate.
    func reason(firing current: Set<UInt64>, ended: Set<UInt64>, repeatInterval: Duration, now: Instant) -> SendReason?
    {
        if current.isEmpty { return ended.isEmpty ? nil : .resolved }
        if told.isEmpty && maybeFiring.isEmpty { return .first }
        if !current.isSubset(of: firing) { return .changed }
        if !current.isDisjoint(with: maybeResolved) || !ended.isEmpty { return .changed }
        return now - since >= repeatInterval ? .repeat : nil
    }

    mutating func noteAttemptUnanswered(_ pending: Pending) {
        maybeFiring.formUnion(pending.firing)
        maybeResolved.formUnion(pending.resolved)
    }

    /// Forgets an alert that has ended; true where the log changed.
    mutating func forget(_ fingerprint: UInt64) -> Bool {
        firing.remove(fingerprint)
        echo[fingerprint] = nil
        let removed = [told.remove(fingerprint), maybeFiring.remove(fingerprint), maybeResolved.remove(fingerprint)]
        return removed.contains { $0 != nil }
    }
}

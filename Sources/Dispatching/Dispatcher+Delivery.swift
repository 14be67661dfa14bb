package import Alerts
package import Platform
import Samples

/// What becomes of decided messages, as the notifier reports it.
extension Dispatcher {
    /// An attempt is about to begin.
    /// - Returns: the message as it is to be sent: with the annotations and links that its alerts have now, while which
    ///   of them fire stays as decided. Nil where it was superseded or withdrawn and must not leave.
    package mutating func beginAttempt(_ message: Outgoing) -> Notification? {
        let destination = Destination(message.notification)
        guard let pending = destinations[destination]?.pending, pending.message.id == message.id else { return nil }
        destinations[destination]?.pending?.inFlight = true
        var notification = pending.message.notification
        notification.alerts = notification.alerts.map { alert in
            // Whether an alert that has ended since, or fires again, is sent is up to the next decision.
            guard let entry = alerts[alert.id],
                entry.isEnded == (alert.status(at: notification.decidedAt) == .resolved)
            else { return alert }
            return entry.isEnded
                ? Dispatcher.ended(entry.alert, by: notification.decidedAt) : Dispatcher.firing(entry.alert)
        }
        return notification
    }

    /// The receiver has accepted the message: it leaves the outbox, and the notification log records it.
    package mutating func recordAccepted(_ message: Outgoing, now: Moment) -> Decisions {
        var decisions = Decisions()
        decisions.withdrawn.append(message.id)
        let destination = Destination(message.notification)
        guard var state = destinations[destination], let pending = state.pending, pending.message.id == message.id
        else { return decisions }
        state.pending = nil
        state.notified = state.notified.union(pending.firing).subtracting(pending.resolved)
        state.lastFiring = pending.firing.subtracting(pending.toldAsDrill)
        state.suppressed = state.suppressed.intersection(state.notified).subtracting(pending.firing)
        if let ends = endsWithoutPast?[destination, default: []].union(pending.resolved).subtracting(pending.firing),
            ends.count <= options.alertLimit
        {
            endsWithoutPast?[destination] = ends
        }
        // Whether the receiver was notified of the other alerts remains unknown.
        let included = pending.firing.union(pending.resolved)
        state.possiblyNotified.subtract(included)
        state.possiblyResolved.subtract(included)
        let resend = integration(destination)?.resend
        if let resend {
            for fingerprint in pending.firing { state.resolvedResends[fingerprint] = nil }
            for fingerprint in pending.resolved where state.resolvedResends[fingerprint] == nil {
                state.resolvedResends[fingerprint] = now.monotonic + resend.resolvedFor
            }
        }
        // The repeat interval counts from the decision: counted from acceptance it would end just after the flush that
        // should repeat, and the repeat would be one group interval late.
        let id = destination.groupID
        let interval = resend?.delay ?? groups[id]?.groupInterval ?? .zero
        let elapsed = now.wall - message.notification.decidedAt
        let credit = elapsed > .zero && elapsed < interval ? elapsed : .zero
        state.notifiedAt = now.monotonic - credit
        state.notifiedAtWall = now.wall - credit
        let needsDecision = state.needsDecision
        destinations[destination] = state.isEmpty ? nil : state
        store(state, destination, message.notification.groupLabels, &decisions)
        refresh(now, &decisions)
        endEscalation(id, of: pending.firing, .accepted, now, &decisions)
        if needsDecision {
            decideAgain(destination, now, &decisions)
        } else {
            removeEnded(id, now, &decisions)
            updateDeadline(id, now)
        }
        book.notified(included, at: now.wall)
        updateRecords(now, &decisions)
        return decisions
    }

    /// The attempt failed and will be repeated, unless the decisions withdraw or replace the message.
    /// - Parameter uncertain: the receiver may have the message: no answer came after the request had left.
    package mutating func recordFailed(_ message: Outgoing, uncertain: Bool, now: Moment) -> Decisions {
        var decisions = Decisions()
        let destination = Destination(message.notification)
        guard var state = destinations[destination], let pending = state.pending, pending.message.id == message.id
        else { return decisions }
        state.pending?.inFlight = false
        state.pending?.toldAsDrill = []
        if uncertain {
            state.recordUnanswered(pending)
            store(state, destination, message.notification.groupLabels, &decisions)
        }
        let needsDecision = state.needsDecision
        destinations[destination] = state
        refresh(now, &decisions)
        if needsDecision { decideAgain(destination, now, &decisions) }
        return decisions
    }

    /// The receiver has permanently refused the message. The group's next flush decides anew.
    package mutating func recordRefused(_ message: Outgoing, now: Moment) -> Decisions {
        var decisions = Decisions()
        decisions.withdrawn.append(message.id)
        let destination = Destination(message.notification)
        guard var state = destinations[destination], let pending = state.pending, pending.message.id == message.id
        else { return decisions }
        state.pending = nil
        state.needsDecision = false
        destinations[destination] = state.isEmpty ? nil : state
        let id = destination.groupID
        recordRefusal(of: pending.firing, by: destination.integration, id, now, &decisions)
        removeEnded(id, now, &decisions)
        updateDeadline(id, now)
        return decisions
    }
}

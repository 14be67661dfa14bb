import Alerts
import Platform
import Samples

/// What is due between the flushes of a group: escalations, resends, and withdrawals of outdated resolved
/// notifications.
extension Dispatcher {
    /// Decides for a group whose deadline has come.
    mutating func handleDeadline(_ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        let holdsResends = group.holdsResends(now.monotonic)
        let view = view(of: group, now)
        let all = integrations(of: id)
        if !holdsResends {
            groups[id]?.needsImmediateDecision = false
            groups[id]?.suspectsUntil = nil
            if getsResends(id) { groups[id]?.resendsDecidedAt = now.monotonic }
        }
        let alive = view.firingIDs.union(view.suppressed.map(\.id))
        let due = all.filter { integration in
            // Integrations that get resends, and those with a pending resolve of an alert that fires again.
            (integration.resend != nil && !holdsResends)
                || destinations[group.destination(integration)]?.pending?.resolved.isDisjoint(with: alive) == false
        }
        for integration in due {
            let destination = group.destination(integration)
            if var state = destinations[destination], !state.resolvedResends.isEmpty {
                state.resolvedResends = state.resolvedResends.filter { $0.value > now.monotonic }
                destinations[destination] = state.isEmpty ? nil : state
            }
            decide(group, integration, view, now, &decisions)
        }
        if !due.isEmpty { startResponseTimes(id, view, now, &decisions) }
        escalateOverdue(id, view, now, &decisions)
        removeEnded(id, now, &decisions)
        updateDeadline(id, now)
    }

    /// An alert has changed: integrations that get resends are notified without waiting for the flush, though not
    /// before what may explain a new alert has answered: a consequence that has left is a page of its own there.
    mutating func decideForResendsSoon(_ fingerprint: UInt64, _ now: Moment) {
        for id in alerts[fingerprint]?.groups ?? [] where getsResends(id) {
            groups[id]?.needsImmediateDecision = true
            updateDeadline(id, now)
        }
    }

    /// An alert fires again: a resolve of it that waits for its next attempt must not be sent any more.
    mutating func withdrawResolves(of fingerprint: UInt64, _ now: Moment) {
        for id in alerts[fingerprint]?.groups ?? [] {
            guard let group = groups[id],
                integrations(of: id).contains(where: {
                    destinations[group.destination($0)]?.pending?.resolved.contains(fingerprint) == true
                })
            else { continue }
            groups[id]?.needsImmediateDecision = true
            groups[id]?.suspectsUntil = nil
            updateDeadline(id, now)
        }
    }

    /// Works out when something is due for the group before its next flush.
    mutating func updateDeadline(_ id: GroupID, _ now: Moment) {
        guard let group = groups[id] else { return deadlines.cancel(id) }
        var next = group.escalation.firstDeadline
        let soon = max(group.suspectsUntil ?? now.monotonic, now.monotonic)
        if group.needsImmediateDecision { next = min(next ?? soon, soon) }
        for integration in integrations(of: id) {
            guard let resend = integration.resend, let state = destinations[group.destination(integration)],
                state.pending == nil,
                !state.notified.isEmpty || !state.resolvedResends.isEmpty
            else { continue }
            var due = state.notifiedAt + resend.delay
            // It was due and there was nothing to send: try again after another delay.
            if due <= group.resendsDecidedAt { due = group.resendsDecidedAt + resend.delay }
            if group.holdsResends(now.monotonic) { due = max(due, soon) }
            next = min(next ?? due, due)
        }
        if let next { deadlines.schedule(id, at: next) } else { deadlines.cancel(id) }
    }
}

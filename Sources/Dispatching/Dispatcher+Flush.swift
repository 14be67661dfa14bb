import Alerts
import Platform
import Samples

extension Dispatcher {
    /// A group's alerts as they stand at one moment.
    struct GroupView {
        /// Firing, and not suppressed.
        var firing: [Alert] = []
        var firingIDs: Set<UInt64> = []
        var ended: [Alert] = []
        /// Firing, and suppressed by a silence, an inhibition or a time interval.
        var suppressed: [Alert] = []
        /// Those of `suppressed` that a silence or a time interval suppresses.
        var silencedIDs: Set<UInt64> = []
        var reasons: [SuppressionReason: Int] = [:]
    }

    /// Flushes one group: decides for each integration, then removes what has ended.
    /// - Parameter due: when the flush was due.
    mutating func flush(_ id: GroupID, due: Instant, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        let view = view(of: group, now)
        for (reason, count) in view.reasons { decisions.suppressed[reason, default: 0] += count }
        let holdsResends = group.holdsResends(now.monotonic)
        for integration in integrations(of: id) where integration.resend == nil || !holdsResends {
            decide(group, integration, view, now, &decisions)
        }
        startResponseTimes(id, view, now, &decisions)
        groups[id]?.flushed = true
        // A group that is suppressed altogether is checked every minute: with flushes a day apart each of them might
        // fall into the same mute time, and its alerts would never be sent.
        let isSuppressed = view.firing.isEmpty && !view.suppressed.isEmpty
        let interval = isSuppressed ? min(group.groupInterval, .seconds(60)) : group.groupInterval
        // Keep the rhythm: a late wake-up does not shift it, unless a whole interval was missed.
        let next = due + interval
        flushes.schedule(id, at: next > now.monotonic ? next : now.monotonic + interval)
        removeEnded(id, now, &decisions)
        updateDeadline(id, now)
    }

    /// Decides again for one destination between the flushes of its group.
    mutating func decideAgain(_ destination: Destination, _ now: Moment, _ decisions: inout Decisions) {
        let id = destination.groupID
        guard let group = groups[id] else { return }
        if let integration = integration(destination) {
            let view = view(of: group, now)
            decide(group, integration, view, now, &decisions)
            startResponseTimes(id, view, now, &decisions)
        }
        removeEnded(id, now, &decisions)
        updateDeadline(id, now)
    }

    /// Collects all alerts of a group, and marks them as processed.
    mutating func view(of group: Group, _ now: Moment) -> GroupView {
        var view = GroupView()
        let timeReason = group.route.flatMap { muteTime($0, now.wall)?.reason }
        for fingerprint in group.members {
            guard let entry = alerts[fingerprint] else { continue }
            alerts[fingerprint]?.isProcessed = true
            if entry.isEnded {
                view.ended.append(entry.alert)
                continue
            }
            let reason: SuppressionReason? =
                if group.orphaned.contains(fingerprint) { .unrouted } else if !silencedBy(fingerprint).isEmpty {
                    .silenced
                } else if !inhibitor.inhibiting(entry.alert).isEmpty { .inhibited } else { timeReason }
            if let reason {
                view.reasons[reason, default: 0] += 1
                if reason != .unrouted { view.suppressed.append(entry.alert) }
                if reason != .unrouted, reason != .inhibited { view.silencedIDs.insert(fingerprint) }
            } else {
                view.firing.append(entry.alert)
                view.firingIDs.insert(fingerprint)
            }
        }
        view.firing.sort { $0.labels < $1.labels }
        view.ended.sort { $0.labels < $1.labels }
        return view
    }

    /// Decides whether one destination is to get a message, and withdraws the pending one that it replaces.
    mutating func decide(
        _ group: Group, _ integration: DispatchOptions.Integration, _ view: GroupView, _ now: Moment,
        _ decisions: inout Decisions
    ) {
        let destination = group.destination(integration)
        if destinations[destination] == nil, isNotifiedElsewhere(integration, by: group, now) { return }
        var state = destinations[destination] ?? DestinationState()
        defer { destinations[destination] = state.isEmpty ? nil : state }
        // The outcome of the attempt under way determines what to send next.
        if state.pending?.inFlight == true {
            state.needsDecision = true
            return
        }
        state.needsDecision = false
        var (firing, firingIDs) = (view.firing, view.firingIDs)
        if integration.resend != nil {
            // Alertmanager resolves what is not re-sent: keep sending alerts that it was notified of, even suppressed.
            let notified = view.suppressed.filter { state.notified.contains($0.id) }
            firing += notified
            firingIDs.formUnion(notified.map(\.id))
            // What follows from one of them would be a page of its own there.
            let explained = consequences(among: firing, unknownTo: state, now)
            firing.removeAll { explained.contains($0.id) }
            firingIDs.subtract(explained)
        }
        if options.notifiesUnsilenced, integration.resend == nil {
            let silenced = view.silencedIDs.intersection(state.notified)
            if !silenced.isSubset(of: state.suppressed) {
                state.suppressed.formUnion(silenced)
                store(state, destination, group.labels, &decisions)
            }
        }
        var ended = view.ended.filter { state.needsResolve($0.id) }
        if !integration.sendResolved, !ended.isEmpty {
            // The integration gets no resolved notifications: they count as accepted.
            var isChanged = false
            for alert in ended where state.remove(alert.id) { isChanged = true }
            if isChanged { store(state, destination, group.labels, &decisions) }
            ended = []
        }
        if destination.integration.kind.keepsIncident, firing.isEmpty, !ended.isEmpty {
            // A resolved notification would close an incident in which other alerts still fire, silenced or not: send
            // an update instead.
            firing = view.suppressed.filter { state.needsResolve($0.id) }
            firingIDs = Set(firing.map(\.id))
        }
        var endedIDs = Set(ended.map(\.id))
        var interval = integration.resend?.delay ?? group.route?.repeatInterval ?? .seconds(4 * 3600)
        // A flush that wakes up slightly earlier than the one before must not miss the repeat, which would then be a
        // whole group interval late.
        if integration.resend == nil { interval -= min(group.groupInterval / 10, .seconds(1)) }
        let repeats = integration.resend != nil || !firingIDs.allSatisfy(isAcknowledged)
        var reason = state.reason(
            firing: firingIDs, ended: endedIDs, repeatInterval: repeats ? interval : nil, now: now.monotonic)
        if reason == nil || reason == .repeat, integration.resend == nil {
            reason = reminder(firing, state, integration) ?? reason
        }
        let resends = view.ended.filter {
            state.resolvedResends[$0.id].map { $0 > now.monotonic } ?? false
                && !endedIDs.contains($0.id)
        }
        if !resends.isEmpty, reason != nil || now.monotonic - state.notifiedAt >= interval {
            reason = reason ?? .repeat
            ended += resends
            endedIDs.formUnion(resends.map(\.id))
        }
        guard var reason else {
            if !firing.isEmpty { decisions.suppressed[.alreadyNotified, default: 0] += 1 }
            withdraw(&state, &decisions)
            return
        }
        if let pending = state.pending, pending.firing == firingIDs, pending.resolved == endedIDs { return }
        if reason == .first, group.source != nil { reason = .escalated }
        if reason == .unsilenced, !options.notifiesUnsilenced { reason = .changed }
        let since = state.pending?.since
        withdraw(&state, &decisions)
        let message = Outgoing(
            id: nextID,
            notification: Notification(
                receiver: destination.receiver, integration: destination.integration, groupKey: destination.groupKey,
                groupLabels: group.labels,
                alerts: firing.map(Dispatcher.firing) + ended.map { Dispatcher.ended($0, by: now.wall) },
                reason: reason, decidedAt: now.wall))
        nextID &+= 1
        state.pending = DestinationState.Pending(message, since: since)
        decisions.send.append(message)
    }

    /// A firing alert without its future end, which receivers would read as already past. Alertmanager does the same.
    static func firing(_ alert: Alert) -> Alert {
        var alert = alert
        alert.endsAt = nil
        return alert
    }

    /// A resolved alert. Where the clock was stepped back its end may lie in the future: it is cut to the time of the
    /// decision so that the alert reads as resolved, and its start to the end, since Alertmanager refuses anything
    /// else.
    static func ended(_ alert: Alert, by decidedAt: Timestamp) -> Alert {
        var alert = alert
        let end = min(alert.endsAt ?? decidedAt, decidedAt)
        alert.startsAt = min(alert.startsAt, end)
        alert.endsAt = end
        return alert
    }

    mutating func withdraw(_ state: inout DestinationState, _ decisions: inout Decisions) {
        guard let id = state.pending?.message.id else { return }
        state.pending = nil
        // Decided in this very step: it has not left the dispatcher.
        if let first = decisions.send.first, id >= first.id,
            let index = decisions.send.lastIndex(where: { $0.id == id })
        {
            decisions.send.remove(at: index)
        } else {
            decisions.withdrawn.append(id)
        }
    }

    /// Puts a destination's log entry, or its removal, into the decisions.
    func store(
        _ state: DestinationState, _ destination: Destination, _ labels: Labels, _ decisions: inout Decisions
    ) {
        if !state.hasLogEntry {
            removeLogEntry(destination, &decisions)
        } else {
            decisions.removedLogEntries.removeAll { $0 == destination }
            decisions.logEntries.removeAll { $0.destination == destination }
            decisions.logEntries.append(logEntry(state, destination, labels))
        }
    }

    func removeLogEntry(_ destination: Destination, _ decisions: inout Decisions) {
        decisions.logEntries.removeAll { $0.destination == destination }
        decisions.removedLogEntries.append(destination)
    }

    func logEntry(_ state: DestinationState, _ destination: Destination, _ labels: Labels) -> NotificationLogEntry {
        NotificationLogEntry(
            destination: destination, groupLabels: labels.dictionary, lastFiring: state.lastFiring,
            notified: state.notified, possiblyNotified: state.possiblyNotified,
            possiblyResolved: state.possiblyResolved, suppressed: state.suppressed, notifiedAt: state.notifiedAtWall)
    }

    /// Removes alerts that have ended and whose resolve is accepted everywhere, and the group if it is empty.
    mutating func removeEnded(_ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        let all = integrations(of: id).map { group.destination($0) }
        var removed: Set<UInt64> = []
        for fingerprint in group.members {
            guard let entry = alerts[fingerprint] else {
                groups[id]?.alerts.remove(fingerprint)
                groups[id]?.orphaned.remove(fingerprint)
                continue
            }
            // Orphaned alerts stay only for their resolved notification; others while they fire, and until the group
            // was flushed.
            guard group.orphaned.contains(fingerprint) || (entry.isEnded && group.flushed),
                !isNeeded(fingerprint, entry, by: all, now)
            else { continue }
            for destination in all {
                guard var state = destinations[destination] else { continue }
                let isChanged = state.remove(fingerprint)
                if state.pending?.resolved.contains(fingerprint) == true { withdraw(&state, &decisions) }
                if isChanged { store(state, destination, group.labels, &decisions) }
                destinations[destination] = state.isEmpty ? nil : state
            }
            groups[id]?.alerts.remove(fingerprint)
            groups[id]?.orphaned.remove(fingerprint)
            removed.insert(fingerprint)
            removeAlert(fingerprint, from: id, &decisions)
        }
        removeFromEscalation(removed, id, now, &decisions)
        guard let rest = groups[id], rest.members.isEmpty else { return }
        if all.contains(where: { destinations[$0]?.pending != nil }) { return }
        removeGroup(id)
        flushes.cancel(id)
        deadlines.cancel(id)
        for destination in all where destinations[destination] != nil {
            destinations[destination] = nil
            removeLogEntry(destination, &decisions)
        }
    }

    /// Whether a destination still needs the alert: for its resolved notification, for a resend of it, or for a pending
    /// message. A resolved notification that is refused repeatedly is given up after the retention.
    private func isNeeded(_ fingerprint: UInt64, _ entry: Entry, by all: [Destination], _ now: Moment) -> Bool {
        let isNeeded = all.contains { destination in
            guard let state = destinations[destination] else { return false }
            let isPending =
                state.pending.map { $0.firing.contains(fingerprint) || $0.resolved.contains(fingerprint) } ?? false
            return state.needsResolve(fingerprint) || isPending
                || (state.resolvedResends[fingerprint].map { $0 > now.monotonic } ?? false)
        }
        // Counted from the last update: a client of the API may send an end that lies years back.
        let endedAt = max(entry.alert.endsAt ?? entry.alert.updatedAt, entry.alert.updatedAt)
        let isExpired = entry.isEnded && endedAt + options.retention < now.wall
        return isNeeded && (!isExpired || all.contains { destinations[$0]?.pending?.inFlight == true })
    }

    private mutating func removeAlert(_ fingerprint: UInt64, from id: GroupID, _ decisions: inout Decisions) {
        alerts[fingerprint]?.groups.remove(id)
        guard let entry = alerts[fingerprint], entry.groups.isEmpty else { return }
        removeEntry(fingerprint)
        // The last run may have notified a receiver of it: the journal keeps its end until that is known.
        if endsWithoutPast != nil, removedWithoutPast.count < options.alertLimit {
            removedWithoutPast.insert(fingerprint)
        } else {
            decisions.removedAlerts.append(fingerprint)
        }
    }

    /// Ids of the silences in force that match an alert; looked up once for each set of silences.
    mutating func silencedBy(_ fingerprint: UInt64) -> [String] {
        guard let entry = alerts[fingerprint] else { return [] }
        if entry.epoch == silences.epoch { return entry.silencedBy }
        let ids = silences.silencing(entry.alert.labels)
        alerts[fingerprint]?.silencedBy = ids
        alerts[fingerprint]?.epoch = silences.epoch
        return ids
    }

    /// Why a route is muted at this time, and by which intervals; nil where it is not.
    func muteTime(_ route: RouteTree.Node, _ now: Timestamp) -> (reason: SuppressionReason, intervals: [String])? {
        route.mute(at: now, options.timeIntervals)
    }
}

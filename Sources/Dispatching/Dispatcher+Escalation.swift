import Alerts
import Platform
import Samples

/// An alert that no integration of its receiver accepts in time, or that is not acknowledged in time where the receiver
/// requires that, escalates: it joins a group of the receiver's fallback, under the same key. It stays there until the
/// receiver itself accepts it, it is acknowledged, or it ends; a fallback that was notified of it also gets its
/// resolved notification. A fallback may have a fallback of its own; the configuration rejects cycles.
extension Dispatcher {
    /// Starts the response times of alerts that are sent now, and stops those of all others.
    mutating func startResponseTimes(_ id: GroupID, _ view: GroupView, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], group.route != nil, let receiver = receivers[id.receiver],
            receiver.fallback != nil, !receiver.integrations.isEmpty
        else { return }
        let accepted = acceptedAlerts(group, view, now)
        var escalation = group.escalation
        escalation.waiting = escalation.waiting.filter { view.firingIDs.contains($0.key) && !accepted.contains($0.key) }
        escalation.unacknowledged = escalation.unacknowledged.filter { view.firingIDs.contains($0.key) }
        for alert in view.firing where !isAcknowledged(alert.id) {
            let fingerprint = alert.id
            if escalation.waiting[fingerprint] == nil, !accepted.contains(fingerprint),
                !escalation.escalated.contains(fingerprint)
            {
                escalation.waiting[fingerprint] = .init(
                    since: now.wall, deadline: now.monotonic + receiver.responseTime(for: alert.severity))
            }
            if let time = receiver.escalateAfter, escalation.unacknowledged[fingerprint] == nil,
                !escalation.escalatedUnacknowledged.contains(fingerprint)
            {
                escalation.unacknowledged[fingerprint] = .init(since: now.wall, deadline: now.monotonic + time)
            }
        }
        setEscalation(id, escalation, now, &decisions)
    }

    /// An integration has permanently refused alerts; once every integration has, they escalate at once.
    mutating func recordRefusal(
        of fingerprints: Set<UInt64>, by integration: IntegrationID, _ id: GroupID, _ now: Moment,
        _ decisions: inout Decisions
    ) {
        guard let group = groups[id], !group.escalation.waiting.isEmpty else { return }
        var escalation = group.escalation
        for fingerprint in fingerprints { escalation.waiting[fingerprint]?.refusedBy.insert(integration) }
        setEscalation(id, escalation, now, &decisions)
        escalateOverdue(id, view(of: group, now), now, &decisions)
    }

    /// Escalates alerts whose response time has passed, or that every integration has refused.
    mutating func escalateOverdue(_ id: GroupID, _ view: GroupView, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], group.escalation.firstDeadline != nil,
            let fallback = receivers[id.receiver]?.fallback
        else { return }
        let accepted = acceptedAlerts(group, view, now)
        let all = Set(integrations(of: id).map(\.id))
        var escalation = group.escalation
        var overdue: [UInt64] = []
        for alert in view.firing where !isAcknowledged(alert.id) {
            let isNew = !escalation.atFallback.contains(alert.id)
            var reason: EscalatedAlert.Reason?
            if let wait = escalation.waiting[alert.id], !accepted.contains(alert.id) {
                let isRefused = wait.refusedBy.isSuperset(of: all)
                if isRefused || wait.deadline <= now.monotonic {
                    reason = isRefused ? .refused : .unaccepted
                    escalation.waiting[alert.id] = nil
                    escalation.escalated.insert(alert.id)
                }
            }
            if let wait = escalation.unacknowledged[alert.id], wait.deadline <= now.monotonic {
                reason = reason ?? .unacknowledged
                escalation.unacknowledged[alert.id] = nil
                escalation.escalatedUnacknowledged.insert(alert.id)
            }
            guard isNew, let reason else { continue }
            overdue.append(alert.id)
            decisions.escalated.append(
                EscalatedAlert(
                    alert: alert, groupKey: id.key, receiver: id.receiver, fallback: fallback, reason: reason))
        }
        // Alerts that were resolved, accepted, acknowledged or suppressed in the meantime do not wait any longer.
        escalation.waiting = escalation.waiting.filter { $0.value.deadline > now.monotonic }
        escalation.unacknowledged = escalation.unacknowledged.filter { $0.value.deadline > now.monotonic }
        setEscalation(id, escalation, now, &decisions)
        if overdue.isEmpty { return }
        addToFallback(overdue, of: group, fallback, now)
        let fallbackID = GroupID(key: id.key, receiver: fallback)
        // Alerts that were at the fallback before, until they were acknowledged, are new to it again.
        let again = Set(decisions.escalated.filter { $0.reason == .unacknowledged }.map(\.alert.id))
        for integration in integrations(of: fallbackID) {
            let destination = Destination(
                receiver: fallback, integration: integration.id, groupKey: id.key)
            destinations[destination]?.lastFiring.subtract(again)
        }
        flushes.schedule(fallbackID, at: now.monotonic)
    }

    /// Why alerts no longer need a fallback.
    enum EscalationEnd {
        /// The receiver itself has accepted them.
        case accepted
        /// Their incident was acknowledged.
        case acknowledged
    }

    /// From now on the fallback only gets the resolved notifications that it still needs.
    mutating func endEscalation(
        _ id: GroupID, of fingerprints: Set<UInt64>, _ reason: EscalationEnd, _ now: Moment,
        _ decisions: inout Decisions
    ) {
        guard let group = groups[id], !group.escalation.isEmpty else { return }
        var escalation = group.escalation
        let before = escalation.atFallback
        for fingerprint in fingerprints {
            escalation.waiting[fingerprint] = nil
            escalation.escalated.remove(fingerprint)
            if reason == .acknowledged { escalation.remove(fingerprint) }
        }
        let returned = before.subtracting(escalation.atFallback)
        setEscalation(id, escalation, now, &decisions)
        guard !returned.isEmpty, let fallback = receivers[id.receiver]?.fallback else { return }
        let fallbackID = GroupID(key: id.key, receiver: fallback)
        guard let fallbackGroup = groups[fallbackID], fallbackGroup.source != nil else { return }
        for fingerprint in returned where groups[fallbackID]?.alerts.remove(fingerprint) != nil {
            groups[fallbackID]?.orphaned.insert(fingerprint)
        }
        endEscalation(fallbackID, of: returned, reason, now, &decisions)
        for integration in integrations(of: fallbackID) {
            let destination = fallbackGroup.destination(integration)
            guard let pending = destinations[destination]?.pending, !pending.firing.isDisjoint(with: returned) else {
                continue
            }
            // The pending message is the one that notifies the fallback of this acknowledgement.
            if reason == .acknowledged, pending.message.notification.reason == .acknowledged { continue }
            if pending.inFlight {
                destinations[destination]?.needsDecision = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
        removeEnded(fallbackID, now, &decisions)
    }

    /// Drops the escalation state of alerts that have left a group.
    mutating func removeFromEscalation(
        _ removed: Set<UInt64>, _ id: GroupID, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard !removed.isEmpty, var escalation = groups[id]?.escalation, !escalation.isEmpty else { return }
        for fingerprint in removed { escalation.remove(fingerprint) }
        setEscalation(id, escalation, now, &decisions)
    }

    /// Restores response times and fallback groups after a restart or a reload, as far as the configuration still has
    /// them.
    mutating func restoreEscalations(_ records: [EscalationRecord], _ now: Moment, _ decisions: inout Decisions) {
        var left = records
        // A fallback's own record needs the group that the record of its receiver forms: one iteration per level.
        while !left.isEmpty {
            let (ready, later) = (left.filter { groups[$0.groupID] != nil }, left.filter { groups[$0.groupID] == nil })
            if ready.isEmpty { break }
            for record in ready { restoreEscalation(record, now, &decisions) }
            left = later
        }
        for record in left { decisions.escalations[record.storageKey] = .some(nil) }
    }

    private mutating func restoreEscalation(_ record: EscalationRecord, _ now: Moment, _ decisions: inout Decisions) {
        decisions.escalations[record.storageKey] = .some(nil)
        guard let group = groups[record.groupID], let receiver = receivers[record.receiver],
            let fallback = receiver.fallback
        else { return }
        var escalation = EscalationState()
        for (fingerprint, since) in record.waiting where group.alerts.contains(fingerprint) {
            guard let entry = alerts[fingerprint], !entry.isEnded else { continue }
            let age = max(now.wall - since, .zero)
            let rest = max(receiver.responseTime(for: entry.alert.severity) - age, .zero)
            escalation.waiting[fingerprint] = .init(since: since, deadline: now.monotonic + rest)
        }
        if let time = receiver.escalateAfter {
            for (fingerprint, since) in record.unacknowledged where group.alerts.contains(fingerprint) {
                guard let entry = alerts[fingerprint], !entry.isEnded else { continue }
                let rest = max(time - max(now.wall - since, .zero), .zero)
                escalation.unacknowledged[fingerprint] = .init(since: since, deadline: now.monotonic + rest)
            }
        }
        let escalated = record.escalated.filter { group.alerts.contains($0) }
        let unacknowledged = record.escalatedUnacknowledged.filter { group.alerts.contains($0) }
        if record.fallback == fallback {
            escalation.escalated = escalated
            escalation.escalatedUnacknowledged = unacknowledged
            addToFallback(escalation.atFallback.sorted(), of: group, fallback, now)
        } else {
            // The receiver's fallback has changed: let these alerts escalate to the new one at once.
            for fingerprint in escalated where alerts[fingerprint]?.isEnded == false {
                escalation.waiting[fingerprint] = .init(since: now.wall, deadline: now.monotonic)
            }
            for fingerprint in unacknowledged
            where alerts[fingerprint]?.isEnded == false && receiver.escalateAfter != nil {
                escalation.unacknowledged[fingerprint] = .init(since: now.wall, deadline: now.monotonic)
            }
        }
        setEscalation(record.groupID, escalation, now, &decisions)
    }

    func escalationRecord(_ group: Group) -> EscalationRecord? {
        guard !group.escalation.isEmpty else { return nil }
        return EscalationRecord(
            groupKey: group.id.key, receiver: group.id.receiver, fallback: receivers[group.id.receiver]?.fallback ?? "",
            waiting: group.escalation.waiting.mapValues(\.since), escalated: group.escalation.escalated,
            unacknowledged: group.escalation.unacknowledged.mapValues(\.since),
            escalatedUnacknowledged: group.escalation.escalatedUnacknowledged)
    }

    /// Puts alerts into the fallback's group with the same key; creates it if needed.
    private mutating func addToFallback(
        _ fingerprints: [UInt64], of group: Group, _ fallback: String, _ now: Moment
    ) {
        if fingerprints.isEmpty { return }
        let id = GroupID(key: group.id.key, receiver: fallback)
        if groups[id] == nil {
            insertGroup(Group(id: id, labels: group.labels, route: group.route))
            flushes.schedule(id, at: now.monotonic)
        }
        groups[id]?.source = group.id
        groups[id]?.route = group.route
        for fingerprint in fingerprints {
            groups[id]?.alerts.insert(fingerprint)
            groups[id]?.orphaned.remove(fingerprint)
            alerts[fingerprint]?.groups.insert(id)
            decideForResendsSoon(fingerprint, now)
        }
    }

    private mutating func setEscalation(
        _ id: GroupID, _ escalation: EscalationState, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard let before = groups[id]?.escalation, before != escalation else { return }
        groups[id]?.escalation = escalation
        let key = EscalationRecord.storageKey(groupKey: id.key, receiver: id.receiver)
        decisions.escalations[key] = .some(groups[id].flatMap { escalationRecord($0) })
        updateDeadline(id, now)
    }

    /// Fingerprints of alerts that at least one integration of the group has accepted, or that another group of the
    /// incident has delivered to the same address; see `isNotifiedElsewhere`. Consequences that an integration is not
    /// given count as accepted with their cause.
    private func acceptedAlerts(_ group: Group, _ view: GroupView, _ now: Moment) -> Set<UInt64> {
        let own = integrations(of: group.id)
        let targets = Set(own.compactMap(\.target))
        let others = group.raisedFrom.compactMap { groups[$0] }.flatMap { other in
            integrations(of: other.id).filter { $0.target.map(targets.contains) ?? false }.map { other.destination($0) }
        }
        var accepted: Set<UInt64> = (own.map { group.destination($0) } + others).reduce(into: []) {
            $0.formUnion(destinations[$1]?.notified ?? [])
        }
        for integration in own where integration.resend != nil {
            guard let state = destinations[group.destination(integration)] else { continue }
            accepted.formUnion(
                consequences(among: view.firing, unknownTo: state, now).filter { id in
                    incidents[of: id]?.members.contains { state.notified.contains($0) } ?? false
                })
        }
        return accepted
    }
}

extension EscalationRecord {
    fileprivate var groupID: GroupID { GroupID(key: groupKey, receiver: receiver) }
}

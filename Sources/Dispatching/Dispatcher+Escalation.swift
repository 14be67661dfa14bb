import Alerts
import Platform
import Samples

/// An alert that no integration of its receiver accepts in time escalates: it joins a group of the receiver's fallback,
/// under the same key. It stays there until the receiver itself accepts it or it ends; a fallback that was notified of
/// it also gets its resolve. A fallback may have one in turn; circles are refused with the configuration.
extension Dispatcher {
    /// Starts the response time of alerts that are sent now and were accepted by no integration, and stops it for
    /// others.
    mutating func startResponseTimes(_ id: GroupID, _ view: GroupView, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], group.route != nil, let receiver = receivers[id.receiver],
            receiver.fallback != nil, !receiver.integrations.isEmpty
        else { return }
        let accepted = acceptedAlerts(group)
        var escalation = group.escalation
        escalation.waiting = escalation.waiting.filter { view.firingIDs.contains($0.key) && !accepted.contains($0.key) }
        for alert in view.firing {
            let fingerprint = alert.id
            guard escalation.waiting[fingerprint] == nil, !accepted.contains(fingerprint),
                !escalation.escalated.contains(fingerprint)
            else { continue }
            escalation.waiting[fingerprint] = .init(
                since: now.wall, deadline: now.monotonic + receiver.responseTime(for: alert.severity))
        }
        setEscalation(id, escalation, now, &decisions)
    }

    /// An integration has refused alerts for good; once every integration has, they escalate at once.
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

    /// Escalates alerts whose response time is over, or that every integration has refused.
    mutating func escalateOverdue(_ id: GroupID, _ view: GroupView, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], !group.escalation.waiting.isEmpty, let fallback = receivers[id.receiver]?.fallback
        else { return }
        let accepted = acceptedAlerts(group)
        let all = Set(integrations(of: id).map(\.id))
        var escalation = group.escalation
        var overdue: [UInt64] = []
        for alert in view.firing where !accepted.contains(alert.id) {
            guard let wait = escalation.waiting[alert.id] else { continue }
            let isRefused = wait.refusedBy.isSuperset(of: all)
            guard isRefused || wait.deadline <= now.monotonic else { continue }
            overdue.append(alert.id)
            decisions.escalated.append(
                EscalatedAlert(
                    alert: alert, groupKey: id.key, receiver: id.receiver, fallback: fallback,
                    reason: isRefused ? .refused : .unaccepted))
        }
        // Alerts that have ended, were accepted or are suppressed by now do not wait any longer.
        escalation.waiting = escalation.waiting.filter { $0.value.deadline > now.monotonic }
        for fingerprint in overdue {
            escalation.waiting[fingerprint] = nil
            escalation.escalated.insert(fingerprint)
        }
        setEscalation(id, escalation, now, &decisions)
        if overdue.isEmpty { return }
        addToFallback(overdue, of: group, fallback, now)
        flushes.schedule(GroupID(key: id.key, receiver: fallback), at: now.monotonic)
    }

    /// The receiver itself has accepted alerts: the fallback gets nothing more about them but the resolves that it
    /// needs.
    mutating func stopEscalation(
        _ id: GroupID, accepted: Set<UInt64>, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard let group = groups[id], !group.escalation.isEmpty else { return }
        var escalation = group.escalation
        for fingerprint in accepted { escalation.waiting[fingerprint] = nil }
        let returned = escalation.escalated.intersection(accepted)
        escalation.escalated.subtract(returned)
        setEscalation(id, escalation, now, &decisions)
        guard !returned.isEmpty, let fallback = receivers[id.receiver]?.fallback else { return }
        let fallbackID = GroupID(key: id.key, receiver: fallback)
        guard let fallbackGroup = groups[fallbackID], fallbackGroup.source != nil else { return }
        for fingerprint in returned where groups[fallbackID]?.alerts.remove(fingerprint) != nil {
            groups[fallbackID]?.orphaned.insert(fingerprint)
        }
        stopEscalation(fallbackID, accepted: returned, now, &decisions)
        for integration in integrations(of: fallbackID) {
            let destination = fallbackGroup.destination(integration)
            guard let pending = destinations[destination]?.pending, !pending.firing.isDisjoint(with: returned) else {
                continue
            }
            if pending.inFlight {
                destinations[destination]?.needsDecision = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
        removeEnded(fallbackID, now, &decisions)
    }

    /// Alerts have left a group.
    mutating func removeFromEscalation(
        _ removed: Set<UInt64>, _ id: GroupID, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard !removed.isEmpty, var escalation = groups[id]?.escalation, !escalation.isEmpty else { return }
        for fingerprint in removed { escalation.waiting[fingerprint] = nil }
        escalation.escalated.subtract(removed)
        setEscalation(id, escalation, now, &decisions)
    }

    /// After a restart or a reload: response times and fallback groups as they were, as far as the configuration still
    /// has them.
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
        let escalated = record.escalated.filter { group.alerts.contains($0) }
        if record.fallback == fallback {
            escalation.escalated = escalated
            addToFallback(escalated.sorted(), of: group, fallback, now)
        } else {
            // The receiver has another fallback by now, and still has not accepted them.
            for fingerprint in escalated where alerts[fingerprint]?.isEnded == false {
                escalation.waiting[fingerprint] = .init(since: now.wall, deadline: now.monotonic)
            }
        }
        setEscalation(record.groupID, escalation, now, &decisions)
    }

    func escalationRecord(_ group: Group) -> EscalationRecord? {
        guard !group.escalation.isEmpty else { return nil }
        return EscalationRecord(
            groupKey: group.id.key, receiver: group.id.receiver, fallback: receivers[group.id.receiver]?.fallback ?? "",
            waiting: group.escalation.waiting.mapValues(\.since), escalated: group.escalation.escalated)
    }

    /// Puts alerts into the fallback's group under the same key; forms it where there is none.
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

    /// Fingerprints of alerts that at least one integration of the group has accepted, or the same address by another
    /// group of the incident; see `isTold`.
    private func acceptedAlerts(_ group: Group) -> Set<UInt64> {
        let own = integrations(of: group.id)
        let targets = Set(own.compactMap(\.target))
        let others = group.raisedFrom.compactMap { groups[$0] }.flatMap { other in
            integrations(of: other.id).filter { $0.target.map(targets.contains) ?? false }.map { other.destination($0) }
        }
        return (own.map { group.destination($0) } + others).reduce(into: []) {
            $0.formUnion(destinations[$1]?.notified ?? [])
        }
    }
}

extension EscalationRecord {
    fileprivate var groupID: GroupID { GroupID(key: groupKey, receiver: receiver) }
}

import Alerts
import Platform
import Samples

/// An alert that no integration of its receiver accepts in time goes to the receiver's fallback, in a group of its own
/// there, under the same key. It stays there until the receiver itself accepts it or it is over; what the fallback was
/// told it is also told the end of. A fallback may have one in turn; circles are refused with the configuration.
extension Dispatcher {
    /// Alerts that a group tells now and nobody has accepted begin to wait; others stop.
    mutating func watch(_ id: GroupID, _ view: View, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], group.route != nil, !group.integrations.isEmpty,
            let receiver = receivers[id.receiver],
            receiver.fallback != nil
        else { return }
        let accepted = accepted(group)
        var escalation = group.escalation
        escalation.waiting = escalation.waiting.filter { view.firingIDs.contains($0.key) && !accepted.contains($0.key) }
        for alert in view.firing {
            let fingerprint = alert.fingerprint
            guard escalation.waiting[fingerprint] == nil, !accepted.contains(fingerprint),
                !escalation.handedOver.contains(fingerprint)
            else { continue }
            escalation.waiting[fingerprint] = .init(
                since: now.wall, deadline: now.monotonic + receiver.responseTime(for: alert.severity))
        }
        change(id, escalation, now, &decisions)
    }

    /// An integration has refused alerts for good: where all have, the fallback need not wait.
    mutating func noteRefused(
        _ fingerprints: Set<UInt64>, by integration: String, _ id: GroupID, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard let group = groups[id], !group.escalation.waiting.isEmpty else { return }
        var escalation = group.escalation
        for fingerprint in fingerprints { escalation.waiting[fingerprint]?.refusedBy.insert(integration) }
        change(id, escalation, now, &decisions)
        escalate(id, look(group, now), now, &decisions)
    }

    /// Hands over what waits for too long.
    mutating func escalate(_ id: GroupID, _ view: View, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], !group.escalation.waiting.isEmpty, let fallback = receivers[id.receiver]?.fallback
        else { return }
        let accepted = accepted(group)
        let names = Set(group.integrations.map(\.name))
        var escalation = group.escalation
        var late: [UInt64] = []
        for alert in view.firing where !accepted.contains(alert.fingerprint) {
            guard let wait = escalation.waiting[alert.fingerprint] else { continue }
            let isRefused = wait.refusedBy.isSuperset(of: names)
            guard isRefused || wait.deadline <= now.monotonic else { continue }
            late.append(alert.fingerprint)
            decisions.handedOver.append(
                HandOver(
                    alert: alert, groupKey: id.key, receiver: id.receiver, fallback: fallback,
                    reason: isRefused ? .refused : .unaccepted))
        }
        // What is over, accepted or kept quiet by now waits no longer.
        escalation.waiting = escalation.waiting.filter { $0.value.deadline > now.monotonic }
        for fingerprint in late {
            escalation.waiting[fingerprint] = nil
            escalation.handedOver.insert(fingerprint)
        }
        change(id, escalation, now, &decisions)
        if late.isEmpty { return }
        give(late, of: group, to: fallback, now)
        schedule(GroupID(key: id.key, receiver: fallback), at: now.monotonic)
    }

    /// The receiver itself has accepted alerts: the fallback need not hear of them any more, the end of what it heard
    /// apart.
    mutating func settle(_ id: GroupID, _ accepted: Set<UInt64>, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id], !group.escalation.isEmpty else { return }
        var escalation = group.escalation
        for fingerprint in accepted { escalation.waiting[fingerprint] = nil }
        let back = escalation.handedOver.intersection(accepted)
        escalation.handedOver.subtract(back)
        change(id, escalation, now, &decisions)
        guard !back.isEmpty, let fallback = receivers[id.receiver]?.fallback else { return }
        let place = GroupID(key: id.key, receiver: fallback)
        guard let stand = groups[place], stand.source != nil else { return }
        for fingerprint in back where groups[place]?.alerts.remove(fingerprint) != nil {
            groups[place]?.strays.insert(fingerprint)
        }
        settle(place, back, now, &decisions)
        for integration in stand.integrations {
            let destination = stand.destination(integration)
            guard let pending = channels[destination]?.pending, !pending.firing.isDisjoint(with: back) else { continue }
            if pending.inFlight {
                channels[destination]?.isDue = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
        prune(place, now, &decisions)
    }

    /// Alerts have left a group.
    mutating func forgetWaiting(_ gone: Set<UInt64>, _ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard !gone.isEmpty, var escalation = groups[id]?.escalation, !escalation.isEmpty else { return }
        for fingerprint in gone { escalation.waiting[fingerprint] = nil }
        escalation.handedOver.subtract(gone)
        change(id, escalation, now, &decisions)
    }

    /// After a restart or a reload: waits and fallback groups as they were, as far as the configuration still has them.
    mutating func reinstate(_ records: [EscalationRecord], _ now: Moment, _ decisions: inout Decisions) {
        var left = records
        // A fallback's own record needs the group that the record before it makes: at most one turn a link of the
        // chain.
        while !left.isEmpty {
            let (ready, later) = (left.filter { groups[$0.place] != nil }, left.filter { groups[$0.place] == nil })
            if ready.isEmpty { break }
            for record in ready { reinstate(record, now, &decisions) }
            left = later
        }
        for record in left { decisions.escalations[record.storageKey] = .some(nil) }
    }

    private mutating func reinstate(_ record: EscalationRecord, _ now: Moment, _ decisions: inout Decisions) {
        decisions.escalations[record.storageKey] = .some(nil)
        guard let group = groups[record.place], let receiver = receivers[record.receiver],
            let fallback = receiver.fallback
        else { return }
        var escalation = Escalation()
        for (fingerprint, since) in record.waiting where group.alerts.contains(fingerprint) {
            guard let entry = alerts[fingerprint], !entry.isEnded else { continue }
            let age = max(now.wall - since, .zero)
            let rest = max(receiver.responseTime(for: entry.alert.severity) - age, .zero)
            escalation.waiting[fingerprint] = .init(since: since, deadline: now.monotonic + rest)
        }
        let mine = record.handedOver.filter { group.alerts.contains($0) }
        if record.fallback == fallback {
            escalation.handedOver = mine
            give(mine.sorted(), of: group, to: fallback, now)
        } else {
            // There is another fallback by now, and the receiver still has not accepted them.
            for fingerprint in mine where alerts[fingerprint]?.isEnded == false {
                escalation.waiting[fingerprint] = .init(since: now.wall, deadline: now.monotonic)
            }
        }
        change(record.place, escalation, now, &decisions)
    }

    func escalationRecord(_ group: Group) -> EscalationRecord? {
        guard !group.escalation.isEmpty else { return nil }
        return EscalationRecord(
            groupKey: group.id.key, receiver: group.id.receiver, fallback: receivers[group.id.receiver]?.fallback ?? "",
            waiting: group.escalation.waiting.mapValues(\.since), handedOver: group.escalation.handedOver)
    }

    /// Puts alerts into the fallback's group under the same key; makes it where there is none.
    private mutating func give(_ fingerprints: [UInt64], of group: Group, to fallback: String, _ now: Moment) {
        if fingerprints.isEmpty { return }
        let place = GroupID(key: group.id.key, receiver: fallback)
        if groups[place] == nil {
            groups[place] = Group(
                id: place, labels: group.labels, route: group.route,
                integrations: receivers[fallback]?.integrations ?? [], dueAt: now.monotonic)
            timers.add(.init(at: now.monotonic, group: place))
        }
        groups[place]?.source = group.id
        groups[place]?.route = group.route
        for fingerprint in fingerprints {
            groups[place]?.alerts.insert(fingerprint)
            groups[place]?.strays.remove(fingerprint)
            alerts[fingerprint]?.groups.insert(place)
            tellAtOnce(fingerprint, now)
        }
    }

    private mutating func change(_ id: GroupID, _ escalation: Escalation, _ now: Moment, _ decisions: inout Decisions) {
        guard let before = groups[id]?.escalation, before != escalation else { return }
        groups[id]?.escalation = escalation
        let key = EscalationRecord.storageKey(groupKey: id.key, receiver: id.receiver)
        decisions.escalations[key] = .some(groups[id].flatMap { escalationRecord($0) })
        setDeadline(id, now)
    }

    /// What at least one integration of the group has accepted.
    private func accepted(_ group: Group) -> Set<UInt64> {
        group.integrations.reduce(into: []) { $0.formUnion(channels[group.destination($1)]?.told ?? []) }
    }
}

extension EscalationRecord {
    fileprivate var place: GroupID { GroupID(key: groupKey, receiver: receiver) }
}

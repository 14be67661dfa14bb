package import Alerts
package import Platform
import Samples
import Text

/// An incident's next steps, and who has been notified of it.
extension Dispatcher {
    /// What happens to an open incident without intervention, earliest first, at most ten.
    package func nextSteps(of record: IncidentRecord, _ now: Moment) -> [IncidentStep] {
        var steps: Set<IncidentStep> = []
        let firing = book.firing(in: record.number)
        // Rounded to the second, since the two clocks are read one after the other.
        func wall(_ instant: Instant) -> Timestamp {
            let exact = now.wall + max(instant - now.monotonic, .zero)
            return Timestamp(milliseconds: exact.milliseconds.addingSaturated(500) / 1000 * 1000)
        }
        for id in groupIDs(of: firing) {
            guard let group = groups[id], group.route != nil else { continue }
            if !group.flushed, let due = flushes.due(id) {
                steps.insert(IncidentStep(at: wall(due), kind: .firstMessage, receiver: id.receiver))
            }
            for alert in firing {
                if let wait = group.escalation.waiting[alert], let fallback = receivers[id.receiver]?.fallback {
                    steps.insert(
                        IncidentStep(
                            at: wall(wait.deadline), kind: .escalatesUnaccepted, receiver: fallback,
                            calledOffBy: "\(id.receiver) accepts it or somebody acknowledges it before"))
                }
                if let wait = group.escalation.unacknowledged[alert], let fallback = receivers[id.receiver]?.fallback {
                    steps.insert(
                        IncidentStep(
                            at: wall(wait.deadline), kind: .escalatesUnacknowledged, receiver: fallback,
                            calledOffBy: "somebody acknowledges it before"))
                }
            }
            if let at = nextRepeat(group, firing, now) {
                steps.insert(
                    IncidentStep(
                        at: wall(at), kind: .repeats, receiver: id.receiver,
                        calledOffBy: "somebody acknowledges it before"))
            }
        }
        for silence in silences.inForce where record.isOpen {
            let isMeant = firing.contains { alerts[$0].map { silence.matches($0.alert.labels) } ?? false }
            if isMeant, !silence.untilResolved { steps.insert(IncidentStep(at: silence.endsAt, kind: .silenceEnds)) }
        }
        if let acknowledgement = record.acknowledgement, record.isOpen, let timeout = options.acknowledgementTimeout {
            steps.insert(
                IncidentStep(
                    at: acknowledgement.at + timeout, kind: .acknowledgementEnds,
                    calledOffBy: "somebody acknowledges it again"))
        }
        // Of several alerts with the same pending step, the earliest counts.
        var seen: Set<IncidentStep> = []
        let earliest = steps.sorted { ($0.at, $0.kind.rawValue, $0.receiver) < ($1.at, $1.kind.rawValue, $1.receiver) }
            .filter { step in
                var kind = step
                kind.at = Timestamp(milliseconds: 0)
                return seen.insert(kind).inserted
            }
        return Array(earliest.prefix(10))
    }

    private func groupIDs(of alerts: Set<UInt64>) -> Set<GroupID> {
        alerts.reduce(into: []) { $0.formUnion(self.alerts[$1]?.groups ?? []) }
    }

    /// The flush at which the first integration is notified again of those of an incident's alerts that it was notified
    /// of.
    private func nextRepeat(_ group: Group, _ firing: Set<UInt64>, _ now: Moment) -> Instant? {
        guard let interval = group.route?.repeatInterval, let flush = flushes.due(group.id) else { return nil }
        let times = integrations(of: group.id).compactMap { integration -> Instant? in
            guard integration.resend == nil, let state = destinations[group.destination(integration)],
                state.pending == nil
            else { return nil }
            let known = state.notified.intersection(firing)
            let isWanted = known.contains { !isAcknowledged($0) && (alerts[$0]?.silencedBy.isEmpty ?? false) }
            return isWanted ? state.notifiedAt + interval : nil
        }
        guard let first = times.min() else { return nil }
        if first <= flush { return flush }
        let step = max(group.groupInterval.milliseconds, 1)
        let rounds = ((first - flush).milliseconds.addingSaturated(step - 1)) / step
        return flush + .milliseconds(rounds.multipliedSaturated(by: step))
    }

    /// The state at each integration that an incident's alerts are routed to, in the order of the receivers. The
    /// notifier adds the errors of failed attempts.
    package func told(of record: IncidentRecord, _ now: Moment) -> [IncidentTold] {
        let firing = book.firing(in: record.number)
        var found: [Destination: IncidentTold] = [:]
        for id in groupIDs(of: firing) {
            guard let group = groups[id], group.route != nil else { continue }
            let members = group.alerts.intersection(firing)
            for integration in integrations(of: id) where !members.isEmpty {
                if isNotifiedElsewhere(integration, by: group, now) { continue }
                let state = destinations[group.destination(integration)]
                let key = Destination(receiver: id.receiver, integration: integration.id, groupKey: "")
                var told =
                    found[key] ?? IncidentTold(receiver: id.receiver, integration: integration.id, state: .accepted)
                let accepted = members.intersection(state?.notified ?? [])
                if !accepted.isEmpty, let state {
                    told.acceptedAt = max(told.acceptedAt ?? state.notifiedAtWall, state.notifiedAtWall)
                }
                if let pending = state?.pending, !pending.firing.isDisjoint(with: members) {
                    told.state = .waiting
                    told.waitingSince = min(told.waitingSince ?? pending.since, pending.since)
                } else if accepted.isEmpty, told.state == .accepted, told.acceptedAt == nil {
                    told.state = .untold
                }
                if told.state == .untold, !accepted.isEmpty { told.state = .accepted }
                found[key] = told
            }
        }
        return found.values.sorted { ($0.receiver, $0.integration) < ($1.receiver, $1.integration) }
    }

    /// Ids of the active silences that silence an incident; empty if one of its alerts is not silenced.
    package func silences(of record: IncidentRecord) -> [String] {
        let labels = book.firing(in: record.number).compactMap { alerts[$0]?.alert.labels }
        let ids = labels.map { silences.silencing($0) }
        return ids.contains { $0.isEmpty } ? [] : Set(ids.joined()).sorted()
    }
}

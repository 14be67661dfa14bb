package import Alerts
package import Platform
package import Samples

/// Which incidents somebody acknowledges.
package enum IncidentSelection: Sendable {
    /// The one with this id.
    case id(UInt64)
    /// The one with this number, or that it is part of.
    case number(Int)
    /// The one of the firing alert with this fingerprint, as the API shows it.
    case alert(fingerprint: UInt64)
    /// Those of all firing alerts that all matchers match.
    case matchers([Matcher])
    /// Those of all alerts that fire and began by the time at which another service was told to acknowledge, give or take
    /// five minutes since clocks differ, of the groups whose key this function admits.
    case groups(at: Timestamp, _ admits: @Sendable (_ key: String) -> Bool)
}

extension IncidentSelection {
    /// When another service was told.
    fileprivate var time: Timestamp? {
        if case .groups(let time, _) = self { time } else { nil }
    }
}

/// What comes of an acknowledgement.
package struct AcknowledgeResult: Sendable {
    /// The incidents as they are now, the newest first.
    package var incidents: [Notification.Incident] = []
    /// What follows for messages.
    package var decisions = Decisions()
}

/// Somebody looks after an incident. Until it ends or becomes graver its alerts are not repeated, and none of them
/// escalates; what changes, and the end, is told as ever.
extension Dispatcher {
    /// Acknowledges the incidents that are selected, or takes their acknowledgements back.
    /// - Parameter acknowledgement: nil takes back.
    /// - Returns: no incidents where none is selected, or where there is nothing to take back.
    package mutating func acknowledge(
        _ selection: IncidentSelection, _ acknowledgement: Acknowledgement?, now: Moment
    ) -> AcknowledgeResult {
        var result = AcknowledgeResult()
        refresh(now, &result.decisions)
        var ids: Set<UInt64> = []
        for alert in selected(selection) {
            guard let entry = alerts[alert] else { continue }
            if let incident = incidents[of: alert] {
                if acknowledgement != nil, isOldNews(selection, of: incident) { continue }
                if acknowledgement != nil || incident.acknowledgement != nil { ids.insert(incident.id) }
            } else if acknowledgement != nil {
                ids.insert(incidents.insert(entry.alert))
            }
        }
        for id in ids { incidents.acknowledge(id, acknowledgement, takenBackAt: selection.time ?? now.wall) }
        settleAcknowledgements(of: ids, now, &result.decisions)
        updateRecords(now, &result.decisions)
        result.incidents = ids.sorted(by: >).compactMap { incidents.all[$0] }.compactMap { told($0, now) }
        return result
    }

    /// Whether another service tells of an acknowledgement that is known, perhaps its own echo of ours, or that was taken
    /// back since: services send late, twice and in any order.
    private func isOldNews(_ selection: IncidentSelection, of incident: Incident) -> Bool {
        guard let time = selection.time else { return false }
        return incident.acknowledgement != nil || incident.takenBackAt.map { time <= $0 } ?? false
    }

    /// Fingerprints of firing alerts.
    private func selected(_ selection: IncidentSelection) -> [UInt64] {
        let firing = { (id: UInt64) in alerts[id].map { !$0.isEnded } ?? false }
        switch selection {
        case .id(let id): return incidents.all[id]?.members.filter(firing) ?? []
        case .number(let number):
            return book.record(number).map { book.firing(in: $0.number) }?.filter(firing).sorted() ?? []
        case .alert(let fingerprint):
            return alerts.values.filter { !$0.isEnded && $0.alert.fingerprint == fingerprint }.map(\.alert.id)
        case .matchers(let matchers):
            return alerts.values.filter { entry in
                !entry.isEnded && matchers.allSatisfy { $0.matches(entry.alert.labels) }
            }.map(\.alert.id)
        case .groups(let time, let admits):
            let latest = time + .seconds(300)
            return groups.values.filter { admits($0.id.key) }.flatMap(\.alerts).filter { id in
                firing(id) && alerts[id].map { $0.alert.startsAt <= latest } ?? false
            }
        }
    }

    /// What follows for the groups of incidents: escalations end, a repeat that waits is withdrawn, and who wants to
    /// know learns that somebody has acknowledged them. Each group is looked at once, however many of them are in it.
    private mutating func settleAcknowledgements(
        of ids: Set<UInt64>, _ now: Moment, _ decisions: inout Decisions
    ) {
        var members: [GroupID: Set<UInt64>] = [:]
        for member in ids.flatMap({ incidents.all[$0]?.members ?? [] }) {
            for group in alerts[member]?.groups ?? [] { members[group, default: []].insert(member) }
        }
        let sorted = members.sorted { $0.key.key < $1.key.key }
        // A fallback is told first: after that the alerts are no longer its own.
        defer {
            for (id, members) in sorted {
                let acknowledged = members.filter(isAcknowledged)
                if !acknowledged.isEmpty { endEscalation(id, of: acknowledged, .acknowledged, now, &decisions) }
            }
        }
        for (id, _) in sorted {
            guard let group = groups[id] else { continue }
            for integration in integrations(of: id) {
                let destination = group.destination(integration)
                guard let state = destinations[destination] else { continue }
                let isRepeat = state.pending?.message.notification.reason == .repeat
                let isTold = integration.tellsAcknowledgements && !state.notified.isEmpty && state.pending == nil
                guard isRepeat || isTold else { continue }
                if state.pending?.inFlight == true {
                    destinations[destination]?.needsDecision = true
                } else {
                    decideAgain(destination, now, &decisions)
                }
            }
        }
    }

    /// The labels of a group with a firing alert; nil where there is none.
    package func groupLabels(where admits: (_ key: String) -> Bool) -> Labels? {
        groups.values.first { group in
            admits(group.id.key) && group.alerts.contains { alerts[$0]?.isEnded == false }
        }?.labels
    }

    /// Whether somebody has acknowledged the incident of an alert.
    func isAcknowledged(_ alert: UInt64) -> Bool { incidents[of: alert]?.acknowledgement != nil }

    /// Ends acknowledgements that are too old; the next flush of their groups tells of the incidents again.
    mutating func endOldAcknowledgements(_ now: Moment, _ decisions: inout Decisions) {
        guard let timeout = options.acknowledgementTimeout else { return }
        for incident in incidents.acknowledged(before: now.wall - timeout, orAfter: now.wall) {
            guard var acknowledgement = incident.acknowledgement else { continue }
            if acknowledgement.at > now.wall {
                // The clock was stepped back, which must not make it last longer.
                acknowledgement.at = now.wall
                incidents.acknowledge(incident.id, acknowledgement)
                continue
            }
            incidents.acknowledge(incident.id, nil, takenBackAt: now.wall, unacknowledgedAt: now.wall)
            decisions.unacknowledged.append(.init(incident: incident, acknowledgement: acknowledgement))
            for group in Set(incident.members.flatMap { alerts[$0]?.groups ?? [] }) where groups[group]?.flushed == true
            {
                flushes.schedule(group, at: now.monotonic)
            }
        }
    }

    /// An alert fires again that is still held, since somewhere its end is due or sent again. Where somebody was told that
    /// it had ended, and nothing else of its incident fires, what was acknowledged is over.
    mutating func endAcknowledgement(ofReturned id: UInt64, _ now: Moment) {
        guard let incident = incidents[of: id], incident.acknowledgement != nil, alerts[id]?.isProcessed == true,
            !incident.members.contains(where: { $0 != id && alerts[$0]?.isEnded == false })
        else { return }
        let isEndTold = (alerts[id]?.groups ?? []).contains { group in
            integrations(of: group).contains { integration in
                let destination = Destination(
                    receiver: group.receiver, integration: integration.id, groupKey: group.key)
                return destinations[destination]?.needsResolve(id) != true
            }
        }
        if isEndTold { incidents.acknowledge(incident.id, nil, takenBackAt: now.wall) }
    }

    /// Why a destination is told again of alerts that it knows, before the repeat interval is over; nil where it is not.
    /// - Parameter firing: what fires and is not suppressed.
    func reminder(
        _ firing: [Alert], _ state: DestinationState, _ integration: DispatchOptions.Integration
    ) -> Notification.Reason? {
        if firing.contains(where: { state.suppressed.contains($0.id) && !isAcknowledged($0.id) }) { return .unsilenced }
        var found: Notification.Reason?
        for alert in firing {
            guard let incident = incidents[of: alert.id] else { continue }
            if let time = incident.unacknowledgedAt, time > state.notifiedAtWall { return .unacknowledged }
            if let acknowledgement = incident.acknowledgement, acknowledgement.at > state.notifiedAtWall {
                found = .acknowledged
            }
        }
        // Who keeps one incident for the group would take it for all of it.
        let isWhole = !integration.id.kind.keepsIncident || firing.allSatisfy { isAcknowledged($0.id) }
        return integration.tellsAcknowledgements && isWhole ? found : nil
    }
}

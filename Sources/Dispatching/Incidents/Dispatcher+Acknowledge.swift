package import Alerts
package import Platform
package import Samples

/// Selects the incidents to acknowledge.
package enum IncidentSelection: Sendable {
    /// The one with this id.
    case id(UInt64)
    /// The one with this number, or that it is part of.
    case number(Int)
    /// The one of the firing alert with this fingerprint, which is the one that the API shows.
    case alert(fingerprint: UInt64)
    /// Those of all firing alerts that all matchers match.
    case matchers([Matcher])
    /// Those of all firing alerts of the groups whose key this function accepts, that began by the time of the
    /// acknowledgement in another service, plus five minutes since clocks differ.
    case groups(at: Timestamp, _ admits: @Sendable (_ key: String) -> Bool)
}

extension IncidentSelection {
    /// The time of the acknowledgement in another service.
    fileprivate var time: Timestamp? {
        if case .groups(let time, _) = self { time } else { nil }
    }
}

/// The outcome of an acknowledgement.
package struct AcknowledgeResult: Sendable {
    /// The incidents as they are now, the newest first.
    package var incidents: [Notification.Incident] = []
    /// What follows for messages.
    package var decisions = Decisions()
}

/// An incident is acknowledged. Until it ends or its severity rises its alerts are not repeated and do not escalate;
/// changes, and its end, are notified as usual.
extension Dispatcher {
    /// Acknowledges the selected incidents, or withdraws their acknowledgements.
    /// - Parameter acknowledgement: nil withdraws.
    /// - Returns: no incidents if none is selected, or there is nothing to withdraw.
    package mutating func acknowledge(
        _ selection: IncidentSelection, _ acknowledgement: Acknowledgement?, now: Moment
    ) -> AcknowledgeResult {
        var result = AcknowledgeResult()
        refresh(now, &result.decisions)
        var ids: Set<UInt64> = []
        for alert in selected(selection) {
            guard let entry = alerts[alert] else { continue }
            if let incident = incidents[of: alert] {
                if acknowledgement != nil, isOutdated(selection, of: incident) { continue }
                if acknowledgement != nil || incident.acknowledgement != nil { ids.insert(incident.id) }
            } else if acknowledgement != nil {
                ids.insert(incidents.insert(entry.alert))
            }
        }
        for id in ids { incidents.acknowledge(id, acknowledgement, takenBackAt: selection.time ?? now.wall) }
        carryOutAcknowledgements(of: ids, now, &result.decisions)
        updateRecords(now, &result.decisions)
        result.incidents = ids.sorted(by: >).compactMap { incidents.all[$0] }.compactMap {
            notificationIncident($0, now)
        }
        return result
    }

    /// Whether another service reports an acknowledgement that is already known, possibly the echo of our own, or that
    /// has been withdrawn since: services report late, twice and in any order.
    private func isOutdated(_ selection: IncidentSelection, of incident: Incident) -> Bool {
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

    /// Applies acknowledgements to the groups of incidents: escalations end, a pending repeat is withdrawn, and
    /// integrations that want acknowledgements are notified. Each group is handled once, however many of the incidents
    /// are in it.
    private mutating func carryOutAcknowledgements(
        of ids: Set<UInt64>, _ now: Moment, _ decisions: inout Decisions
    ) {
        var members: [GroupID: Set<UInt64>] = [:]
        for member in ids.flatMap({ incidents.all[$0]?.members ?? [] }) {
            for group in alerts[member]?.groups ?? [] { members[group, default: []].insert(member) }
        }
        let sorted = members.sorted { $0.key.key < $1.key.key }
        // Fallbacks are notified first: afterwards the alerts are no longer in their groups.
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
                let isNotified = integration.tellsAcknowledgements && !state.notified.isEmpty && state.pending == nil
                guard isRepeat || isNotified else { continue }
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

    /// Whether the incident of an alert is acknowledged.
    func isAcknowledged(_ alert: UInt64) -> Bool { incidents[of: alert]?.acknowledgement != nil }

    /// Ends acknowledgements that are too old; the next flush of their groups notifies of the incidents again.
    mutating func endOldAcknowledgements(_ now: Moment, _ decisions: inout Decisions) {
        guard let timeout = options.acknowledgementTimeout else { return }
        for incident in incidents.acknowledged(before: now.wall - timeout, orAfter: now.wall) {
            guard var acknowledgement = incident.acknowledgement else { continue }
            if acknowledgement.at > now.wall {
                // The clock was stepped back, which must not extend the acknowledgement.
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

    /// An alert fires again before it was removed, since its resolve is still due or re-sent somewhere. If a receiver
    /// was notified of its end, and nothing else of its incident fires, the acknowledged incident is over.
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

    /// Why a destination is notified of known alerts before the repeat interval has passed; nil if it is not.
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
        // An integration that keeps one incident per group would apply the acknowledgement to the whole group.
        let isWhole = !integration.id.kind.keepsIncident || firing.allSatisfy { isAcknowledged($0.id) }
        return integration.tellsAcknowledgements && isWhole ? found : nil
    }
}

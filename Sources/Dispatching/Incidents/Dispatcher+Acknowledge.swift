package import Alerts
package import Platform
package import Samples

/// Which incidents somebody acknowledges.
package enum IncidentSelection: Sendable {
    /// The one with this id.
    case id(UInt64)
    /// The one of the firing alert with this fingerprint, as the API shows it.
    case alert(fingerprint: UInt64)
    /// Those of all firing alerts that all matchers match.
    case matchers([Matcher])
    /// Those of all alerts that fire and began by this time, of the groups whose key this function admits.
    case groups(begunBy: Timestamp, _ admits: @Sendable (_ key: String) -> Bool)
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
                if acknowledgement != nil || incident.acknowledgement != nil { ids.insert(incident.id) }
            } else if acknowledgement != nil {
                ids.insert(incidents.insert(entry.alert))
            }
        }
        for id in ids.sorted(by: >) {
            incidents.acknowledge(id, acknowledgement)
            guard let incident = incidents.all[id] else { continue }
            settleAcknowledgement(of: incident, now, &result.decisions)
            if let told = told(incident, now) { result.incidents.append(told) }
        }
        result.decisions.incidents = incidents.takeChanges()
        return result
    }

    /// Fingerprints of firing alerts.
    private func selected(_ selection: IncidentSelection) -> [UInt64] {
        let firing = { (id: UInt64) in alerts[id].map { !$0.isEnded } ?? false }
        return switch selection {
        case .id(let id): incidents.all[id]?.members.filter(firing) ?? []
        case .alert(let fingerprint):
            alerts.values.filter { !$0.isEnded && $0.alert.fingerprint == fingerprint }.map(\.alert.id)
        case .matchers(let matchers):
            alerts.values.filter { entry in
                !entry.isEnded && matchers.allSatisfy { $0.matches(entry.alert.labels) }
            }.map(\.alert.id)
        case .groups(let time, let admits):
            groups.values.filter { admits($0.id.key) }.flatMap(\.alerts).filter { id in
                firing(id) && alerts[id].map { $0.alert.startsAt <= time } ?? false
            }
        }
    }

    /// What follows for the groups of an incident: escalations end, a repeat that waits is withdrawn, and who wants to
    /// know learns that somebody has acknowledged it.
    private mutating func settleAcknowledgement(
        of incident: Incident, _ now: Moment, _ decisions: inout Decisions
    ) {
        let members = Set(incident.members)
        for id in Set(members.flatMap { alerts[$0]?.groups ?? [] }).sorted(by: { $0.key < $1.key }) {
            if incident.acknowledgement != nil { endEscalation(id, of: members, .acknowledged, now, &decisions) }
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

    /// Whether somebody has acknowledged the incident of an alert.
    func isAcknowledged(_ alert: UInt64) -> Bool { incidents[of: alert]?.acknowledgement != nil }

    /// Ends acknowledgements that are too old; the next flush of their groups tells of the incidents again.
    mutating func endOldAcknowledgements(_ now: Moment, _ decisions: inout Decisions) {
        guard let timeout = options.acknowledgementTimeout else { return }
        for incident in incidents.allAcknowledged {
            guard let acknowledgement = incident.acknowledgement, acknowledgement.at + timeout <= now.wall else {
                continue
            }
            incidents.acknowledge(incident.id, nil, unacknowledgedAt: now.wall)
            decisions.unacknowledged.append(.init(incident: incident, acknowledgement: acknowledgement))
            for group in Set(incident.members.flatMap { alerts[$0]?.groups ?? [] }) where groups[group]?.flushed == true
            {
                flushes.schedule(group, at: now.monotonic)
            }
        }
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

package import Alerts
package import Platform
import Samples

/// One fault, one place: an alert that another one explains is told where its cause is told.
///
/// Incidents decide which groups an alert is in, and nothing else: whatever holds of groups (every start told, every end
/// sent, silences obeyed) holds of incidents. Without `explained_by` there are none.
extension Dispatcher {
    /// An alert begins to fire: it joins the incident of its cause, and its consequences join its own. What receivers
    /// were told of apart stays apart, since nothing would be told less by moving it.
    mutating func correlate(_ alert: Alert, _ now: Moment) {
        guard options.correlates, !alert.isExternal else { return }
        var causes: [UInt64] = []
        for found in incidents.causes(of: alert, labels: labels) where causes.isEmpty {
            causes = likely(found, of: alert)
        }
        if incidents[of: alert.id] == nil, let cause = causes.first, let first = alerts[cause] {
            let id = incidents[of: cause]?.id ?? incidents.insert(first.alert)
            join(alert, id, now)
            // What has led to it at the same time is part of the fault.
            for other in causes.dropFirst() where incidents[of: other]?.id != id { takeIn(other, into: id, now) }
        }
        for consequence in incidents.consequences(of: alert, labels: labels) { adopt(consequence, of: alert, now) }
    }

    /// Within how long of each other alerts of one rule are taken for one fault.
    private static let burst = Duration.seconds(15)

    /// Of several alerts of one rule those that have led to another one: which began with the last of them, since what has
    /// lasted for hours has led to nothing so far. First one that somebody was told of, so that one fault has one place.
    private func likely(_ causes: [UInt64], of alert: Alert) -> [UInt64] {
        let held = causes.compactMap { alerts[$0] }.filter { mayJoin(alert, $0.alert) }
        guard let last = held.map(\.alert.startsAt).max() else { return [] }
        return held.filter { last - $0.alert.startsAt <= Dispatcher.burst }.sorted {
            ($0.isProcessed ? 0 : 1, $0.alert.startsAt, $0.alert.id) < (
                $1.isProcessed ? 0 : 1, $1.alert.startsAt, $1.alert.id
            )
        }.map(\.alert.id)
    }

    /// Puts an alert that nobody was told of, with all that it is told with, into an incident.
    private mutating func takeIn(_ alert: UInt64, into id: UInt64, _ now: Moment) {
        let members = incidents[of: alert]?.members ?? [alert]
        if isTold(members) { return }
        for member in members {
            if let entry = alerts[member] { join(entry.alert, id, now) }
        }
        reroute(members, now)
    }

    /// Whether an alert may be told in the incident of another. What is critical must not come as a mere change of a
    /// critical incident that somebody has acknowledged hours ago: it is told as its own then, and pages.
    private func mayJoin(_ alert: Alert, _ other: Alert) -> Bool {
        let severity = incidents[of: other.id]?.severity ?? other.severity
        return alert.severity < .critical || severity < .critical
            || alert.startsAt - other.startsAt <= options.incidentWindow
    }

    private var labels: (UInt64) -> Labels? { { alerts[$0]?.alert.labels } }

    /// Puts an alert into an incident; the caller routes it. An incident that becomes graver is routed anew where nobody
    /// was told of it; else whoever was told learns at once that it is graver.
    private mutating func join(_ alert: Alert, _ id: UInt64, _ now: Moment) {
        let others = incidents.all[id]?.members ?? []
        incidents.move(alert.id, to: id)
        let isTold = isTold(others)
        guard incidents.raise(id, to: alert.labels["severity"], instead: !isTold) else { return }
        if isTold { hasten(id, now) } else { reroute(others, now) }
    }

    /// Whether a message about any of these alerts was decided, or could have been.
    private func isTold(_ members: [UInt64]) -> Bool { members.contains { alerts[$0]?.isProcessed == true } }

    private mutating func reroute(_ members: [UInt64], _ now: Moment) {
        for member in members { leaveGroups(member) }
        for member in members {
            if let entry = alerts[member] { route(member, entry.alert, now: now, restoring: false) }
        }
    }

    /// A new cause and one of the alerts that it explains come into one incident.
    private mutating func adopt(_ consequence: UInt64, of cause: Alert, _ now: Moment) {
        guard let entry = alerts[consequence] else { return }
        let (mine, other) = (incidents[of: cause.id], incidents[of: consequence])
        if let mine, mine.id == other?.id { return }
        let members = other?.members ?? [consequence]
        let isTold = isTold(members)
        if let mine { return takeIn(consequence, into: mine.id, now) }
        if isTold, !mayJoin(cause, entry.alert) { return }
        let id = other?.id ?? incidents.insert(entry.alert)
        if isTold {
            join(cause, id, now)
            // That there is a cause is news, which does not wait for the next flush.
            hasten(id, now)
        } else {
            incidents.move(cause.id, to: id)
            incidents.found(id, on: cause)
            for member in members {
                _ = incidents.raise(id, to: alerts[member]?.alert.labels["severity"], instead: true)
            }
            reroute(members, now)
        }
    }

    /// Lets the groups that were told of an incident be flushed as soon as new groups would be.
    private mutating func hasten(_ id: UInt64, _ now: Moment) {
        for member in incidents.all[id]?.members ?? [] {
            for group in alerts[member]?.groups ?? [] {
                guard let route = groups[group]?.route, groups[group]?.flushed == true else { continue }
                let soon = now.monotonic + route.groupWait
                if flushes.due(group).map({ soon < $0 }) ?? true { flushes.schedule(group, at: soon) }
            }
        }
    }

    /// Takes an alert that nobody was told of out of its groups.
    private mutating func leaveGroups(_ id: UInt64) {
        for group in alerts[id]?.groups ?? [] {
            groups[group]?.alerts.remove(id)
            groups[group]?.orphaned.remove(id)
            guard let rest = groups[group], rest.members.isEmpty, !rest.flushed else { continue }
            removeGroup(group)
            flushes.cancel(group)
            deadlines.cancel(group)
        }
        alerts[id]?.groups = []
    }

    /// The labels that an alert is routed by: its own, or those of its incident, once for each severity that the incident
    /// has reached and that is not graver than the alert's own. The first ones take every alert of it.
    func routings(of alert: Alert) -> [Labels] {
        guard options.correlates, let incident = incidents[of: alert.id] else { return [alert.labels] }
        let all = incident.routings
        return Array(all.prefix(1)) + all.dropFirst().filter { Severity(label: $0["severity"]) <= alert.severity }
    }

    /// Whether a new alert's first message waits for the answers of those targets that may explain it.
    package func waitsForSuspects(_ alert: Alert) -> Bool {
        options.correlates && !alert.isExternal && incidents[of: alert.id] == nil && !alert.explanations.isEmpty
    }

    /// Everything that may explain an alert has been asked: its first message waits no longer for that.
    package mutating func endSuspectWait(of id: UInt64) {
        for group in alerts[id]?.groups ?? [] {
            guard groups[group]?.flushed == false, let due = flushes.due(group),
                let earliest = groups[group]?.dueWithoutSuspects, earliest < due
            else { continue }
            flushes.schedule(group, at: earliest)
        }
    }

    /// Whether a group that an incident's rising severity has formed leaves an integration out, since its address is
    /// told of the incident by the group that was there before.
    func isTold(_ integration: DispatchOptions.Integration, by group: Group, _ now: Moment) -> Bool {
        guard let target = integration.target else { return false }
        return group.raisedFrom.contains { id in
            guard let route = groups[id]?.route, muteTime(route, now.wall) == nil else { return false }
            return integrations(of: id).contains { $0.target == target && $0.id.kind == integration.id.kind }
        }
    }

    // MARK: What is told

    /// How many incidents of a message are told one by one.
    private static let incidentLimit = 100

    /// The incidents that the alerts of a message are of, those with the gravest cause first. An alert that nothing
    /// explains and that explains nothing is one by itself.
    package func incidents(in notification: Notification, _ now: Moment) -> [Notification.Incident] {
        var seen: Set<UInt64> = []
        var found: [Notification.Incident] = []
        for alert in notification.alerts where found.count < Dispatcher.incidentLimit {
            guard options.correlates, let incident = incidents[of: alert.id] else {
                found.append(single(alert))
                continue
            }
            if seen.insert(incident.id).inserted, let told = told(incident, now) { found.append(told) }
        }
        return found.sorted {
            ($1.severity, $0.startsAt, $0.cause.labels) < ($0.severity, $1.startsAt, $1.cause.labels)
        }
    }

    /// Every incident under way, the newest first.
    package func incidents(_ now: Moment) -> [Notification.Incident] {
        let correlated = incidents.all.values.compactMap { told($0, now) }
        // One without a severity to speak of, as the watchdog's, is no fault.
        let others = alerts.values.filter {
            !$0.isEnded && incidents[of: $0.alert.id] == nil && $0.alert.labels["severity"] != "none"
        }.map { single($0.alert) }
        return (correlated + others).sorted { ($1.startsAt, $0.cause.labels) < ($0.startsAt, $1.cause.labels) }
    }

    /// The incident of an alert that is told by itself.
    private func single(_ alert: Alert) -> Notification.Incident {
        let incident = incidents[of: alert.id]
        var told = Notification.Incident(
            id: incident?.id, startsAt: alert.startsAt, cause: alert, consequences: [],
            acknowledgement: incident?.acknowledgement)
        told.number = book.number(of: alert.id)
        return told
    }

    func told(_ incident: Incident, _ now: Moment) -> Notification.Incident? {
        let held = incident.members.compactMap { alerts[$0] }
        let firing = held.filter { !$0.isEnded }.map(\.alert)
        let audible = firing.filter { !isSuppressed($0, now) }
        let past = incident.past.map(\.alert)
        let candidates =
            !audible.isEmpty ? audible : !firing.isEmpty ? firing : Dispatcher.last(of: past + held.map(\.alert))
        guard let cause = Dispatcher.cause(among: candidates, of: incident) else { return nil }
        var told = Notification.Incident(
            id: incident.id, startsAt: incident.startsAt, cause: cause,
            consequences: candidates.filter { $0.id != cause.id }, ended: past,
            acknowledgement: incident.acknowledgement)
        told.number = book.number(of: cause.id)
        return told
    }

    /// Of alerts that came and went several times the last one each.
    private static func last(of alerts: [Alert]) -> [Alert] {
        var seen: Set<UInt64> = []
        return alerts.reversed().filter { seen.insert($0.id).inserted }.reversed()
    }

    private func isSuppressed(_ alert: Alert, _ now: Moment) -> Bool {
        !silences.silencing(alert.labels).isEmpty || !inhibitor.inhibiting(alert).isEmpty
    }

    /// The alert that no other one explains; of several the one that the incident was first told as, else the gravest,
    /// else the first.
    private static func cause(among alerts: [Alert], of incident: Incident) -> Alert? {
        let byName = Dictionary(grouping: alerts, by: \.name)
        let roots = alerts.filter { alert in
            !alert.explanations.contains { explanation in
                (byName[explanation.alertName] ?? []).contains {
                    $0.id != alert.id && explanation.holds(between: $0.labels, and: alert.labels)
                }
            }
        }
        // All explain each other: the rules are wrong, and the first one has to do.
        let candidates = roots.isEmpty ? alerts : roots
        return candidates.min { a, b in
            if (a.labels == incident.labels) != (b.labels == incident.labels) { return a.labels == incident.labels }
            return (b.severity, a.startsAt, a.labels) < (a.severity, b.startsAt, b.labels)
        }
    }
}

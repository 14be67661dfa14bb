package import Alerts
package import Platform
import Samples

/// One fault, one notification: an alert that another one explains is notified together with its cause.
///
/// Incidents only decide which groups an alert is in: whatever holds for groups (every start and every end is sent,
/// silences apply) holds for incidents. Without `explained_by` there are none.
extension Dispatcher {
    /// An alert begins to fire: it joins the incident of its cause, and its consequences join its own. Alerts that
    /// receivers were notified of separately stay separate, since moving them would not save a message.
    mutating func correlate(_ alert: Alert, _ now: Moment) {
        guard options.correlates, !alert.isExternal else { return }
        var causes: [UInt64] = []
        for found in incidents.causes(of: alert, labels: labels) where causes.isEmpty {
            causes = likely(found, of: alert)
        }
        if incidents[of: alert.id] == nil, let cause = causes.first, let first = alerts[cause] {
            let id = incidents[of: cause]?.id ?? incidents.insert(first.alert)
            join(alert, id, now)
            // Other causes that began at the same time are part of the fault.
            for other in causes.dropFirst() where incidents[of: other]?.id != id { takeIn(other, into: id, now) }
        }
        for consequence in incidents.consequences(of: alert, labels: labels) { adopt(consequence, of: alert, now) }
    }

    /// Alerts of one rule that begin within this time of each other are taken for one fault.
    private static let burst = Duration.seconds(15)

    /// Of several alerts of one rule the likely causes of another alert: those that began within `burst` of the most
    /// recent one, since one that has lasted for hours has caused nothing so far. Alerts already notified come first,
    /// so that a fault stays in one incident.
    private func likely(_ causes: [UInt64], of alert: Alert) -> [UInt64] {
        let held = causes.compactMap { alerts[$0] }.filter { mayJoin(alert, $0.alert) }
        guard let last = held.map(\.alert.startsAt).max() else { return [] }
        return held.filter { last - $0.alert.startsAt <= Dispatcher.burst }.sorted {
            ($0.isProcessed ? 0 : 1, $0.alert.startsAt, $0.alert.id) < (
                $1.isProcessed ? 0 : 1, $1.alert.startsAt, $1.alert.id
            )
        }.map(\.alert.id)
    }

    /// Moves an alert that no receiver has been notified of, with all of its incident, into another incident.
    private mutating func takeIn(_ alert: UInt64, into id: UInt64, _ now: Moment) {
        let members = incidents[of: alert]?.members ?? [alert]
        if isNotified(members) { return }
        for member in members {
            if let entry = alerts[member] { join(entry.alert, id, now) }
        }
        reroute(members, now)
    }

    /// Whether an alert may join the incident of another. A critical alert must not arrive as a mere update of a
    /// critical incident that was acknowledged hours ago: it is then notified on its own, and pages.
    private func mayJoin(_ alert: Alert, _ other: Alert) -> Bool {
        let severity = incidents[of: other.id]?.severity ?? other.severity
        return alert.severity < .critical || severity < .critical
            || alert.startsAt - other.startsAt <= options.incidentWindow
    }

    private var labels: (UInt64) -> Labels? { { alerts[$0]?.alert.labels } }

    /// Puts an alert into an incident; the caller routes it. If that raises the incident's severity, an incident that
    /// no receiver has been notified of is routed anew; for others the groups are flushed soon.
    private mutating func join(_ alert: Alert, _ id: UInt64, _ now: Moment) {
        let others = incidents.all[id]?.members ?? []
        incidents.move(alert.id, to: id)
        let isNotified = isNotified(others)
        guard incidents.raise(id, to: alert.labels["severity"], instead: !isNotified) else { return }
        if isNotified { hasten(id, now) } else { reroute(others, now) }
    }

    /// Whether a message about any of these alerts was decided, or could have been.
    private func isNotified(_ members: [UInt64]) -> Bool { members.contains { alerts[$0]?.isProcessed == true } }

    private mutating func reroute(_ members: [UInt64], _ now: Moment) {
        for member in members { leaveGroups(member) }
        for member in members {
            if let entry = alerts[member] { route(member, entry.alert, now: now, restoring: false) }
        }
    }

    /// Puts a new cause and one of the alerts that it explains into one incident.
    private mutating func adopt(_ consequence: UInt64, of cause: Alert, _ now: Moment) {
        guard let entry = alerts[consequence] else { return }
        let (mine, other) = (incidents[of: cause.id], incidents[of: consequence])
        if let mine, mine.id == other?.id { return }
        let members = other?.members ?? [consequence]
        let isNotified = isNotified(members)
        if let mine { return takeIn(consequence, into: mine.id, now) }
        if isNotified, !mayJoin(cause, entry.alert) { return }
        let id = other?.id ?? incidents.insert(entry.alert)
        if isNotified {
            join(cause, id, now)
            // That a cause was found is news, which does not wait for the next flush.
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

    /// Schedules the already notified groups of an incident to be flushed as soon as new groups would be.
    private mutating func hasten(_ id: UInt64, _ now: Moment) {
        for member in incidents.all[id]?.members ?? [] {
            for group in alerts[member]?.groups ?? [] {
                guard let route = groups[group]?.route, groups[group]?.flushed == true else { continue }
                let soon = now.monotonic + route.groupWait
                if flushes.due(group).map({ soon < $0 }) ?? true { flushes.schedule(group, at: soon) }
            }
        }
    }

    /// Takes an alert that no receiver has been notified of out of its groups.
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

    /// The labels that an alert is routed by: its own, or those of its incident, once for each severity that the
    /// incident has reached and that does not exceed the alert's own. The first set applies to every alert of the
    /// incident.
    func routings(of alert: Alert) -> [Labels] {
        guard options.correlates, let incident = incidents[of: alert.id] else { return [alert.labels] }
        let all = incident.routings
        return Array(all.prefix(1)) + all.dropFirst().filter { Severity(label: $0["severity"]) <= alert.severity }
    }

    /// Whether a new alert's first message waits for the next scrape of the targets that may explain it.
    package func waitsForSuspects(_ alert: Alert) -> Bool {
        options.correlates && !alert.isExternal && incidents[of: alert.id] == nil && !alert.explanations.isEmpty
    }

    /// Everything that may explain an alert has been scraped: its first message no longer waits for that.
    package mutating func endSuspectWait(of id: UInt64) {
        for group in alerts[id]?.groups ?? [] {
            if groups[group]?.suspectsUntil != nil {
                groups[group]?.suspectsUntil = nil
                // It is due already: the next call of `advance` decides.
                if groups[group]?.needsImmediateDecision == true {
                    deadlines.schedule(group, at: Instant(nanoseconds: 0))
                }
            }
            guard groups[group]?.flushed == false, let due = flushes.due(group),
                let earliest = groups[group]?.dueWithoutSuspects, earliest < due
            else { continue }
            flushes.schedule(group, at: earliest)
        }
    }

    /// Whether a group that was formed because an incident's severity rose skips an integration, since an earlier group
    /// notifies the same address of the incident.
    func isNotifiedElsewhere(_ integration: DispatchOptions.Integration, by group: Group, _ now: Moment) -> Bool {
        guard let target = integration.target else { return false }
        return group.raisedFrom.contains { id in
            guard let route = groups[id]?.route, muteTime(route, now.wall) == nil else { return false }
            return integrations(of: id).contains { $0.target == target && $0.id.kind == integration.id.kind }
        }
    }

    // MARK: Incidents of a message

    /// Maximum number of incidents described per message.
    private static let incidentLimit = 100

    /// The incidents of a message's alerts, the most severe first. An alert without causes and consequences is an
    /// incident by itself.
    package func incidents(in notification: Notification, _ now: Moment) -> [Notification.Incident] {
        var seen: Set<UInt64> = []
        var found: [Notification.Incident] = []
        for alert in notification.alerts where found.count < Dispatcher.incidentLimit {
            guard options.correlates, let incident = incidents[of: alert.id] else {
                found.append(single(alert))
                continue
            }
            if seen.insert(incident.id).inserted, let incident = notificationIncident(incident, now) {
                found.append(incident)
            }
        }
        // The severity of an incident is that of all its alerts: determined once, not for each comparison.
        return found.map { (severity: $0.severity, incident: $0) }.sorted { a, b in
            (b.severity, a.incident.startsAt, a.incident.cause.labels)
                < (a.severity, b.incident.startsAt, b.incident.cause.labels)
        }.map(\.incident)
    }

    /// Every incident under way, the newest first.
    package func incidents(_ now: Moment) -> [Notification.Incident] {
        let correlated = incidents.all.values.compactMap { notificationIncident($0, now) }
        // An alert with severity `none`, such as the watchdog's, is no fault.
        let others = alerts.values.filter {
            !$0.isEnded && incidents[of: $0.alert.id] == nil && $0.alert.labels["severity"] != "none"
        }.map { single($0.alert) }
        return (correlated + others).sorted { ($1.startsAt, $0.cause.labels) < ($0.startsAt, $1.cause.labels) }
    }

    /// The incident of an alert that is by itself.
    private func single(_ alert: Alert) -> Notification.Incident {
        let incident = incidents[of: alert.id]
        var result = Notification.Incident(
            id: incident?.id, startsAt: alert.startsAt, cause: alert, consequences: [],
            acknowledgement: incident?.acknowledgement)
        result.number = book.number(of: alert.id)
        return result
    }

    func notificationIncident(_ incident: Incident, _ now: Moment) -> Notification.Incident? {
        let held = incident.members.compactMap { alerts[$0] }
        let firing = held.filter { !$0.isEnded }.map(\.alert)
        let audible = firing.filter { !isSuppressed($0, now) }
        let past = incident.past.map(\.alert)
        let candidates =
            !audible.isEmpty ? audible : !firing.isEmpty ? firing : Dispatcher.last(of: past + held.map(\.alert))
        guard let cause = Dispatcher.cause(among: candidates, of: incident) else { return nil }
        var result = Notification.Incident(
            id: incident.id, startsAt: incident.startsAt, cause: cause,
            consequences: candidates.filter { $0.id != cause.id }, ended: past,
            acknowledgement: incident.acknowledgement)
        result.number = book.number(of: cause.id)
        return result
    }

    /// The last occurrence of each alert.
    private static func last(of alerts: [Alert]) -> [Alert] {
        var seen: Set<UInt64> = []
        return alerts.reversed().filter { seen.insert($0.id).inserted }.reversed()
    }

    private func isSuppressed(_ alert: Alert, _ now: Moment) -> Bool {
        !silences.silencing(alert.labels).isEmpty || !inhibitor.inhibiting(alert).isEmpty
    }

    /// The alerts that none of the others explains.
    static func roots(among alerts: [Alert]) -> [Alert] {
        let byName = Dictionary(grouping: alerts, by: \.name)
        return alerts.filter { alert in
            !alert.explanations.contains { explanation in
                (byName[explanation.alertName] ?? []).contains {
                    $0.id != alert.id && explanation.holds(between: $0.labels, and: alert.labels)
                }
            }
        }
    }

    /// The alert that no other one explains; of several the one that gave the incident its labels, else the most
    /// severe, else the first.
    private static func cause(among alerts: [Alert], of incident: Incident) -> Alert? {
        let roots = roots(among: alerts)
        // All explain each other: the rules have a cycle, so any will do.
        let candidates = roots.isEmpty ? alerts : roots
        return candidates.min { a, b in
            if (a.labels == incident.labels) != (b.labels == incident.labels) { return a.labels == incident.labels }
            return (b.severity, a.startsAt, a.labels) < (a.severity, b.startsAt, b.labels)
        }
    }
}

import Alerts
import Platform
import Samples

/// What an Alertmanager is not given.
extension Dispatcher {
    /// Firing alerts that an integration which routes and groups alerts by itself, as an Alertmanager does, is not
    /// given, since it would notify of each: those that another one of their incident explains. Of those that are more
    /// severe than their causes it is given one, which its routes send where the incident belongs; and it keeps being
    /// given what it has, which it would take for resolved. A consequence that outlasts its causes is a cause.
    /// - Parameter firing: what it would be given.
    func consequences(among firing: [Alert], unknownTo state: DestinationState, _ now: Moment) -> Set<UInt64> {
        guard options.correlates else { return [] }
        let given = Set(firing.map(\.id))
        var seen: Set<UInt64> = []
        var found: Set<UInt64> = []
        for alert in firing {
            guard let incident = incidents[of: alert.id], incident.members.count > 1,
                seen.insert(incident.id).inserted, let held = notificationIncident(incident, now),
                given.contains(held.cause.id)
            else { continue }
            let causes = Set(Dispatcher.roots(among: [held.cause] + held.consequences).map(\.id))
            var highest = held.cause.severity
            var rest: [Alert] = []
            for alert in held.consequences {
                if causes.contains(alert.id) || state.needsResolve(alert.id) {
                    highest = max(highest, alert.severity)
                } else {
                    rest.append(alert)
                }
            }
            // Two agents choose the same one of several: by labels, not by time.
            let gravest = rest.filter { $0.severity > highest }.min { a, b in
                (b.severity, a.labels) < (a.severity, b.labels)
            }
            found.formUnion(rest.map(\.id).filter { $0 != gravest?.id })
        }
        return found.intersection(given)
    }
}

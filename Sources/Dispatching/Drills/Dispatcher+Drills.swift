import Alerts
package import Platform
import Samples

extension Dispatcher {
    /// The drills under way, by cluster.
    package var allDrills: [Drill] { drills.values.sorted { $0.cluster < $1.cluster } }

    /// Announces a drill.
    /// - Throws: `DrillError`.
    package mutating func startDrill(_ drill: Drill, now: Moment) throws(DrillError) {
        for (name, text) in [("scenario", drill.scenario), ("cluster", drill.cluster)]
        where text.isEmpty || text.utf8.count > Drill.nameLimitBytes {
            throw .invalid("\(name): expected a name of 1 to \(Drill.nameLimitBytes) bytes")
        }
        guard drill.endsAt > now.wall, drill.endsAt - now.wall <= Drill.spanLimit else {
            throw .invalid("a drill must end within \(Drill.spanLimit.prometheusDescription)")
        }
        guard drill.others.reduce(0, { $0 + $1.count }) <= Drill.matcherLimit else {
            throw .invalid("more than \(Drill.matcherLimit) matchers")
        }
        // Whatever matches everything would mark the outage of another cluster as a drill.
        guard drill.others.allSatisfy({ $0.contains { !$0.matches("") } }) else {
            throw .invalid("at least one matcher must not match the empty string")
        }
        if let known = drills[drill.cluster] { throw .busy(scenario: known.scenario, by: known.createdBy) }
        guard drills.count < Drill.countLimit else { throw .tooMany }
        drills[drill.cluster] = drill
    }

    /// Ends a drill. Its alerts that still fire lose their mark, and who was notified of them is notified again.
    /// - Returns: nil where none is under way in the cluster.
    package mutating func endDrill(cluster: String, now: Moment) -> (drill: Drill, decisions: Decisions)? {
        guard let drill = drills[cluster] else { return nil }
        var decisions = Decisions()
        end(drill, now, &decisions)
        updateRecords(now, &decisions)
        return (drill, decisions)
    }

    /// Ends drills whose time is over.
    mutating func endOldDrills(_ now: Moment, _ decisions: inout Decisions) {
        for drill in allDrills where drill.endsAt <= now.wall { end(drill, now, &decisions) }
    }

    /// The alert with the mark of the drill that causes it. An alert that ended during a drill keeps its mark: its end
    /// is sent again, also after the drill.
    func marked(_ alert: Alert) -> Alert {
        guard alert.drill == nil else { return alert }
        if !drills.isEmpty, let drill = allDrills.first(where: { $0.causes(alert) }) {
            return Drill.marked(alert, drill.scenario)
        }
        guard let known = alerts[alert.id], known.isEnded, known.alert.startsAt == alert.startsAt, alert.endsAt != nil,
            let scenario = known.alert.drill
        else { return alert }
        return Drill.marked(alert, scenario)
    }

    private mutating func end(_ drill: Drill, _ now: Moment, _ decisions: inout Decisions) {
        drills[drill.cluster] = nil
        decisions.endedDrills.append(drill)
        for (id, entry) in alerts.sorted(by: { $0.key < $1.key })
        where !entry.isEnded && entry.alert.drill == drill.scenario
            && drill.causes(entry.alert)
        {
            let alert = Drill.unmarked(entry.alert)
            update(alert, isEnded: false)
            updateIndexes(alert, isEnded: false)
            decisions.unmarked.append(alert)
            for group in entry.groups { tellAgain(id, group, now, &decisions) }
        }
    }

    /// Who was notified of an alert as one of a drill is notified again without waiting for the group's next flush.
    private mutating func tellAgain(_ id: UInt64, _ group: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let known = groups[group] else { return }
        for integration in integrations(of: group) where integration.resend == nil {
            let destination = known.destination(integration)
            guard var state = destinations[destination] else { continue }
            if state.pending?.inFlight == true, state.pending?.firing.contains(id) == true {
                state.pending?.toldAsDrill.insert(id)
                state.needsDecision = true
            }
            if state.lastFiring.remove(id) != nil {
                store(state, destination, known.labels, &decisions)
                if known.flushed { flushes.schedule(group, at: now.monotonic) }
            }
            destinations[destination] = state
        }
    }
}

package import Alerts
package import Platform
package import Samples

extension Dispatcher {
    /// Merges what the journal has kept from the last run, after a start without it (`beginWithoutPast`).
    ///
    /// What this run knows is newer and takes precedence: alerts, silences, pending messages and response times. The
    /// notification logs are united, since both runs notified: every alert that either of them notified of is resolved
    /// in the end, and only once: what this run has already resolved does not count as notified. The alerts of the
    /// journal have the ends that this run has written. `pending` then lists the messages of both.
    package mutating func merge(_ saved: Saved, now: Moment) -> Decisions {
        let own = destinations.mapValues(\.notified)
        for silence in saved.silences where silences.all[silence.id] == nil { silences.restore(silence) }
        for drill in saved.drills where drills[drill.cluster] == nil { drills[drill.cluster] = drill }
        let (taken, left) = withinLimits(saved.alerts.filter { alerts[$0.id] == nil })
        take(taken, now)
        restoreIncidents(saved)
        restoreRecords(saved, now)
        var labels = destinations.keys.reduce(into: [Destination: Labels]()) { $0[$1] = groups[$1.groupID]?.labels }
        for entry in saved.logEntries {
            var state = destinations[entry.destination] ?? DestinationState()
            if !state.hasLogEntry {
                state.lastFiring = entry.lastFiring
                state.notifiedAtWall = entry.notifiedAt
                state.notifiedAt = now.monotonic - max(now.wall - entry.notifiedAt, .zero)
            }
            let ended = endsWithoutPast?[entry.destination] ?? []
            state.notified.formUnion(entry.notified.subtracting(ended))
            state.possiblyNotified.formUnion(entry.possiblyNotified.subtracting(ended))
            state.suppressed.formUnion(entry.suppressed.subtracting(ended).subtracting(own[entry.destination] ?? []))
            // If this run has notified that an alert fires, that is more recent.
            state.possiblyResolved.formUnion(entry.possiblyResolved.subtracting(own[entry.destination] ?? []))
            destinations[entry.destination] = state
            if labels[entry.destination] == nil { labels[entry.destination] = Labels(entry.groupLabels) }
        }
        let ends = endsWithoutPast ?? [:]
        endsWithoutPast = nil
        var superseded: [UInt64] = []
        for message in saved.outbox.sorted(by: { $0.id < $1.id }) {
            let destination = Destination(message.notification)
            merge(message, own[destination] ?? [], ended: ends[destination] ?? [], &superseded)
            // A superseded message may be all that is left of its group.
            if labels[destination] == nil { labels[destination] = message.notification.groupLabels }
            nextID = max(nextID, message.id &+ 1)
        }
        let old = groups.mapValues { (group: $0, due: flushes.due($0.id)) }
        let escalations = groups.values.compactMap { escalationRecord($0) }
        let known = Set(escalations.map(\.storageKey))
        removeAllGroups()
        flushes.removeAll()
        deadlines.removeAll()
        for fingerprint in Array(alerts.keys) { alerts[fingerprint]?.groups = [] }
        var decisions = rebuild(
            labels: labels, old: old,
            escalations: escalations + saved.escalations.filter { !known.contains($0.storageKey) }, now: now)
        decisions.removedAlerts += left
        // Alerts that came and went since, and those that the rebuilt groups have already dropped.
        let removed = removedWithoutPast.subtracting(decisions.removedAlerts).filter { alerts[$0] == nil }
        decisions.removedAlerts += removed.sorted()
        removedWithoutPast = []
        for destination in Set(saved.logEntries.map(\.destination) + saved.outbox.map { Destination($0.notification) })
        {
            guard let state = destinations[destination], state.hasLogEntry else { continue }
            store(state, destination, labels[destination] ?? .empty, &decisions)
        }
        recheckPending(now, &decisions)
        endIdleSilences(now, &decisions)
        let kept = Set(destinations.values.compactMap { $0.pending?.message.id })
        var withdrawn = Set(decisions.withdrawn)
        for id in superseded + saved.outbox.map(\.id) where !kept.contains(id) && withdrawn.insert(id).inserted {
            decisions.withdrawn.append(id)
        }
        updateRecords(now, &decisions)
        return decisions
    }

    /// Sets an end for alerts that no rule evaluates any more, since nothing else would end them. An alert that its
    /// rule has sent since, or sends again before that time, goes on.
    /// - Parameter saved: as they were in the journal.
    /// - Returns: the alerts that now have this end.
    package mutating func end(_ saved: [Alert], at end: Timestamp) -> [Alert] {
        var changed: [Alert] = []
        for var alert in saved where alerts[alert.id]?.alert == alert && alert.endsAt == nil {
            alert.endsAt = end
            update(alert, isEnded: false)
            updateIndexes(alert, isEnded: false)
            changed.append(alert)
        }
        return changed
    }

    /// Makes a message of the last run pending, unless this run has a newer one for the same destination, has already
    /// sent its content, or knows that an alert which the message resolves fires again. The receiver may have it: the
    /// journal does not record attempts.
    /// - Parameters:
    ///   - notified: the alerts that this run has notified the destination of.
    ///   - ended: those whose ends it has accepted in this run.
    private mutating func merge(
        _ message: Outgoing, _ notified: Set<UInt64>, ended: Set<UInt64>, _ superseded: inout [UInt64]
    ) {
        let destination = Destination(message.notification)
        let pending = DestinationState.Pending(message)
        var state = destinations[destination] ?? DestinationState()
        let before = state.possiblyResolved
        state.recordUnanswered(pending)
        state.possiblyResolved.subtract(notified.subtracting(before))
        // The end is more recent.
        state.possiblyNotified.subtract(ended)
        let hasEnded = !pending.firing.isDisjoint(with: ended)
        let firesAgain = pending.resolved.contains { alerts[$0]?.isEnded == false }
        let other = state.pending
        // Sent again while the disk did not respond.
        let isSent = pending.resolved.isEmpty && notified.isSuperset(of: pending.firing)
        if firesAgain || hasEnded || isSent || (other.map { $0.message.id > message.id } ?? false) {
            superseded.append(message.id)
        } else {
            if let other { superseded.append(other.message.id) }
            state.pending = pending
        }
        destinations[destination] = state
    }
}

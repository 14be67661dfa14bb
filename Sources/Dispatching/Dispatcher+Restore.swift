package import Alerts
package import Platform
import Samples
import Text

extension Dispatcher {
    /// What a journal keeps of a dispatcher.
    package struct Saved: Sendable {
        /// Alerts that fire, and ended ones whose resolve is due somewhere.
        package var alerts: [Alert]
        /// Silences, expired ones too.
        package var silences: [Silence]
        /// The notification log.
        package var logEntries: [NotificationLogEntry]
        /// The outbox: messages that are not accepted yet.
        package var outbox: [Outgoing]
        /// Escalations under way.
        package var escalations: [EscalationRecord]
        /// Incidents under way.
        package var incidents: [Incident]
        /// Open and resolved incidents, by number.
        package var records: [IncidentRecord]
        /// Drills under way.
        package var drills: [Drill]

        /// Everything empty unless given.
        package init(
            alerts: [Alert] = [], silences: [Silence] = [], logEntries: [NotificationLogEntry] = [],
            outbox: [Outgoing] = [],
            escalations: [EscalationRecord] = [], incidents: [Incident] = [], records: [IncidentRecord] = [],
            drills: [Drill] = []
        ) {
            self.alerts = alerts
            self.silences = silences
            self.logEntries = logEntries
            self.outbox = outbox
            self.escalations = escalations
            self.incidents = incidents
            self.records = records
            self.drills = drills
        }
    }

    /// Continues where the last run ended. Call it once, before anything else.
    ///
    /// Every message of the outbox may have arrived: the journal does not record attempts. The messages that `pending`
    /// lists afterwards are to be sent; the decisions say which are withdrawn.
    package mutating func restore(_ saved: Saved, now: Moment) -> Decisions {
        for silence in saved.silences { silences.restore(silence) }
        for drill in saved.drills { drills[drill.cluster] = drill }
        // A surplus of our own alerts can only come from a larger limit in the last run; they are never dropped for it.
        let (taken, left) = withinLimits(saved.alerts)
        take(taken, now)
        restoreIncidents(saved)
        restoreRecords(saved, now)
        for entry in saved.logEntries {
            var state = DestinationState()
            state.notified = entry.notified
            state.lastFiring = entry.lastFiring
            state.possiblyNotified = entry.possiblyNotified
            state.possiblyResolved = entry.possiblyResolved
            state.suppressed = entry.suppressed
            state.notifiedAtWall = entry.notifiedAt
            // A clock that was stepped back meanwhile must not delay the repeat beyond its interval.
            let age = max(now.wall - entry.notifiedAt, .zero)
            state.notifiedAt = now.monotonic - age
            destinations[entry.destination] = state
        }
        for message in saved.outbox.sorted(by: { $0.id < $1.id }) {
            let destination = Destination(message.notification)
            var state = destinations[destination] ?? DestinationState()
            let pending = DestinationState.Pending(message)
            state.pending = pending
            state.recordUnanswered(pending)
            destinations[destination] = state
            nextID = max(nextID, message.id &+ 1)
        }
        tree = RouteTree(options.route, previous: nil, groups: Set(destinations.keys.map(\.groupID)))
        var decisions = rebuild(
            labels: saved.logEntries.reduce(into: [:]) { $0[$1.destination] = Labels($1.groupLabels) }, old: [:],
            escalations: saved.escalations, now: now)
        decisions.removedAlerts += left
        // The uncertainty must outlive the message, which may be withdrawn.
        for message in saved.outbox {
            let destination = Destination(message.notification)
            if let state = destinations[destination], state.hasLogEntry {
                store(state, destination, message.notification.groupLabels, &decisions)
            }
        }
        recheckPending(now, &decisions)
        endIdleSilences(now, &decisions)
        let kept = Set(destinations.values.compactMap { $0.pending?.message.id })
        decisions.withdrawn += saved.outbox.map(\.id).filter { !kept.contains($0) && !decisions.withdrawn.contains($0) }
        updateRecords(now, &decisions)
        return decisions
    }

    /// Takes in the alerts of a journal, our own first: they determine which of the others have ended.
    mutating func take(_ saved: [Alert], _ now: Moment) {
        for var alert in saved.filter({ !$0.isExternal }) + saved.filter(\.isExternal) {
            if alerts[alert.id] != nil { continue }
            if !alert.isExternal { _ = shorten(&alert) }
            // An alert that had ended when it was last updated has ended, even where the clock has stepped back since.
            let isEnded = alert.status(at: max(now.wall, alert.updatedAt)) == .resolved && !isHeldByOwn(alert)
            insert(Entry(alert: alert, isEnded: isEnded))
            updateIndexes(alert, isEnded: isEnded)
            holdTwin(of: alert, now)
        }
    }

    /// Restores the incidents of a journal; alerts that already belong to one remain in it.
    mutating func restoreIncidents(_ saved: Saved) {
        for incident in saved.incidents.sorted(by: { $0.id < $1.id }) {
            // An external alert is in an incident only if it was acknowledged.
            incidents.restore(incident) { id in
                alerts[id].map { !$0.alert.isExternal || incident.acknowledgement != nil } ?? false
            }
        }
    }

    /// Restores the records of a journal; incidents whose alerts no longer fire were resolved meanwhile.
    mutating func restoreRecords(_ saved: Saved, _ now: Moment) {
        book.restore(saved.records, now: now.wall) { id in alerts[id].map { !$0.isEnded } ?? false }
    }

    /// Starts without what the journal has kept, since it can't be read now. Message ids start beyond any in it, so
    /// that no new message replaces one that stays there until the next start.
    package mutating func beginWithoutPast(now: Moment) {
        endsWithoutPast = [:]
        book.beginWithoutPast()
        incidents.continueIDs(from: UInt64(max(now.wall.milliseconds, 1)) << 10)
        nextID = max(nextID, UInt64(max(now.wall.milliseconds, 1)) << 10)
    }

    /// Everything that a journal must hold for this dispatcher to be restored, for a journal that was started anew.
    package var saved: Saved {
        Saved(
            alerts: alerts.values.map(\.alert), silences: Array(silences.all.values),
            logEntries: destinations.compactMap { destination, state in
                guard state.hasLogEntry else { return nil }
                return logEntry(state, destination, groups[destination.groupID]?.labels ?? .empty)
            }, outbox: pending, escalations: groups.values.compactMap { escalationRecord($0) },
            incidents: Array(incidents.all.values), records: incidentRecords,
            drills: allDrills)
    }

    /// The messages that are not yet accepted, oldest first.
    package var pending: [Outgoing] { destinations.values.compactMap { $0.pending?.message }.sorted { $0.id < $1.id } }

    /// Takes a new configuration. Alerts that receivers were notified of under the old one are resolved under the new
    /// one.
    package mutating func reload(_ new: DispatchOptions, now: Moment) -> Decisions {
        var decisions = Decisions()
        moveDestinations(to: new.receivers, &decisions)
        let old = groups
        let oldFlushes = flushes
        options = new
        tree = RouteTree(new.route, previous: tree, groups: Set(destinations.keys.map(\.groupID)))
        receivers = Dictionary(new.receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let escalations = old.values.compactMap { escalationRecord($0) }
        silences.change(limit: new.silenceLimit, retention: new.retention)
        inhibitor = Inhibitor(new.inhibitRules)
        for entry in alerts.values { inhibitor.update(entry.alert, firing: !entry.isEnded) }
        removeAllGroups()
        flushes.removeAll()
        deadlines.removeAll()
        for fingerprint in Array(alerts.keys) { alerts[fingerprint]?.groups = [] }
        let labels = destinations.keys.reduce(into: [:]) { $0[$1] = old[$1.groupID]?.labels }
        let previous = old.mapValues { (group: $0, due: oldFlushes.due($0.id)) }
        return rebuild(decisions, labels: labels, old: previous, escalations: escalations, now: now)
    }

    /// The log entry of an address moves with it to its new position among the receiver's integrations. The entry of an
    /// address that is gone is removed; otherwise another address at its position would count as notified.
    private mutating func moveDestinations(to new: [DispatchOptions.Receiver], _ decisions: inout Decisions) {
        var newIDs: [String: [IntegrationID: IntegrationID]] = [:]
        for receiver in new {
            guard let before = receivers[receiver.name]?.integrations else { continue }
            newIDs[receiver.name] = Dispatcher.newIDs(of: before, among: receiver.integrations)
        }
        var moved: [(Destination, DestinationState)] = []
        for (destination, state) in destinations where new.contains(where: { $0.name == destination.receiver }) {
            let id = newIDs[destination.receiver]?[destination.integration]
            if id == destination.integration { continue }
            destinations[destination] = nil
            if let pending = state.pending { decisions.withdrawn.append(pending.message.id) }
            removeLogEntry(destination, &decisions)
            guard let id else { continue }
            var rest = state
            rest.pending = nil
            rest.needsDecision = false
            moved.append(
                (Destination(receiver: destination.receiver, integration: id, groupKey: destination.groupKey), rest))
        }
        for (destination, state) in moved where !state.isEmpty {
            destinations[destination] = state
            let labels = groups[destination.groupID]?.labels ?? .empty
            if state.hasLogEntry { store(state, destination, labels, &decisions) }
        }
    }

    /// Where each address of a receiver's integrations is after a reload: preferably at its old position.
    private static func newIDs(
        of before: [DispatchOptions.Integration], among after: [DispatchOptions.Integration]
    ) -> [IntegrationID: IntegrationID] {
        var ids: [IntegrationID: IntegrationID] = [:]
        var free = after
        var left: [DispatchOptions.Integration] = []
        for integration in before {
            if let index = free.firstIndex(where: { $0.id == integration.id && $0.target == integration.target }) {
                ids[integration.id] = free.remove(at: index).id
            } else {
                left.append(integration)
            }
        }
        for integration in left {
            guard integration.target != nil, let index = free.firstIndex(where: { $0.target == integration.target })
            else { continue }
            ids[integration.id] = free.remove(at: index).id
        }
        return ids
    }

    /// Forms the groups from the alerts, and reattaches the destinations to them.
    /// - Parameter old: the groups before a reload, and when each was to be flushed.
    mutating func rebuild(
        _ before: Decisions = Decisions(), labels: [Destination: Labels],
        old: [GroupID: (group: Group, due: Instant?)], escalations: [EscalationRecord], now: Moment
    ) -> Decisions {
        var decisions = before
        for (fingerprint, entry) in alerts.sorted(by: { $0.key < $1.key }) {
            route(fingerprint, entry.alert, now: now, restoring: true)
        }
        restoreEscalations(escalations, now, &decisions)
        for (destination, state) in destinations.sorted(by: { $0.key.storageKey < $1.key.storageKey }) {
            let labels = labels[destination] ?? state.pending?.message.notification.groupLabels ?? .empty
            reattach(destination, state, labels, now, &decisions)
        }
        for (id, before) in old {
            guard groups[id]?.route != nil else {
                groups[id]?.formerInterval = before.group.groupInterval
                continue
            }
            groups[id]?.flushed = before.group.flushed
            guard let due = before.due else { continue }
            let latest = now.monotonic + (groups[id]?.groupInterval ?? .zero)
            flushes.schedule(id, at: before.group.flushed ? min(due, latest) : due)
        }
        for id in Array(groups.keys) {
            if groups[id]?.flushed == true { removeEnded(id, now, &decisions) }
            updateDeadline(id, now)
        }
        return decisions
    }

    /// Finds the destination's group, or creates one for the resolved notifications that are due; a destination without
    /// its integration is dropped.
    private mutating func reattach(
        _ destination: Destination, _ state: DestinationState, _ labels: Labels, _ now: Moment,
        _ decisions: inout Decisions
    ) {
        guard integration(destination) != nil else {
            if let pending = state.pending { decisions.withdrawn.append(pending.message.id) }
            removeLogEntry(destination, &decisions)
            destinations[destination] = nil
            return
        }
        let id = destination.groupID
        if groups[id] == nil {
            insertGroup(Group(id: id, labels: labels, route: nil))
            // A fallback's group has the same key as its receiver's.
            groups[id]?.formerInterval = tree.nodes.first { id.key.hasPrefix($0.key + ":{") }?.groupInterval
            flushes.schedule(id, at: now.monotonic)
        }
        // An alert that is gone can't be resolved.
        let named = state.notified.union(state.possiblyNotified).union(state.pending?.firing ?? [])
        var kept = state
        var isChanged = false
        for fingerprint in named {
            guard alerts[fingerprint] != nil else {
                if kept.remove(fingerprint) { isChanged = true }
                continue
            }
            // A message about it was decided, in this run or an earlier one.
            alerts[fingerprint]?.isProcessed = true
            if groups[id]?.alerts.contains(fingerprint) == false {
                groups[id]?.orphaned.insert(fingerprint)
                alerts[fingerprint]?.groups.insert(id)
            }
        }
        destinations[destination] = kept.isEmpty ? nil : kept
        if isChanged { store(kept, destination, labels, &decisions) }
        guard !state.notified.isEmpty, let group = groups[id], group.route != nil else { return }
        // A group that has sent a message keeps its rhythm over a restart.
        groups[id]?.flushed = true
        let next = max(state.notifiedAt + group.groupInterval, now.monotonic)
        flushes.schedule(id, at: min(next, now.monotonic + group.groupInterval))
    }
}

package import Alerts
package import Platform
import Samples
import Text

/// Alertmanager's dispatcher as a value: alerts and times come in, decisions go out, and the caller carries them out.
///
/// Invariants:
/// - The end of every alert that a destination was notified of, or may have been notified of, is sent to it; no
///   silence, inhibition, mute time or reload prevents that.
/// - No resolve is sent for an alert whose start was certainly not received.
/// - A destination has at most one message that is not accepted yet; a newer one replaces it unless it is in flight.
/// - A message whose alerts have all ended before it was accepted is withdrawn.
///
/// Source of the semantics: alertmanager, dispatch/, notify/, inhibit/, silence/, timeinterval/.
package struct Dispatcher: Sendable {
    struct Entry: Sendable {
        var alert: Alert
        /// Latched: a clock that steps back does not bring an ended alert back.
        var isEnded: Bool
        var groups: Set<GroupID> = []
        /// Whether any of its groups has been flushed since it came.
        var isProcessed = false
        var silencedBy: [String] = []
        /// The epoch of the silences for which `silencedBy` is valid.
        var epoch: UInt64 = 0
    }

    /// The routing configuration in use.
    package internal(set) var options: DispatchOptions
    /// Its routing tree.
    package internal(set) var tree: RouteTree
    var receivers: [String: DispatchOptions.Receiver]
    /// By `Alert.id`, which this module calls the fingerprint.
    var alerts: [UInt64: Entry] = [:]
    /// How many of them came through the API.
    var external = ExternalAlerts()
    /// The bytes of our own alerts.
    var ownBytes = 0
    var groups: [GroupID: Group] = [:]
    var externalGroups = 0
    var destinations: [Destination: DestinationState] = [:]
    var silences: Silences
    /// The drills under way, by cluster.
    var drills: [String: Drill] = [:]
    var inhibitor: Inhibitor
    var incidents = Incidents()
    /// Every incident under its number.
    var book = IncidentBook()
    /// Alerts that began, changed or ended since the records were last brought up to date, by id.
    var touched: [UInt64: Touched] = [:]
    /// When each group is flushed next.
    var flushes = TimerQueue<GroupID, Instant>()
    /// When something is due for a group before its next flush: an escalation, or a resend.
    var deadlines = TimerQueue<GroupID, Instant>()
    /// The ends of alerts that fire now and whose end lies ahead, by fingerprint.
    var ends = TimerQueue<UInt64, Timestamp>()
    var nextID: UInt64 = 1
    /// Set in a run that began without the journal's past, until that is merged: the alerts whose end each destination
    /// has accepted. They cancel what the last run notified it of.
    var endsWithoutPast: [Destination: Set<UInt64>]?
    /// Alerts whose rows the journal keeps until the merge.
    var removedWithoutPast: Set<UInt64> = []
    /// The epoch of the silences that pending messages were checked against.
    var checkedEpoch: UInt64 = 0
    /// Ended alerts that `untilResolved` silences may have been waiting for.
    var endedSilenced: [Alert] = []

    /// A dispatcher without alerts.
    package init(_ options: DispatchOptions) {
        self.options = options
        tree = RouteTree(options.route)
        receivers = Dictionary(options.receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        silences = Silences(limit: options.silenceLimit, retention: options.retention)
        inhibitor = Inhibitor(options.inhibitRules)
    }

    /// When `advance` next has something to do; nil while there is no group.
    package var nextDeadline: Instant? { [flushes.firstDue, deadlines.firstDue].compactMap { $0 }.min() }

    /// The result of received alerts.
    package struct Receipt: Sendable, Hashable {
        /// As they are now stored, with ends that follow from the resolve timeout filled in.
        package var accepted: [Alert] = []
        /// Number of alerts refused, by reason.
        package var refused: [AlertRefusal: Int] = [:]
        /// Number of alerts taken without their annotations, since those would exceed the limit.
        package var shortened = 0
    }

    /// Takes alerts that began, changed or ended.
    /// - Parameter external: they come through the API: one without an end ends by the resolve timeout, and an end may
    ///   lie in the future. Alerts of our own rules fire until the rules end them.
    package mutating func receive(_ new: [Alert], external isExternal: Bool = false, now: Moment) -> Receipt {
        var receipt = Receipt()
        for var alert in new {
            alert.isExternal = isExternal
            alert = marked(alert)
            if isExternal {
                switch admit(&alert, now: now.wall) {
                case .accepted: break
                case .ignored: continue
                case .refused(let reason):
                    receipt.refused[reason, default: 0] += 1
                    continue
                }
            } else {
                if alerts[alert.id]?.alert.isExternal == true { evict(alert.id) }
                if shorten(&alert) { receipt.shortened += 1 }
            }
            let id = alert.id
            let isEnded = hasEnded(alert, at: now.wall)
            if let known = alerts[id] {
                update(alert, isEnded: isEnded)
                // An ended alert is kept for destinations whose resolve is due; its other groups have dropped it.
                if known.isEnded, !isEnded {
                    correlate(alert, now)
                    route(id, alert, now: now, restoring: false)
                    endAcknowledgement(ofReturned: id, now)
                    withdrawResolves(of: id, now)
                }
                if known.isEnded != isEnded { decideForResendsSoon(id, now) }
            } else {
                // No receiver was notified of its start.
                if isEnded { continue }
                guard isExternal || ownCount < options.alertLimit else {
                    receipt.refused[.limit, default: 0] += 1
                    continue
                }
                insert(Entry(alert: alert, isEnded: false))
                correlate(alert, now)
                route(id, alert, now: now, restoring: false)
            }
            updateIndexes(alert, isEnded: isEnded)
            holdTwin(of: alert, now)
            receipt.accepted.append(alert)
        }
        return receipt
    }

    /// Flushes every group that is due, and decides what is due between flushes.
    package mutating func advance(_ now: Moment) -> Decisions {
        var decisions = Decisions()
        recheckPending(now, &decisions)
        var isBusy = true
        while isBusy {
            isBusy = false
            while let next = flushes.popFirst(dueBy: now.monotonic) { flush(next.key, due: next.due, now, &decisions) }
            // An escalation may form groups that are due at once. A chain of fallbacks has no cycle, so this
            // terminates.
            while let next = deadlines.popFirst(dueBy: now.monotonic) {
                handleDeadline(next.key, now, &decisions)
                isBusy = true
            }
        }
        updateRecords(now, &decisions)
        return decisions
    }

    /// Applies what depends on the clock alone: silences, and ends of alerts that were known in advance.
    mutating func refresh(_ now: Moment, _ decisions: inout Decisions) {
        decisions.removedSilences += silences.refresh(now.wall)
        endOldAcknowledgements(now, &decisions)
        endOldDrills(now, &decisions)
        while let (fingerprint, _) = ends.popFirst(dueBy: now.wall) {
            guard let entry = alerts[fingerprint], !entry.isEnded, !isHeldByOwn(entry.alert) else { continue }
            alerts[fingerprint]?.isEnded = true
            updateIndexes(entry.alert, isEnded: true)
            decideForResendsSoon(fingerprint, now)
        }
        let ended = endedSilenced
        endedSilenced = []
        endIdleSilences(now, &decisions) { silence in ended.contains { silence.matches($0.labels) } }
    }

    mutating func updateIndexes(_ alert: Alert, isEnded: Bool) {
        inhibitor.update(alert, firing: !isEnded)
        incidents.update(alert, firing: !isEnded)
        touched[alert.id] = Touched(alert: alert, isEnded: isEnded)
        if isEnded, silences.inForce.contains(where: { $0.untilResolved && $0.matches(alert.labels) }) {
            endedSilenced.append(alert)
        }
        if !isEnded, let endsAt = alert.endsAt, !isHeldByOwn(alert) {
            ends.schedule(alert.id, at: endsAt)
        } else {
            ends.cancel(alert.id)
        }
    }

    /// Puts an alert into the groups of its routes.
    mutating func route(_ fingerprint: UInt64, _ alert: Alert, now: Moment, restoring: Bool) {
        var joined: [GroupID] = []
        for labels in routings(of: alert) {
            let before = joined
            for node in tree.matching(labels) {
                joined.append(
                    join(fingerprint, alert, node, labels, raisedFrom: before, now: now, restoring: restoring))
            }
        }
        decideForResendsSoon(fingerprint, now)
    }

    /// Puts an alert into its group of one route.
    /// - Parameters:
    ///   - routing: the labels that it is routed by.
    ///   - raisedFrom: the groups that it is in for a lower severity of its incident.
    private mutating func join(
        _ fingerprint: UInt64, _ alert: Alert, _ node: RouteTree.Node, _ routing: Labels, raisedFrom: [GroupID],
        now: Moment, restoring: Bool
    ) -> GroupID {
        var labels = node.groupLabels(of: routing)
        var id = GroupID(key: Dispatcher.key(node, labels, external: alert.isExternal), receiver: node.receiver)
        if groups[id] == nil, isFull(external: alert.isExternal) {
            labels = .empty
            id.key = Dispatcher.key(node, labels, external: alert.isExternal)
        }
        // After a restart the group wait counts from the alert's start; otherwise from the group's first alert.
        let age = now.wall - alert.startsAt
        let isOverdue = age > node.groupWait
        let wait =
            isOverdue ? .zero : restoring ? min(max(node.groupWait - age, .zero), node.groupWait) : node.groupWait
        let unheld = now.monotonic + wait
        let due = restoring ? unheld : now.monotonic + max(wait, waitsForSuspects(alert) ? options.suspectWait : .zero)
        if groups[id] == nil {
            var group = Group(id: id, labels: labels, route: node)
            if due > unheld { group.dueWithoutSuspects = unheld }
            group.raisedFrom = raisedFrom.filter { $0 != id }
            insertGroup(group)
            flushes.schedule(id, at: due)
        } else if groups[id]?.flushed == false, due < flushes.due(id) ?? due, isOverdue || restoring {
            flushes.schedule(id, at: due)
        }
        if !restoring, groups[id]?.suspectsUntil == nil, getsResends(id), waitsForSuspects(alert) {
            groups[id]?.suspectsUntil = now.monotonic + options.suspectWait
        }
        groups[id]?.alerts.insert(fingerprint)
        groups[id]?.orphaned.remove(fingerprint)
        if raisedFrom.isEmpty { groups[id]?.raisedFrom = [] }
        alerts[fingerprint]?.groups.insert(id)
        return id
    }

    /// The integrations that a group's messages go to.
    func integrations(of id: GroupID) -> [DispatchOptions.Integration] { receivers[id.receiver]?.integrations ?? [] }

    /// Whether one of them expects unchanged alerts to be re-sent.
    func getsResends(_ id: GroupID) -> Bool { integrations(of: id).contains { $0.resend != nil } }

    func integration(_ destination: Destination) -> DispatchOptions.Integration? {
        integrations(of: destination.groupID).first { $0.id == destination.integration }
    }

    /// As Alertmanager prints it: the route's key, a colon, the group labels. External alerts have groups of their own
    /// with distinct keys: a receiver that keeps one incident per key could not tell ours from theirs.
    static func key(_ node: RouteTree.Node, _ labels: Labels, external isExternal: Bool = false) -> String {
        node.key + ":{" + labels.pairs.map { "\($0.name)=\($0.value.quotedAsInGo)" }.joined(separator: ", ") + "}"
            + (isExternal ? externalSuffix : "")
    }
}

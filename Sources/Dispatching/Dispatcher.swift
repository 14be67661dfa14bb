import Alerts
import Platform
import Samples
import Text

/// Decides who hears what, when. A value: time comes in, decisions go out, and the caller does them.
///
/// Invariants:
/// - the end of every alert that a destination was told of, or may have heard of, is told to it: no silence,
///   inhibition, mute time or reload stops that;
/// - no end is told without its beginning;
/// - at most one message a destination is on its way; a newer one replaces it unless it is in flight;
/// - a message whose alerts are all over before it was accepted is withdrawn.
///
/// Source of the semantics: Alertmanager, dispatch/, notify/, inhibit/, silence/, timeinterval/.
package struct Dispatcher: Sendable {
    struct Entry: Sendable {
        var alert: Alert
        /// Latched: a clock that steps back does not bring an ended alert back.
        var isEnded: Bool
        var groups: Set<GroupID> = []
        /// Whether any of its groups has been looked at since it came.
        var isProcessed = false
        var silencedBy: [String] = []
        /// The epoch of the silences for which `silencedBy` holds.
        var epoch: UInt64 = 0
    }

    package internal(set) var options: DispatchOptions
    package internal(set) var tree: RouteTree
    var receivers: [String: DispatchOptions.Receiver]
    var alerts: [UInt64: Entry] = [:]
    var groups: [GroupID: Group] = [:]
    var channels: [Destination: Channel] = [:]
    var destinations: [UInt64: Destination] = [:]
    var silences: Silences
    var inhibitor: Inhibitor
    var timers = Timers()
    /// What is due between the turns of groups.
    var deadlines = Timers()
    /// Alerts that fire now and whose end lies ahead.
    var ending: Set<UInt64> = []
    /// No end of those lies before this.
    var earliestEnd = Timestamp(milliseconds: .max)
    var nextID: UInt64 = 1
    /// The epoch of the silences that waiting messages have been held against.
    var reconsideredEpoch: UInt64 = 0

    package init(_ options: DispatchOptions) {
        self.options = options
        tree = RouteTree(options.route)
        receivers = Dictionary(options.receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        silences = Silences(limit: options.silenceLimit, retention: options.retention)
        inhibitor = Inhibitor(options.inhibitRules)
    }

    /// When `advance` has something to do next; nil while there is no group.
    package var nextWake: Instant? { [timers.first?.at, deadlines.first?.at].compactMap { $0 }.min() }

    /// What came of received alerts.
    package struct Receipt: Sendable, Hashable {
        /// As they are now held; an end that follows from the resolve timeout is filled in.
        package var accepted: [Alert] = []
        /// New alerts refused because as many as may be are held.
        package var refused = 0
    }

    /// Takes alerts that began, changed or ended.
    /// - Parameter external: they come through the API: without an end they end by the resolve timeout, and an end may
    ///   lie ahead. Alerts of our own rules stay until the rules end them.
    package mutating func receive(_ new: [Alert], external: Bool = false, now: Moment) -> Receipt {
        var receipt = Receipt()
        for var alert in new {
            let fingerprint = alert.fingerprint
            if external {
                if alert.endsAt == nil { alert.endsAt = now.wall + options.resolveTimeout }
                if let known = alerts[fingerprint], !known.isEnded {
                    alert.startsAt = min(alert.startsAt, known.alert.startsAt)
                }
            }
            let isEnded = external ? alert.status(at: now.wall) == .resolved : alert.endsAt != nil
            if let known = alerts[fingerprint] {
                alerts[fingerprint]?.alert = alert
                alerts[fingerprint]?.isEnded = isEnded
                // It is held for a destination that has not heard its end; its other groups have let go of it.
                if known.isEnded, !isEnded {
                    route(fingerprint, alert, now: now, restoring: false)
                    takeBackEnds(fingerprint, now)
                }
                if known.isEnded != isEnded { tellAtOnce(fingerprint, now) }
            } else {
                // An end of something never heard of: nobody waits for it.
                if isEnded { continue }
                guard alerts.count < options.alertLimit else {
                    receipt.refused += 1
                    continue
                }
                alerts[fingerprint] = Entry(alert: alert, isEnded: false)
                route(fingerprint, alert, now: now, restoring: false)
            }
            note(alert, isEnded: isEnded)
            receipt.accepted.append(alert)
        }
        return receipt
    }

    /// Looks at every group that is due.
    package mutating func advance(_ now: Moment) -> Decisions {
        var decisions = reconsiderPending(now)
        var isBusy = true
        while isBusy {
            isBusy = false
            while let next = timers.first, next.at <= now.monotonic || groups[next.group]?.dueAt != next.at {
                timers.removeFirst()
                guard groups[next.group]?.dueAt == next.at else { continue }
                flush(next.group, now, &decisions)
            }
            // May make groups of fallbacks that are due at once. A chain of fallbacks has no circle: this ends.
            while let next = deadlines.first, next.at <= now.monotonic || groups[next.group]?.deadline != next.at {
                deadlines.removeFirst()
                guard groups[next.group]?.deadline == next.at else { continue }
                attend(next.group, now, &decisions)
                isBusy = true
            }
        }
        return decisions
    }

    /// Clock-driven changes that are no group's own.
    mutating func refresh(_ now: Moment, _ decisions: inout Decisions) {
        decisions.forgottenSilences += silences.refresh(now.wall)
        guard earliestEnd <= now.wall else { return }
        earliestEnd = Timestamp(milliseconds: .max)
        for fingerprint in ending {
            guard let entry = alerts[fingerprint], let endsAt = entry.alert.endsAt else { continue }
            guard endsAt <= now.wall else {
                earliestEnd = min(earliestEnd, endsAt)
                continue
            }
            alerts[fingerprint]?.isEnded = true
            note(entry.alert, isEnded: true)
            tellAtOnce(fingerprint, now)
        }
    }

    mutating func note(_ alert: Alert, isEnded: Bool) {
        inhibitor.update(alert.labels, firing: !isEnded)
        if !isEnded, let endsAt = alert.endsAt {
            ending.insert(alert.fingerprint)
            earliestEnd = min(earliestEnd, endsAt)
        } else {
            ending.remove(alert.fingerprint)
        }
    }

    /// Puts an alert into the groups of its routes.
    mutating func route(_ fingerprint: UInt64, _ alert: Alert, now: Moment, restoring: Bool) {
        for node in tree.matching(alert.labels) {
            var labels = node.groupLabels(of: alert.labels)
            var id = GroupID(key: Dispatcher.key(node, labels), receiver: node.receiver)
            if groups[id] == nil, groups.count >= options.groupLimit {
                labels = .empty
                id.key = Dispatcher.key(node, labels)
            }
            // How long the alert itself has waited counts after a restart; else a group waits from its first alert on.
            let waited = now.wall - alert.startsAt
            let isLate = waited > node.groupWait
            let rest =
                isLate ? .zero : restoring ? min(max(node.groupWait - waited, .zero), node.groupWait) : node.groupWait
            let dueAt = now.monotonic + rest
            if groups[id] == nil {
                groups[id] = Group(
                    id: id, labels: labels, route: node, integrations: receivers[node.receiver]?.integrations ?? [],
                    dueAt: dueAt)
                timers.add(.init(at: dueAt, group: id))
            } else if let group = groups[id], !group.flushed, dueAt < group.dueAt, isLate || restoring {
                groups[id]?.dueAt = dueAt
                timers.add(.init(at: dueAt, group: id))
            }
            groups[id]?.alerts.insert(fingerprint)
            groups[id]?.strays.remove(fingerprint)
            alerts[fingerprint]?.groups.insert(id)
        }
        tellAtOnce(fingerprint, now)
    }

    /// As Alertmanager prints it: the route's key, a colon, the group labels.
    static func key(_ node: RouteTree.Node, _ labels: Labels) -> String {
        node.key + ":{" + labels.pairs.map { "\($0.name)=\($0.value.quotedAsInGo)" }.joined(separator: ", ") + "}"
    }
}

import Alerts
import Platform
import Samples

extension Dispatcher {
    /// What the journal has kept.
    package struct Saved: Sendable {
        package var alerts: [Alert]
        package var silences: [Silence]
        package var records: [NotificationRecord]
        package var outgoing: [Outgoing]
        package var escalations: [EscalationRecord]

        package init(
            alerts: [Alert] = [], silences: [Silence] = [], records: [NotificationRecord] = [],
            outgoing: [Outgoing] = [],
            escalations: [EscalationRecord] = []
        ) {
            self.alerts = alerts
            self.silences = silences
            self.records = records
            self.outgoing = outgoing
            self.escalations = escalations
        }
    }

    /// Takes up where the last run ended. Call it once, before anything else.
    ///
    /// The messages of the outbox that `pending` then lists are to be sent; the decisions say which are pointless by
    /// now.
    package mutating func restore(_ saved: Saved, now: Moment) -> Decisions {
        for silence in saved.silences { silences.restore(silence) }
        for alert in saved.alerts {
            // More than the limit can only come from a larger limit before; firing ones are never dropped for it.
            // One that had ended when it was last heard of has ended, even where the clock has stepped back since.
            let isEnded = alert.status(at: max(now.wall, alert.updatedAt)) == .resolved
            alerts[alert.fingerprint] = Entry(alert: alert, isEnded: isEnded)
            note(alert, isEnded: isEnded)
        }
        for record in saved.records {
            var channel = Channel()
            channel.told = record.told
            channel.firing = record.firing
            channel.maybeFiring = record.maybeFiring
            channel.maybeResolved = record.maybeResolved
            channel.sinceWall = record.since
            // A clock that stepped back while we were away must not make the repeat wait longer than its interval.
            let age = max(now.wall - record.since, .zero)
            channel.since = now.monotonic - age
            channels[record.destination] = channel
        }
        for outgoing in saved.outgoing.sorted(by: { $0.id < $1.id }) {
            let destination = Destination(outgoing.notification)
            if let older = channels[destination]?.pending { destinations[older.id] = nil }
            var channel = channels[destination] ?? Channel()
            channel.pending = Channel.Pending(outgoing)
            if outgoing.attempted, let pending = channel.pending { channel.noteAttemptUnanswered(pending) }
            channels[destination] = channel
            destinations[outgoing.id] = destination
            nextID = max(nextID, outgoing.id &+ 1)
        }
        var decisions = rebuild(
            labels: saved.records.reduce(into: [:]) { $0[$1.destination] = Labels($1.groupLabels) }, old: [:],
            escalations: saved.escalations, now: now)
        // The mark in the outbox goes with its message; the doubt must outlive both.
        for outgoing in saved.outgoing where outgoing.attempted {
            let destination = Destination(outgoing.notification)
            if let channel = channels[destination], channel.hasRecord {
                store(channel, destination, outgoing.notification.groupLabels, &decisions)
            }
        }
        decisions.withdrawn += saved.outgoing.map(\.id).filter {
            destinations[$0] == nil && !decisions.withdrawn.contains($0)
        }
        return decisions
    }

    /// Starts without what the journal has kept, since it can't be read now. Messages get numbers beyond any in it, so
    /// that none of them takes the place of one that lies there until the next start.
    package mutating func beginWithoutPast(now: Moment) {
        nextID = max(nextID, UInt64(max(now.wall.milliseconds, 1)) << 10)
    }

    /// All that a journal must hold for this dispatcher to be restored: for a journal that was begun anew.
    package var saved: Saved {
        Saved(
            alerts: alerts.values.map(\.alert), silences: Array(silences.all.values),
            records: channels.compactMap { destination, channel in
                guard channel.hasRecord else { return nil }
                let labels =
                    groups[GroupID(key: destination.groupKey, receiver: destination.receiver)]?.labels ?? .empty
                return record(channel, destination, labels)
            }, outgoing: pending, escalations: groups.values.compactMap { escalationRecord($0) })
    }

    /// The messages on their way, oldest first.
    package var pending: [Outgoing] {
        channels.values.compactMap(\.pending).map {
            Outgoing(id: $0.id, notification: $0.notification, attempted: $0.inFlight || $0.attempted)
        }.sorted { $0.id < $1.id }
    }

    /// Takes a new configuration. What was told under the old one is still ended under it.
    package mutating func reload(_ new: DispatchOptions, now: Moment) -> Decisions {
        var moves = Decisions()
        follow(new.receivers, &moves)
        options = new
        tree = RouteTree(new.route)
        receivers = Dictionary(new.receivers.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        silences.change(limit: new.silenceLimit, retention: new.retention)
        inhibitor = Inhibitor(new.inhibitRules)
        for entry in alerts.values { inhibitor.update(entry.alert.labels, firing: !entry.isEnded) }
        let old = groups
        let escalations = old.values.compactMap { escalationRecord($0) }
        groups = [:]
        timers = Timers()
        deadlines = Timers()
        for fingerprint in Array(alerts.keys) { alerts[fingerprint]?.groups = [] }
        var labels: [Destination: Labels] = [:]
        for destination in channels.keys {
            labels[destination] = old[GroupID(key: destination.groupKey, receiver: destination.receiver)]?.labels
        }
        return rebuild(moves, labels: labels, old: old, escalations: escalations, now: now)
    }

    /// What an address was told goes with it to its new place among the receiver's integrations; of an address that is
    /// gone nothing remains, or another that takes its place would count as told.
    private mutating func follow(_ new: [DispatchOptions.Receiver], _ decisions: inout Decisions) {
        var names: [String: [String: String]] = [:]
        for receiver in new {
            guard let before = receivers[receiver.name]?.integrations else { continue }
            var free = receiver.integrations
            var left: [DispatchOptions.Integration] = []
            for integration in before {
                if let index = free.firstIndex(where: { $0.name == integration.name && $0.target == integration.target }
                ) {
                    names[receiver.name, default: [:]][integration.name] = free.remove(at: index).name
                } else {
                    left.append(integration)
                }
            }
            for integration in left {
                guard integration.target != nil, let index = free.firstIndex(where: { $0.target == integration.target })
                else { continue }
                names[receiver.name, default: [:]][integration.name] = free.remove(at: index).name
            }
        }
        var moved: [(Destination, Channel)] = []
        for (destination, channel) in channels where new.contains(where: { $0.name == destination.receiver }) {
            let name = names[destination.receiver]?[destination.integration]
            if name == destination.integration { continue }
            channels[destination] = nil
            if let pending = channel.pending {
                destinations[pending.id] = nil
                decisions.withdrawn.append(pending.id)
            }
            forgetRecord(destination, &decisions)
            guard let name else { continue }
            var rest = channel
            rest.pending = nil
            rest.isDue = false
            moved.append(
                (Destination(receiver: destination.receiver, integration: name, groupKey: destination.groupKey), rest))
        }
        for (destination, channel) in moved where !channel.isEmpty {
            channels[destination] = channel
            let labels = groups[GroupID(key: destination.groupKey, receiver: destination.receiver)]?.labels ?? .empty
            if channel.hasRecord { store(channel, destination, labels, &decisions) }
        }
    }

    /// Forms the groups from the alerts and fits the channels to them.
    mutating func rebuild(
        _ before: Decisions = Decisions(), labels: [Destination: Labels], old: [GroupID: Group],
        escalations: [EscalationRecord], now: Moment
    ) -> Decisions {
        var decisions = before
        for (fingerprint, entry) in alerts.sorted(by: { $0.key < $1.key }) {
            route(fingerprint, entry.alert, now: now, restoring: true)
        }
        reinstate(escalations, now, &decisions)
        for (destination, channel) in channels.sorted(by: {
            ($0.key.groupKey, $0.key.receiver) < ($1.key.groupKey, $1.key.receiver)
        }) {
            keep(
                destination, channel, labels[destination] ?? channel.pending?.notification.groupLabels ?? .empty, now,
                &decisions)
        }
        for (id, before) in old {
            guard groups[id]?.route != nil else {
                groups[id]?.formerInterval = before.groupInterval
                continue
            }
            groups[id]?.flushed = before.flushed
            schedule(
                id,
                at: before.flushed
                    ? min(before.dueAt, now.monotonic + (groups[id]?.groupInterval ?? .zero)) : before.dueAt)
        }
        // Alerts with no group left (an ended one that nobody waits for) need not be known.
        for id in Array(groups.keys) {
            if groups[id]?.flushed == true { prune(id, now, &decisions) }
            setDeadline(id, now)
        }
        return decisions
    }

    /// Finds the channel's group, or makes one for what it was told; without its integration there is nobody to tell.
    private mutating func keep(
        _ destination: Destination, _ channel: Channel, _ labels: Labels, _ now: Moment, _ decisions: inout Decisions
    ) {
        guard let all = receivers[destination.receiver]?.integrations,
            all.contains(where: { $0.name == destination.integration })
        else {
            if let pending = channel.pending {
                destinations[pending.id] = nil
                decisions.withdrawn.append(pending.id)
            }
            forgetRecord(destination, &decisions)
            channels[destination] = nil
            return
        }
        let id = GroupID(key: destination.groupKey, receiver: destination.receiver)
        if groups[id] == nil {
            groups[id] = Group(id: id, labels: labels, route: nil, integrations: all, dueAt: now.monotonic)
            timers.add(.init(at: now.monotonic, group: id))
        }
        // What nobody knows any more can't be told as ended.
        let heard = channel.told.union(channel.maybeFiring).union(channel.pending?.firing ?? [])
        var kept = channel
        var changed = false
        for fingerprint in heard {
            guard alerts[fingerprint] != nil else {
                if kept.forget(fingerprint) { changed = true }
                continue
            }
            if groups[id]?.alerts.contains(fingerprint) == false {
                groups[id]?.strays.insert(fingerprint)
                alerts[fingerprint]?.groups.insert(id)
            }
        }
        channels[destination] = kept.isEmpty ? nil : kept
        if changed { store(kept, destination, labels, &decisions) }
        guard !channel.told.isEmpty, let group = groups[id], group.route != nil else { return }
        // A group that has spoken keeps its rhythm over a restart.
        groups[id]?.flushed = true
        let next = max(Instant(nanoseconds: channel.since.nanoseconds) + group.groupInterval, now.monotonic)
        schedule(id, at: min(next, now.monotonic + group.groupInterval))
    }

    mutating func schedule(_ id: GroupID, at time: Instant) {
        guard groups[id]?.dueAt != time else { return }
        groups[id]?.dueAt = time
        timers.add(.init(at: time, group: id))
    }
}

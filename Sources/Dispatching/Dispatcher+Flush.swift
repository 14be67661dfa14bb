import Alerts
import Platform
import Samples

extension Dispatcher {
    /// A group's alerts as they stand at one moment.
    struct View {
        /// May be told: firing, and nothing keeps them quiet.
        var firing: [Alert] = []
        var firingIDs: Set<UInt64> = []
        var ended: [Alert] = []
        /// Firing, and kept quiet by a silence, an inhibition or the time.
        var hushed: [Alert] = []
        var quiet: [QuietReason: Int] = [:]
    }

    /// One look at one group: decide for each integration, then let go of what is over.
    mutating func flush(_ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        let view = look(group, now)
        for (reason, count) in view.quiet { decisions.quiet[reason, default: 0] += count }
        for integration in group.integrations { decide(group, integration, view, now, &decisions) }
        watch(id, view, now, &decisions)
        groups[id]?.flushed = true
        // A group that is kept quiet altogether is looked at often: turns a day apart might all fall into a mute time,
        // and nobody ever hear.
        let isQuiet = view.firing.isEmpty && !view.hushed.isEmpty
        let interval = isQuiet ? min(group.groupInterval, .seconds(60)) : group.groupInterval
        // Keep the rhythm; a wake-up that came late does not shift it, unless a whole turn was lost.
        let next = group.dueAt + interval
        let dueAt = next > now.monotonic ? next : now.monotonic + interval
        groups[id]?.dueAt = dueAt
        prune(id, now, &decisions)
        guard groups[id] != nil else { return }
        timers.add(.init(at: dueAt, group: id))
        setDeadline(id, now)
    }

    /// Decides anew for one destination, outside of its group's turn: an attempt was answered.
    mutating func decideAgain(_ destination: Destination, _ now: Moment, _ decisions: inout Decisions) {
        let id = GroupID(key: destination.groupKey, receiver: destination.receiver)
        guard let group = groups[id] else { return }
        if let integration = group.integrations.first(where: { $0.name == destination.integration }) {
            let view = look(group, now)
            decide(group, integration, view, now, &decisions)
            watch(id, view, now, &decisions)
        }
        prune(id, now, &decisions)
        setDeadline(id, now)
    }

    mutating func look(_ group: Group, _ now: Moment) -> View {
        var view = View()
        let timeMute = group.route.flatMap { muteTime($0, now.wall)?.reason }
        for fingerprint in group.members {
            guard let entry = alerts[fingerprint] else { continue }
            alerts[fingerprint]?.isProcessed = true
            if entry.isEnded {
                view.ended.append(entry.alert)
                continue
            }
            let reason: QuietReason? =
                if group.strays.contains(fingerprint) { .unrouted } else if !silencedBy(fingerprint).isEmpty {
                    .silenced
                } else if !inhibitor.inhibiting(entry.alert.labels).isEmpty { .inhibited } else { timeMute }
            if let reason {
                view.quiet[reason, default: 0] += 1
                if reason != .unrouted { view.hushed.append(entry.alert) }
            } else {
                view.firing.append(entry.alert)
                view.firingIDs.insert(fingerprint)
            }
        }
        view.firing.sort { $0.labels < $1.labels }
        view.ended.sort { $0.labels < $1.labels }
        return view
    }

    mutating func decide(
        _ group: Group, _ integration: DispatchOptions.Integration, _ view: View, _ now: Moment,
        _ decisions: inout Decisions
    ) {
        let destination = group.destination(integration)
        var channel = channels[destination] ?? Channel()
        defer { channels[destination] = channel.isEmpty ? nil : channel }
        // What is in flight may arrive or fail; which of the two decides what is to be said.
        if channel.pending?.inFlight == true {
            channel.isDue = true
            return
        }
        channel.isDue = false
        var (firing, firingIDs) = (view.firing, view.firingIDs)
        if integration.resend != nil {
            // It would take our silence for the end of what it was told.
            let known = view.hushed.filter { channel.told.contains($0.fingerprint) }
            firing += known
            firingIDs.formUnion(known.map(\.fingerprint))
        }
        var ended = view.ended.filter { channel.mustHearEnd($0.fingerprint) }
        if !integration.sendResolved, !ended.isEmpty {
            // It wants no ends: they count as told.
            var changed = false
            for alert in ended where channel.forget(alert.fingerprint) { changed = true }
            if changed { store(channel, destination, group.labels, &decisions) }
            ended = []
        }
        var endedIDs = Set(ended.map(\.fingerprint))
        var interval = integration.resend?.delay ?? group.route?.repeatInterval ?? .seconds(4 * 3600)
        // A turn that wakes a little sooner after its time than the one before must not miss the repeat: it would come
        // a whole turn late.
        if integration.resend == nil { interval -= min(group.groupInterval / 10, .seconds(1)) }
        var reason = channel.reason(firing: firingIDs, ended: endedIDs, repeatInterval: interval, now: now.monotonic)
        let echoes = view.ended.filter {
            channel.echo[$0.fingerprint].map { $0 > now.monotonic } ?? false && !endedIDs.contains($0.fingerprint)
        }
        if !echoes.isEmpty, reason != nil || now.monotonic - channel.since >= interval {
            reason = reason ?? .repeat
            ended += echoes
            endedIDs.formUnion(echoes.map(\.fingerprint))
        }
        guard var reason else {
            if !firing.isEmpty { decisions.quiet[.known, default: 0] += 1 }
            withdraw(&channel, &decisions)
            return
        }
        if let pending = channel.pending, pending.firing == firingIDs, pending.resolved == endedIDs { return }
        if reason == .first, group.source != nil { reason = .escalated }
        withdraw(&channel, &decisions)
        let outgoing = Outgoing(
            id: nextID,
            notification: Notification(
                receiver: destination.receiver, integration: destination.integration, groupKey: destination.groupKey,
                groupLabels: group.labels,
                alerts: firing.map(Dispatcher.open) + ended.map { Dispatcher.over($0, by: now.wall) },
                reason: reason.rawValue, decidedAt: now.wall))
        nextID &+= 1
        channel.pending = Channel.Pending(outgoing)
        destinations[outgoing.id] = destination
        decisions.send.append(outgoing)
    }

    /// An alert that fires, without the end that lies ahead: receivers would read it as one that has come, as
    /// Alertmanager's never do.
    private static func open(_ alert: Alert) -> Alert {
        var alert = alert
        alert.endsAt = nil
        return alert
    }

    /// An ended alert whose end the clock, stepped back, has not reached: it reads as ended all the same, and as begun
    /// before it ended, since Alertmanagers refuse anything else.
    private static func over(_ alert: Alert, by now: Timestamp) -> Alert {
        var alert = alert
        let end = min(alert.endsAt ?? now, now)
        alert.startsAt = min(alert.startsAt, end)
        alert.endsAt = end
        return alert
    }

    private mutating func withdraw(_ channel: inout Channel, _ decisions: inout Decisions) {
        guard let pending = channel.pending else { return }
        destinations[pending.id] = nil
        channel.pending = nil
        // Decided in this very step: nobody has seen it.
        if let first = decisions.send.first, pending.id >= first.id,
            let place = decisions.send.lastIndex(where: { $0.id == pending.id })
        {
            decisions.send.remove(at: place)
        } else {
            decisions.withdrawn.append(pending.id)
        }
    }

    /// Puts a channel's log entry, or its end, into the decisions.
    func store(_ channel: Channel, _ destination: Destination, _ labels: Labels, _ decisions: inout Decisions) {
        if !channel.hasRecord {
            forgetRecord(destination, &decisions)
        } else {
            decisions.forgottenRecords.removeAll { $0 == destination }
            decisions.records.removeAll { $0.destination == destination }
            decisions.records.append(record(channel, destination, labels))
        }
    }

    func forgetRecord(_ destination: Destination, _ decisions: inout Decisions) {
        decisions.records.removeAll { $0.destination == destination }
        decisions.forgottenRecords.append(destination)
    }

    func record(_ channel: Channel, _ destination: Destination, _ labels: Labels) -> NotificationRecord {
        NotificationRecord(
            destination: destination, groupLabels: labels.dictionary, firing: channel.firing, told: channel.told,
            maybeFiring: channel.maybeFiring, maybeResolved: channel.maybeResolved, since: channel.sinceWall)
    }

    /// Lets go of alerts that are over and told so everywhere, and of the group when it is empty.
    mutating func prune(_ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        let places = group.integrations.map { group.destination($0) }
        var gone: Set<UInt64> = []
        for fingerprint in group.members {
            guard let entry = alerts[fingerprint] else {
                groups[id]?.alerts.remove(fingerprint)
                groups[id]?.strays.remove(fingerprint)
                continue
            }
            // A stray is here for its end alone; others stay while they fire, and until their group has been looked at.
            guard group.strays.contains(fingerprint) || (entry.isEnded && group.flushed) else { continue }
            // From when we heard of it: an end may be said to lie years back.
            let heard = max(entry.alert.endsAt ?? entry.alert.updatedAt, entry.alert.updatedAt)
            let isOld = entry.isEnded && heard + options.retention < now.wall
            let isWaitedFor = places.contains { place in
                guard let channel = channels[place] else { return false }
                let isOnItsWay =
                    channel.pending.map { $0.firing.contains(fingerprint) || $0.resolved.contains(fingerprint) }
                    ?? false
                return channel.mustHearEnd(fingerprint) || isOnItsWay
                    || (channel.echo[fingerprint].map { $0 > now.monotonic } ?? false)
            }
            let isInFlight = places.contains { channels[$0]?.pending?.inFlight == true }
            if isWaitedFor && (!isOld || isInFlight) { continue }
            for place in places {
                guard var channel = channels[place] else { continue }
                let changed = channel.forget(fingerprint)
                if channel.pending?.resolved.contains(fingerprint) == true { withdraw(&channel, &decisions) }
                if changed { store(channel, place, group.labels, &decisions) }
                channels[place] = channel.isEmpty ? nil : channel
            }
            groups[id]?.alerts.remove(fingerprint)
            groups[id]?.strays.remove(fingerprint)
            gone.insert(fingerprint)
            leave(fingerprint, id, &decisions)
        }
        forgetWaiting(gone, id, now, &decisions)
        guard let rest = groups[id], rest.members.isEmpty else { return }
        if places.contains(where: { channels[$0]?.pending != nil }) { return }
        groups[id] = nil
        for place in places where channels[place] != nil {
            channels[place] = nil
            forgetRecord(place, &decisions)
        }
    }

    private mutating func leave(_ fingerprint: UInt64, _ id: GroupID, _ decisions: inout Decisions) {
        alerts[fingerprint]?.groups.remove(id)
        guard let entry = alerts[fingerprint], entry.groups.isEmpty else { return }
        alerts[fingerprint] = nil
        ending.remove(fingerprint)
        decisions.forgottenAlerts.append(fingerprint)
    }

    /// The ids of the silences in force that match an alert; looked up once for each set of silences.
    mutating func silencedBy(_ fingerprint: UInt64) -> [String] {
        guard let entry = alerts[fingerprint] else { return [] }
        if entry.epoch == silences.epoch { return entry.silencedBy }
        let ids = silences.silencing(entry.alert.labels)
        alerts[fingerprint]?.silencedBy = ids
        alerts[fingerprint]?.epoch = silences.epoch
        return ids
    }

    /// Why a route is quiet at this time: the reason, and the intervals that make it so.
    func muteTime(_ route: RouteTree.Node, _ now: Timestamp) -> (reason: QuietReason, intervals: [String])? {
        func holds(_ name: String) -> Bool { options.timeIntervals[name]?.contains { $0.contains(now) } ?? false }
        let muting = route.muteTimeIntervals.filter(holds)
        if !muting.isEmpty { return (.muteTime, muting) }
        if !route.activeTimeIntervals.isEmpty, !route.activeTimeIntervals.contains(where: holds) {
            return (.outsideActiveTime, route.activeTimeIntervals)
        }
        return nil
    }
}

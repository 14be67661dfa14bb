import Alerts
import Platform
import Samples

extension Dispatcher {
    /// Takes in what the journal has kept from the last run, after a start without it (`beginWithoutPast`).
    ///
    /// What this run knows itself is newer and stays as it is: an alert, a silence, a message on its way, a wait for acceptance. The
    /// notification log is united, since both runs notified: every alert that either one notified of is resolved in the end.
    /// The caller leaves out alerts that have ended and been forgotten since the start. `pending` then lists the messages of both.
    package mutating func merge(_ saved: Saved, now: Moment) -> Decisions {
        for silence in saved.silences where silences.all[silence.id] == nil { silences.restore(silence) }
        for alert in saved.alerts where alerts[alert.fingerprint] == nil {
            let isEnded = alert.status(at: max(now.wall, alert.updatedAt)) == .resolved
            alerts[alert.fingerprint] = Entry(alert: alert, isEnded: isEnded)
            note(alert, isEnded: isEnded)
        }
        var labels: [Destination: Labels] = [:]
        for destination in channels.keys {
            labels[destination] = groups[GroupID(key: destination.groupKey, receiver: destination.receiver)]?.labels
        }
        for record in saved.records {
            var channel = channels[record.destination] ?? Channel()
            if !channel.hasRecord {
                channel.firing = record.firing
                channel.sinceWall = record.since
                let age = max(now.wall - record.since, .zero)
                channel.since = Instant(nanoseconds: now.monotonic.nanoseconds - age.milliseconds * 1_000_000)
            }
            channel.told.formUnion(record.told)
            channel.maybeFiring.formUnion(record.maybeFiring)
            channel.maybeResolved.formUnion(record.maybeResolved)
            channels[record.destination] = channel
            if labels[record.destination] == nil { labels[record.destination] = Labels(record.groupLabels) }
        }
        var superseded: [UInt64] = []
        for outgoing in saved.outgoing.sorted(by: { $0.id < $1.id }) {
            take(outgoing, &superseded)
            nextID = max(nextID, outgoing.id + 1)
        }
        let old = groups
        let escalations = old.values.compactMap { escalationRecord($0) }
        let known = Set(escalations.map(\.storageKey))
        groups = [:]
        timers = Timers()
        deadlines = Timers()
        for fingerprint in Array(alerts.keys) { alerts[fingerprint]?.groups = [] }
        var decisions = rebuild(
            labels: labels, old: old,
            escalations: escalations + saved.escalations.filter { !known.contains($0.storageKey) }, now: now)
        for destination in Set(saved.records.map(\.destination) + saved.outgoing.map { Destination($0.notification) }) {
            guard let channel = channels[destination], channel.hasRecord else { continue }
            store(channel, destination, labels[destination] ?? .empty, &decisions)
        }
        let gone = saved.outgoing.map(\.id).filter { destinations[$0] == nil }
        decisions.withdrawn += (superseded + gone).filter { !decisions.withdrawn.contains($0) }.uniqued()
        return decisions
    }

    /// Puts a message of the last run on its way, unless this run has a newer one for the same destination, or knows that an alert
    /// which the message resolves fires again.
    private mutating func take(_ outgoing: Outgoing, _ superseded: inout [UInt64]) {
        let destination = Destination(outgoing.notification)
        let pending = Channel.Pending(outgoing)
        var channel = channels[destination] ?? Channel()
        if outgoing.attempted { channel.noteAttemptUnanswered(pending) }
        let firesAgain = pending.resolved.contains { alerts[$0]?.isEnded == false }
        let other = channel.pending
        if firesAgain || (other.map { $0.id > outgoing.id } ?? false) {
            superseded.append(outgoing.id)
        } else {
            if let other {
                superseded.append(other.id)
                destinations[other.id] = nil
            }
            channel.pending = pending
            destinations[outgoing.id] = destination
        }
        if !channel.isEmpty { channels[destination] = channel }
    }
}

extension [UInt64] {
    fileprivate func uniqued() -> [UInt64] {
        var seen: Set<UInt64> = []
        return filter { seen.insert($0).inserted }
    }
}

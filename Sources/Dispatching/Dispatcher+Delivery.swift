import Alerts
import Platform
import Samples

extension Dispatcher {
    /// A sending is about to begin. Nil: the message was superseded or withdrawn, and must not leave.
    package mutating func beginAttempt(_ id: UInt64) -> Notification? {
        guard let destination = destinations[id], let pending = channels[destination]?.pending, pending.id == id else {
            return nil
        }
        channels[destination]?.pending?.inFlight = true
        return pending.notification
    }

    /// The receiver has it. The decisions take it out of the outbox and note it in the log.
    package mutating func recordAccepted(_ message: UInt64, now: Moment) -> Decisions {
        var decisions = Decisions()
        decisions.withdrawn.append(message)
        guard let destination = take(message), var channel = channels[destination], let pending = channel.pending else {
            return decisions
        }
        channel.pending = nil
        channel.told = channel.told.union(pending.firing).subtracting(pending.resolved)
        channel.firing = pending.firing
        // Only of the alerts that it speaks of does this message end the doubt.
        let spokenOf = pending.firing.union(pending.resolved)
        channel.maybeFiring.subtract(spokenOf)
        channel.maybeResolved.subtract(spokenOf)
        let resend = receivers[destination.receiver]?.integrations.first { $0.name == destination.integration }?.resend
        if let resend {
            for fingerprint in pending.firing { channel.echo[fingerprint] = nil }
            for fingerprint in pending.resolved where channel.echo[fingerprint] == nil {
                channel.echo[fingerprint] = now.monotonic + resend.resolvedFor
            }
        }
        // The repeat counts from the decision, else each turn of a group would miss it by the time that sending took.
        let id = GroupID(key: destination.groupKey, receiver: destination.receiver)
        let interval = resend?.delay ?? groups[id]?.groupInterval ?? .zero
        let took = now.wall - pending.notification.decidedAt
        let credit = took > .zero && took < interval ? took : .zero
        channel.since = now.monotonic - credit
        channel.sinceWall = now.wall - credit
        let isDue = channel.isDue
        channels[destination] = channel.isEmpty ? nil : channel
        store(channel, destination, pending.notification.groupLabels, &decisions)
        refresh(now, &decisions)
        settle(id, pending.firing, now, &decisions)
        if isDue {
            decideAgain(destination, now, &decisions)
        } else {
            prune(id, now, &decisions)
            setDeadline(id, now)
        }
        return decisions
    }

    /// The attempt failed and will be tried again, unless the decisions withdraw or replace the message.
    /// - Parameter uncertain: the receiver may have it all the same: no answer came after the request had left.
    package mutating func recordFailed(_ id: UInt64, uncertain: Bool, now: Moment) -> Decisions {
        var decisions = Decisions()
        guard let destination = destinations[id], var channel = channels[destination], let pending = channel.pending
        else { return decisions }
        channel.pending?.inFlight = false
        if uncertain {
            channel.noteAttemptUnanswered(pending)
            channel.pending?.attempted = true
            store(channel, destination, pending.notification.groupLabels, &decisions)
        }
        let isDue = channel.isDue
        channels[destination] = channel
        refresh(now, &decisions)
        if isDue { decideAgain(destination, now, &decisions) }
        return decisions
    }

    /// The receiver will never take it, or nobody tries any longer. The group's next turn decides anew.
    package mutating func recordAbandoned(_ message: UInt64, now: Moment) -> Decisions {
        var decisions = Decisions()
        decisions.withdrawn.append(message)
        guard let destination = take(message), var channel = channels[destination] else { return decisions }
        let refused = channel.pending?.firing ?? []
        channel.pending = nil
        channel.isDue = false
        channels[destination] = channel.isEmpty ? nil : channel
        let id = GroupID(key: destination.groupKey, receiver: destination.receiver)
        noteRefused(refused, by: destination.integration, id, now, &decisions)
        prune(id, now, &decisions)
        setDeadline(id, now)
        return decisions
    }

    private mutating func take(_ id: UInt64) -> Destination? { destinations.removeValue(forKey: id) }
}

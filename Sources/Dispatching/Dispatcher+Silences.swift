import Platform
import Samples

extension Dispatcher {
    /// Every silence that is kept, pending and expired ones among them, newest change first.
    package var allSilences: [Silence] {
        silences.all.values.sorted { $0.updatedAt == $1.updatedAt ? $0.id < $1.id : $0.updatedAt > $1.updatedAt }
    }

    package func silence(_ id: String) -> Silence? { silences.all[id] }

    /// Makes a silence (empty id) or changes one.
    /// - Returns: the silences to store, the wanted one first (a change that can't be made in place ends the old one
    ///   and makes a new one), and what follows for messages that wait to be sent.
    package mutating func setSilence(
        _ silence: Silence, random: any RandomSource, now: Moment
    ) throws(SilenceError) -> (stored: [Silence], decisions: Decisions) {
        let stored = try silences.set(silence, random: random, now: now.wall)
        return (stored, reconsiderPending(now))
    }

    /// Ends a silence. - Returns: it as it is now, to be stored.
    package mutating func expireSilence(_ id: String, now: Moment) throws(SilenceError) -> (
        stored: Silence, decisions: Decisions
    ) {
        let stored = try silences.expire(id, now: now.wall)
        return (stored, reconsiderPending(now))
    }

    /// A message that waits for its next attempt must not go out when its alerts have been silenced meanwhile, by hand
    /// or since a silence's time has come.
    mutating func reconsiderPending(_ now: Moment) -> Decisions {
        var decisions = Decisions()
        refresh(now, &decisions)
        guard reconsideredEpoch != silences.epoch else { return decisions }
        reconsideredEpoch = silences.epoch
        for (destination, channel) in channels.sorted(by: { ($0.value.pending?.id ?? 0) < ($1.value.pending?.id ?? 0) })
        {
            guard let pending = channel.pending, pending.firing.contains(where: { !silencedBy($0).isEmpty }) else {
                continue
            }
            // What is under way may arrive; what failed must not be tried again as it is.
            if pending.inFlight {
                channels[destination]?.isDue = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
        return decisions
    }
}

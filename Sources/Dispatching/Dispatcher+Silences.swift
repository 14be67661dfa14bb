import Alerts
package import Platform
import Samples

extension Dispatcher {
    /// Every silence that is kept, pending and expired ones among them, the last changed first.
    package var allSilences: [Silence] {
        silences.all.values.sorted { $0.updatedAt == $1.updatedAt ? $0.id < $1.id : $0.updatedAt > $1.updatedAt }
    }

    /// The silence with this id, expired or not.
    package func silence(_ id: String) -> Silence? { silences.all[id] }

    /// Makes a silence (empty id) or changes one.
    /// - Returns: the silences to store, the wanted one first (a change that can't be made in place ends the old one
    ///   and makes a new one), and what follows for pending messages.
    /// - Throws: `SilenceError` for one that is invalid, unknown, or one too many.
    package mutating func setSilence(
        _ silence: Silence, random: any RandomSource, now: Moment
    ) throws(SilenceError) -> (stored: [Silence], decisions: Decisions) {
        if silence.untilResolved, !alerts.values.contains(where: { !$0.isEnded && silence.matches($0.alert.labels) }) {
            throw .nothingFires
        }
        let stored = try silences.set(silence, random: random, now: now.wall)
        var decisions = Decisions()
        recheckPending(now, &decisions)
        return (stored, decisions)
    }

    /// Ends a silence.
    /// - Returns: it as it is now, to be stored, and what follows for pending messages.
    /// - Throws: `SilenceError` for one that is unknown or has expired.
    package mutating func expireSilence(_ id: String, now: Moment) throws(SilenceError) -> (
        stored: Silence, decisions: Decisions
    ) {
        let stored = try silences.expire(id, now: now.wall)
        var decisions = Decisions()
        recheckPending(now, &decisions)
        return (stored, decisions)
    }

    /// A message that waits for its next attempt must not be sent when its alerts were silenced meanwhile, be it by a
    /// new silence or by one whose time has come; nor in a mute time that has begun meanwhile.
    mutating func recheckPending(_ now: Moment, _ decisions: inout Decisions) {
        refresh(now, &decisions)
        let isNew = checkedEpoch != silences.epoch
        guard isNew || !options.timeIntervals.isEmpty else { return }
        checkedEpoch = silences.epoch
        if isNew { flushUnsilenced(now) }
        let pending = destinations.compactMap { destination, state in state.pending.map { (destination, $0) } }
        for (destination, pending) in pending.sorted(by: { $0.1.message.id < $1.1.message.id })
        where isNew && pending.firing.contains(where: { !silencedBy($0).isEmpty })
            || !pending.firing.isEmpty && isMuted(destination, now)
        {
            // An attempt under way may arrive; one that fails must not be repeated as it is.
            if pending.inFlight {
                destinations[destination]?.needsDecision = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
    }

    /// Who was told of an alert that is not silenced any more is told again without waiting for the flush.
    private mutating func flushUnsilenced(_ now: Moment) {
        for (destination, state) in destinations where !state.suppressed.isEmpty {
            let id = destination.groupID
            guard groups[id]?.flushed == true, state.suppressed.contains(where: { silencedBy($0).isEmpty }) else {
                continue
            }
            flushes.schedule(id, at: now.monotonic)
        }
    }

    // MARK: Until resolved

    /// Ends silences that were to last until their alerts are resolved, where none of those fires any more.
    /// - Parameter isAffected: whether one is looked at.
    mutating func endIdleSilences(
        _ now: Moment, _ decisions: inout Decisions, where isAffected: (Silence) -> Bool = { _ in true }
    ) {
        let idle = silences.untilResolved(at: now.wall).filter { silence in
            isAffected(silence) && !alerts.values.contains { !$0.isEnded && silence.matches($0.alert.labels) }
        }
        for silence in idle {
            if let ended = try? silences.expire(silence.id, now: now.wall) { decisions.endedSilences.append(ended) }
        }
        if !idle.isEmpty { decisions.removedSilences += silences.refresh(now.wall) }
    }

    private func isMuted(_ destination: Destination, _ now: Moment) -> Bool {
        groups[destination.groupID]?.route.flatMap { muteTime($0, now.wall) } != nil
    }
}

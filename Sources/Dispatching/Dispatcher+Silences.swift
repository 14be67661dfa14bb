import Alerts
package import Platform
import Samples

extension Dispatcher {
    /// Every silence that is kept, including pending and expired ones, the last changed first.
    package var allSilences: [Silence] {
        silences.all.values.sorted { $0.updatedAt == $1.updatedAt ? $0.id < $1.id : $0.updatedAt > $1.updatedAt }
    }

    /// The silence with this id, expired or not.
    package func silence(_ id: String) -> Silence? { silences.all[id] }

    /// Creates a silence (empty id) or changes one.
    /// - Returns: the silences to store, the requested one first (a change that can't be made in place expires the old
    ///   one and creates a new one), and what follows for pending messages.
    /// - Throws: `SilenceError` for one that is invalid or unknown, or that exceeds a limit.
    package mutating func setSilence(
        _ silence: Silence, random: any RandomSource, now: Moment
    ) throws(SilenceError) -> (stored: [Silence], decisions: Decisions) {
        if silence.untilResolved, isIdle(silence) { throw .nothingFires }
        let stored = try silences.set(silence, random: random, now: now.wall)
        var decisions = Decisions()
        recheckPending(now, &decisions)
        return (stored, decisions)
    }

    /// Expires a silence.
    /// - Returns: the silence as it is now, to be stored, and what follows for pending messages.
    /// - Throws: `SilenceError` for one that is unknown or has expired.
    package mutating func expireSilence(_ id: String, now: Moment) throws(SilenceError) -> (
        stored: Silence, decisions: Decisions
    ) {
        let stored = try silences.expire(id, now: now.wall)
        var decisions = Decisions()
        recheckPending(now, &decisions)
        return (stored, decisions)
    }

    /// A message that waits for its next attempt must not be sent if its alerts were silenced meanwhile, by a new
    /// silence or by one that has become active; nor in a mute time that has begun meanwhile.
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
            // An attempt under way may arrive; if it fails it must not be repeated as it is.
            if pending.inFlight {
                destinations[destination]?.needsDecision = true
            } else {
                decideAgain(destination, now, &decisions)
            }
        }
    }

    /// Receivers that were notified of an alert are notified again, without waiting for the flush, when it is no longer
    /// silenced.
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

    /// Ends silences that last until their alerts are resolved, where none of those fires any more.
    /// - Parameter isAffected: limits which silences are checked.
    mutating func endIdleSilences(
        _ now: Moment, _ decisions: inout Decisions, where isAffected: (Silence) -> Bool = { _ in true }
    ) {
        let idle = silences.untilResolved(at: now.wall).filter { isAffected($0) && isIdle($0) }
        for silence in idle {
            if let ended = try? silences.expire(silence.id, now: now.wall) { decisions.endedSilences.append(ended) }
        }
        if !idle.isEmpty { decisions.removedSilences += silences.refresh(now.wall) }
    }

    /// Whether no firing alert matches a silence.
    private func isIdle(_ silence: Silence) -> Bool {
        !alerts.values.contains { !$0.isEnded && silence.matches($0.alert.labels) }
    }

    private func isMuted(_ destination: Destination, _ now: Moment) -> Bool {
        groups[destination.groupID]?.route.flatMap { muteTime($0, now.wall) } != nil
    }
}

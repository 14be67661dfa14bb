import Platform
import Samples

/// When each target has its turn. A value: it takes the time and says what to do.
struct ProbeTurns: Sendable {
    /// What to do about a wish for an immediate probe.
    enum Confirmation: Sendable, Hashable {
        /// Probe at this time; until then further wishes are one with it.
        case at(Instant)
        /// A probe is already to come.
        case alreadyPlanned
    }

    /// Whether a turn is to be taken.
    enum Start: Sendable, Hashable {
        case go
        /// The previous run has not ended; it began at this time.
        case busy(since: Instant)
    }

    private struct Turn: Sendable {
        var lastStart: Instant?
        var lastConfirmation: Instant?
        var isRunning = false
        var isConfirmationPlanned = false
        /// A confirming wish met a run under way, which may have looked before the change.
        var isWishedAgain = false
        var missed = 0
        var confirmations = 0
    }

    /// The least time between the starts of two confirming runs, so that a flapping network makes no storm. A turn does
    /// not count: a connection that breaks just after one is probed at once.
    private let confirmationGap: Duration
    private var turns: [ProbeTarget: Turn] = [:]

    init(confirmationGap: Duration) { self.confirmationGap = confirmationGap }

    /// The turn after `now` of a target: turns come at fixed distances from the start, shifted by the target's
    /// identity, so that targets are spread over the interval and a late run doesn't shift those to come.
    static func next(after now: Instant, of target: ProbeTarget, interval: Duration, since start: Instant) -> Instant {
        let step = max(
            1_000_000, interval.components.seconds * 1_000_000_000 + interval.components.attoseconds / 1_000_000_000)
        let hash = Labels(name: target.kind.rawValue, ["target": target.name]).fingerprint
        // FNV-1a's low bits are weak for short strings that differ in the last sign: mix before taking the rest.
        let mixed = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
        let shift = Int64((mixed >> 1) % UInt64(step))
        let elapsed = now.nanoseconds - start.nanoseconds - shift
        let count = elapsed < 0 ? 0 : elapsed / step + 1
        return Instant(nanoseconds: start.nanoseconds + shift + count * step)
    }

    mutating func start(_ target: ProbeTarget, now: Instant, confirming: Bool) -> Start {
        var turn = turns[target] ?? Turn()
        defer { turns[target] = turn }
        if confirming { turn.isConfirmationPlanned = false }
        if turn.isRunning, let since = turn.lastStart {
            if confirming { turn.isWishedAgain = true } else { turn.missed += 1 }
            return .busy(since: since)
        }
        turn.isRunning = true
        turn.lastStart = now
        if confirming {
            turn.confirmations += 1
            turn.lastConfirmation = now
        }
        return .go
    }

    /// A run has ended.
    /// - Returns: whether another was wished for meanwhile.
    mutating func ended(_ target: ProbeTarget) -> Bool {
        let isWished = turns[target]?.isWishedAgain ?? false
        turns[target]?.isRunning = false
        turns[target]?.isWishedAgain = false
        return isWished
    }

    mutating func wish(_ target: ProbeTarget, now: Instant) -> Confirmation {
        var turn = turns[target] ?? Turn()
        defer { turns[target] = turn }
        if turn.isConfirmationPlanned { return .alreadyPlanned }
        turn.isConfirmationPlanned = true
        return .at(max(now, turn.lastConfirmation.map { $0 + confirmationGap } ?? now))
    }

    func missed(_ target: ProbeTarget) -> Int { turns[target]?.missed ?? 0 }
    func confirmations(_ target: ProbeTarget) -> Int { turns[target]?.confirmations ?? 0 }
}

import Platform
import Samples
import Text

/// Decides when each target is probed. Pure: it takes the time and returns the decision.
struct ProbeTurns: Sendable {
    /// Why a run begins.
    enum Kind: Sendable, Hashable {
        /// It is the target's turn.
        case regular
        /// Something suggests that the target has changed.
        case confirming
        /// A cheap question between two turns; see `RunnableProbe.glance`.
        case glance
    }

    /// What to do about a request for an immediate probe.
    enum Confirmation: Sendable, Hashable {
        /// Probe at this time; further requests until then are merged into it.
        case at(Instant)
        /// A probe is already planned.
        case alreadyPlanned
    }

    /// Whether a run may start.
    enum Start: Sendable, Hashable {
        case go
        /// The previous run, which began at this time, has not ended.
        case busy(since: Instant)
    }

    private struct Turn: Sendable {
        var lastStart: Instant?
        /// Spent by confirming runs.
        var bucket: TokenBucket
        var isRunning = false
        var isConfirmationPlanned = false
        /// A confirmation was requested during a run that may have sent its requests before the change.
        var isRequestedAgain = false
        var missed = 0
        var confirmations = 0
    }

    /// A target's confirming runs are bounded by a token bucket, so that a flapping network causes no storm and a single
    /// change is confirmed at once. Regular turns don't count.
    private let bucket: TokenBucket
    private var turns: [ProbeTarget: Turn] = [:]

    /// - Parameter tokenPeriod: how long it takes until a target has one more token.
    init(tokenPeriod: Duration) { bucket = TokenBucket(tokens: 3, period: tokenPeriod) }

    /// The time of a target's next turn after `now`. Turns are at fixed multiples of the interval since the start,
    /// offset by a hash of the target, so that targets are spread over the interval and a late run does not delay later
    /// ones.
    static func next(after now: Instant, of target: ProbeTarget, interval: Duration, since start: Instant) -> Instant {
        let step = max(1_000_000, interval.nanoseconds)
        let hash = Labels(name: target.kind.rawValue, ["target": target.name]).fingerprint
        // The low bits of FNV-1a are weak for short strings that differ in the last character: mix before the modulo.
        let mixed = (hash ^ (hash >> 32)) &* 0x9e37_79b9_7f4a_7c15
        let shift = Int64((mixed >> 1) % UInt64(step))
        let first = start + .nanoseconds(shift)
        let elapsed = (now - first).nanoseconds
        return elapsed < 0 ? first : now + .nanoseconds(step - elapsed % step)
    }

    /// From one glance at a target to the next; nil if no whole one fits between two turns. They are a fifth of the
    /// interval apart, and farther where many targets would together be glanced at more than 50 times a second.
    /// - Parameter count: the number of targets that can be glanced at.
    static func glanceGap(interval: Duration, count: Int) -> Duration? {
        let gap = max(.seconds(1), interval / 5, .milliseconds(20) * count)
        return gap * 2 <= interval ? gap : nil
    }

    /// How long a target's first turn waits, so that many handshakes and requests at once do not need several times the
    /// memory of any later moment: a few begin at once, the others 2 ms apart, or closer where that would take longer than
    /// the interval.
    /// - Parameter index: of the target, among the `count` that begin at the same time.
    static func startDelay(_ index: Int, of count: Int, interval: Duration) -> Duration {
        min(.milliseconds(2), interval / max(1, count)) * max(0, index - 64)
    }

    mutating func start(_ target: ProbeTarget, now: Instant, _ kind: Kind) -> Start {
        var turn = turns[target] ?? Turn(bucket: bucket)
        defer { turns[target] = turn }
        if kind == .confirming { turn.isConfirmationPlanned = false }
        if turn.isRunning, let since = turn.lastStart {
            switch kind {
            case .regular: turn.missed += 1
            case .confirming: turn.isRequestedAgain = true
            case .glance: break
            }
            return .busy(since: since)
        }
        turn.isRunning = true
        turn.lastStart = now
        if kind == .confirming {
            turn.confirmations += 1
            turn.bucket.spend(now)
        }
        return .go
    }

    /// Records that a run has ended.
    /// - Returns: whether another one was requested meanwhile.
    mutating func ended(_ target: ProbeTarget) -> Bool {
        let isRequested = turns[target]?.isRequestedAgain ?? false
        turns[target]?.isRunning = false
        turns[target]?.isRequestedAgain = false
        return isRequested
    }

    /// Records that a run came too late to ask.
    mutating func recordMissed(_ target: ProbeTarget) { turns[target, default: Turn(bucket: bucket)].missed += 1 }

    /// Requests a confirming probe.
    mutating func request(_ target: ProbeTarget, now: Instant) -> Confirmation {
        var turn = turns[target] ?? Turn(bucket: bucket)
        defer { turns[target] = turn }
        if turn.isConfirmationPlanned { return .alreadyPlanned }
        turn.isConfirmationPlanned = true
        return .at(turn.bucket.next(now))
    }

    func missed(_ target: ProbeTarget) -> Int { turns[target]?.missed ?? 0 }
    func confirmations(_ target: ProbeTarget) -> Int { turns[target]?.confirmations ?? 0 }
}

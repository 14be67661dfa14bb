import Platform
import Rules
import Samples
import Text

extension RuleManager {
    /// A reload that came while the group was being evaluated.
    enum Replacement {
        case group(RuleGroup)
        case removal
    }

    enum Phase {
        case idle
        /// On a thread, or waiting for one.
        case evaluating(since: Instant)
        /// Its alerts are being written to the journal.
        case notifying
    }

    struct Entry {
        /// Distinguishes this entry from a later one with the same key.
        let id: UInt64
        var evaluator: GroupEvaluator
        /// Steps of the clock that the evaluator's state has been shifted by.
        var steps: Duration
        var interval: Duration
        var due: Instant
        /// When one of its metrics changed; the next evaluation takes that into account.
        var triggeredAt: Instant?
        var phase = Phase.idle
        var replacement: Replacement?
        /// State of the last run that was read while the group was being evaluated.
        var unmerged: GroupEvaluator.Saved?
        /// Of triggered evaluations: a flapping target must not cause a storm of them.
        var bucket = TokenBucket(tokens: 3, period: .milliseconds(100))
        /// Whether a change was a reason for the last evaluation.
        var isTriggered = false
        var lastStart: Instant?
        /// Evaluations that have ended, with their alerts received.
        var ended: UInt64 = 0
        /// Seconds.
        var lastDuration = 0.0
        /// How long each rule took in the last evaluation, in seconds; empty before it.
        var ruleSeconds: [Double] = []
        /// How long after it was due the last evaluation began.
        var lateness = Duration.zero
        var lastEvaluation: Timestamp?

        var isIdle: Bool { if case .idle = phase { true } else { false } }
        var isEvaluating: Bool { if case .evaluating = phase { true } else { false } }
        var isRemoved: Bool { if case .removal = replacement { true } else { false } }

        /// Shifts the state by the clock steps that have not been applied yet.
        mutating func align(to steps: Duration) {
            if steps != self.steps { evaluator.shift(by: steps - self.steps) }
            self.steps = steps
        }

        /// From one evaluation to the next: two in the same millisecond would give their series two values for one time.
        private static let minGap = Duration.milliseconds(2)

        /// When it is to be evaluated next.
        var wakeTime: Instant {
            let next = triggeredAt.map { min(due, bucket.next($0)) } ?? due
            return max(next, lastStart.map { $0 + Entry.minGap } ?? next)
        }

        /// An evaluation begins; a change from here on requires another one.
        mutating func begin(_ now: Instant) {
            lateness = max(now - wakeTime, .zero)
            phase = .evaluating(since: now)
            lastStart = now
            isTriggered = triggeredAt != nil
            if isTriggered { bucket.spend(now) }
            triggeredAt = nil
        }

        func isSlow(at now: Instant) -> Bool {
            if case .evaluating(let since) = phase, now - since >= RuleManager.slowDuration { return true }
            return lastDuration >= RuleManager.slowDuration.seconds
        }
    }
}

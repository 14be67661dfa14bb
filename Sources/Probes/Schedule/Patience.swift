import Platform
import Synchronization
import Transport

/// How long a target that has always answered quickly is waited for before it is asked once more, on a connection of its
/// own. It comes from the target's answers of the last hour; a target that is slow, far away, or behind a network that
/// loses packets gets its whole timeout.
struct Patience: Sendable {
    private struct Part {
        var begin: Instant
        var slowest: Duration = .zero
        var answers = 0
    }

    /// Below that a moment of the system's, or one lost packet, would look like a target that hangs.
    private static let shortest = Duration.milliseconds(450)
    /// How many times the slowest answer.
    private static let factor = 20
    /// How many answers make a history.
    private static let enough = 20
    private static let partLength = Duration.seconds(600)
    private static let parts = 6

    /// The newest last.
    private var parts: [Part] = []
    private var hasFailed = false

    /// The target has answered.
    mutating func answered(after duration: Duration, now: Instant) {
        hasFailed = false
        if parts.last.map({ now - $0.begin >= Patience.partLength }) ?? true {
            parts.append(Part(begin: now))
            if parts.count > Patience.parts { parts.removeFirst() }
        }
        let last = parts.count - 1
        parts[last].slowest = max(parts[last].slowest, duration)
        parts[last].answers += 1
    }

    /// The target has not answered: until it has again, it gets its whole timeout.
    mutating func failed() { hasFailed = true }

    /// The time for a question, and for the one after it on a fresh connection; nil where the whole timeout is to be
    /// waited for.
    func limits(of timeout: Duration) -> (first: Duration, second: Duration)? {
        guard !hasFailed, parts.reduce(0, { $0 + $1.answers }) >= Patience.enough else { return nil }
        let slowest = parts.map(\.slowest).max() ?? .zero
        let first = max(Patience.shortest, slowest * Patience.factor)
        let second = first * 2 / 3
        return first + second < timeout ? (first, second) : nil
    }
}

/// What a question may end with in place of an answer.
protocol QuestionError: Error, Sendable {
    var reason: TransportError.Reason { get }
    /// See `TransportError.isTaken`.
    var isTaken: Bool { get }
}

extension TransportError: QuestionError {}
extension PostgresError: QuestionError {}

extension Patience {
    /// Asks a target. One that has always answered quickly and is silent now is asked again at once, on a fresh
    /// connection: a transport closes one on which an answer was not waited for. Where the target's system takes that and
    /// no answer comes, its process hangs; where the network may have lost something, it gets its whole timeout.
    /// - Parameter question: asks once, and waits no longer than the limit; nil: for the whole timeout.
    static func ask<Answer, Failure: QuestionError>(
        _ patience: borrowing Mutex<Patience>, timeout: Duration, time: any TimeSource,
        _ question: (_ limit: Duration?) async -> Result<Answer, Failure>
    ) async -> Result<Answer, Failure> {
        let limits = patience.withLock { $0.limits(of: timeout) }
        var asked = time.monotonic()
        var answer = await question(limits?.first)
        if let limits, answer.error?.reason == .timeout {
            asked = time.monotonic()
            answer = await question(limits.second)
            if let error = answer.error, error.reason == .timeout, !error.isTaken {
                answer = await question(nil)
            }
        }
        let (isAnswered, now) = (answer.isSuccess, time.monotonic())
        patience.withLock { [asked] in
            if isAnswered { $0.answered(after: now - asked, now: now) } else { $0.failed() }
        }
        return answer
    }
}

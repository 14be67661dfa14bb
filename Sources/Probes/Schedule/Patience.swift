import Platform
import Synchronization
import Transport

/// How long to wait for a target that has always answered quickly before it is asked again on a new connection. Derived
/// from the target's answers of the last hour; a target that is slow, far away, or behind a lossy network gets its full
/// timeout.
struct Patience: Sendable {
    private struct Part {
        var begin: Instant
        var slowest: Duration = .zero
        var answers = 0
    }

    /// With less, a short delay of the system, or one lost packet, would make a target look hung.
    private static let shortest = Duration.milliseconds(450)
    /// Multiple of the slowest answer.
    private static let factor = 20
    /// Minimum number of answers to base limits on.
    private static let enough = 20
    private static let partLength = Duration.seconds(600)
    private static let parts = 6

    /// The newest is last.
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

    /// The target has not answered: until it does, it gets its full timeout.
    mutating func failed() { hasFailed = true }

    /// The limits for a request, and for the repetition on a new connection; nil to wait for the full timeout.
    func limits(of timeout: Duration) -> (first: Duration, second: Duration)? {
        guard !hasFailed, parts.reduce(0, { $0 + $1.answers }) >= Patience.enough else { return nil }
        let slowest = parts.map(\.slowest).max() ?? .zero
        let first = max(Patience.shortest, slowest * Patience.factor)
        let second = first * 2 / 3
        return first + second < timeout ? (first, second) : nil
    }
}

/// An error that a request may end with.
protocol QuestionError: Error, Sendable {
    var reason: TransportError.Reason { get }
    /// See `TransportError.isTaken`.
    var isTaken: Bool { get }
}

extension TransportError: QuestionError {}
extension PostgresError: QuestionError {}

extension Patience {
    /// Asks a target. One that has always answered quickly but is silent now is asked again at once, on a new
    /// connection: a transport closes a connection whose answer was not waited for. If the target's kernel accepts that
    /// request and no answer comes, its process hangs; if the network may have lost something, the target gets its full
    /// timeout.
    /// - Parameter question: asks once, and waits no longer than the limit; nil: for the full timeout.
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

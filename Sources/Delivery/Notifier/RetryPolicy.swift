import Platform
import Samples
import Text

/// How long to wait after a failed attempt: exponential backoff with jitter, never shorter than the receiver asked for.
struct RetryPolicy: Sendable, Hashable {
    /// After the first failure. Default 1 s.
    var initialDelay: Duration = .seconds(1)
    /// Default 1 min: a receiver that works again should get its pages soon.
    var maxDelay: Duration = .seconds(60)

    /// - Parameters:
    ///   - attempt: 1 after the first failure.
    ///   - retryAfter: the delay that the receiver asked for.
    ///   - unit: uniform in `0..<1`.
    func delay(afterAttempt attempt: Int, retryAfter: Duration?, unit: Double) -> Duration {
        let doubled = initialDelay.seconds * Double(1 << min(max(attempt, 1) - 1, 16))
        let base = min(doubled, maxDelay.seconds)
        // Between half and all of the delay, so that messages that failed together are not retried together.
        let jittered = Duration.milliseconds(Int64(saturating: base * (0.5 + unit / 2) * 1000))
        return max(jittered, retryAfter ?? .zero)
    }
}

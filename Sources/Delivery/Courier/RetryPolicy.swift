import Platform
import Samples

/// How long to wait after a failure: twice as long each time, with jitter, and never shorter than the receiver asked.
struct RetryPolicy: Sendable, Hashable {
    /// Default 1 s.
    var first: Duration = .seconds(1)
    /// Default 1 min: a receiver that is back wants its pages soon.
    var longest: Duration = .seconds(60)

    /// - Parameters:
    ///   - attempt: 1 after the first failure.
    ///   - unit: uniform in `0..<1`.
    func delay(afterAttempt attempt: Int, retryAfter: Duration?, unit: Double) -> Duration {
        let doubled = first.seconds * Double(1 << min(max(attempt, 1) - 1, 16))
        let base = min(doubled, longest.seconds)
        // Between half and the whole: many that failed together do not come back together.
        let jittered = Duration.milliseconds(Int64(saturating: base * (0.5 + unit / 2) * 1000))
        return max(jittered, retryAfter ?? .zero)
    }
}

import Text

/// How long to wait before the next attempt: the shortest wait, doubled with each failure up to the longest, shortened by
/// up to half at random, so that many agents do not come back at the same moment; never shorter than the server asked
/// for. Pure.
struct SendBackoff {
    let shortest: Duration
    let longest: Duration
    private var wait: Duration

    init(_ options: RemoteWriteOptions) {
        (shortest, longest) = (options.minBackoff, max(options.minBackoff, options.maxBackoff))
        wait = options.minBackoff
    }

    /// - Parameters:
    ///   - retryAfter: what the server asked for.
    ///   - unit: uniform in `0..<1`.
    mutating func next(retryAfter: Duration?, unit: Double) -> Duration {
        let own = Duration.nanoseconds(Int64(saturating: Double(wait.nanoseconds) * (0.5 + unit / 2)))
        wait = min(longest, wait + wait)
        return max(own, retryAfter ?? .zero)
    }
}

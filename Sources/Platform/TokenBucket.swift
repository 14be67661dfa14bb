/// Bounds how often something happens: a few at once, and then one per period.
package struct TokenBucket: Sendable {
    private let tokens: Int
    private let period: Duration
    /// When all tokens will be back, if no more are spent; nil before the first.
    private var full: Instant?

    /// A full bucket.
    /// - Parameters:
    ///   - tokens: at most this many at once.
    ///   - period: how long it takes until one more is there.
    package init(tokens: Int, period: Duration) {
        self.tokens = tokens
        self.period = period
    }

    /// When there is a token, at or after this time.
    package func next(_ now: Instant) -> Instant {
        max(now, full.map { $0 - period * (tokens - 1) } ?? now)
    }

    /// Spends one, even where there is none: the next is then later.
    package mutating func spend(_ now: Instant) { full = max(full ?? now, now) + period }
}

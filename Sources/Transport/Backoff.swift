import Platform

/// When to retry a failed server: after 0.5 s, doubling to 5 s, each wait shortened by up to half at random, so that
/// many agents do not connect at the same moment. Pure.
struct Backoff: Sendable {
    static let initialWait = Duration.milliseconds(500)
    static let maxWait = Duration.seconds(5)

    private(set) var failures = 0
    private(set) var notBefore: Instant?

    /// - Parameter random: uniform in `0..<1`.
    mutating func failed(at now: Instant, random: Double) {
        var wait = Backoff.initialWait
        for _ in 0..<min(failures, 8) where wait < Backoff.maxWait { wait = wait * 2 }
        failures += 1
        notBefore = now + min(wait, Backoff.maxWait) * (0.5 + random / 2)
    }

    mutating func succeeded() { self = Backoff() }

    func isWaiting(at now: Instant) -> Bool { notBefore.map { now < $0 } ?? false }
}

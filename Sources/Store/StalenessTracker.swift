import Samples

/// Knows which series each source gave last time, and ends those that it no longer gives.
/// Source: Prometheus' manual, "Staleness".
package struct StalenessTracker: Sendable {
    private var known: [String: Set<Labels>] = [:]

    package init() {}

    /// - Returns: a stale marker at `now` for each series that the source gave last time and not now.
    package mutating func track(source: String, samples: [Sample], now: Timestamp) -> [Sample] {
        let current = Set(samples.lazy.map(\.labels))
        let gone = (known[source] ?? []).subtracting(current)
        known[source] = current
        return gone.map { Sample($0, StaleMarker.value, at: now) }
    }

    /// Ends all series of a source that is no more.
    package mutating func end(source: String, now: Timestamp) -> [Sample] {
        let gone = known.removeValue(forKey: source) ?? []
        return gone.map { Sample($0, StaleMarker.value, at: now) }
    }
}

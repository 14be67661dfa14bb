package import Samples

/// Ends series that a source no longer has with a stale marker, so that they do not count as present for another five
/// minutes.
/// Source: Prometheus' manual, "Staleness".
package struct StalenessTracker: Sendable {
    private var known: [String: Set<Labels>] = [:]

    /// A tracker that has seen no source yet.
    package init() {}

    /// Records a source's current series.
    /// - Returns: a stale marker at `now` for each series that the source had last time but no longer has.
    package mutating func track(source: String, samples: [Sample], now: Timestamp) -> [Sample] {
        let current = Set(samples.lazy.map(\.labels))
        let gone = (known[source] ?? []).subtracting(current)
        known[source] = current
        return gone.map { Sample($0, StaleMarker.value, at: now) }
    }

    /// Ends all series of a source that is gone.
    /// - Returns: a stale marker at `now` for each of them.
    package mutating func end(source: String, now: Timestamp) -> [Sample] {
        let gone = known.removeValue(forKey: source) ?? []
        return gone.map { Sample($0, StaleMarker.value, at: now) }
    }
}

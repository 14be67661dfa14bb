import Exposition
import Platform
import Probes
import Samples
import Store
import Synchronization

/// What is known of every target now: the last result of each probe. The store has the past; this is the present,
/// for `/metrics` and for status tables.
package final class Observatory: Sendable {
    private struct State {
        var latest: [ProbeTarget: ProbeResult] = [:]
        var staleness = StalenessTracker()
        /// Health word and state of each target, to tell news from more of the same.
        var told: [ProbeTarget: [Labels: Double]] = [:]
    }

    private let state = Mutex(State())
    private let store: Store
    private let clock: ClockWatch

    package init(store: Store, clock: ClockWatch) {
        self.store = store
        self.clock = clock
    }

    /// Takes results in: samples and stale markers go to the store.
    /// - Returns: names of metrics of which a series began, ended, or changed its value between runs, timestamps and
    ///   counters of the probing itself left aside. Rules that read them deserve a look now rather than at their next
    ///   turn. All that is heard first of a target is news: the rules' first turn came before it.
    package func take(_ results: [ProbeResult]) -> Set<String> {
        var news: Set<String> = []
        let now = clock.look().now.wall
        for var result in results {
            // Stamped before the clock stepped back: it would refuse what comes until the clock has caught up.
            if result.timestamp > now { result.restamp(now) }
            let (markers, changed) = state.withLock { state -> ([Sample], Set<String>) in
                let markers = state.staleness.track(
                    source: result.target.description, samples: result.samples, now: result.timestamp)
                var changed: Set<String> = []
                var values: [Labels: Double] = [:]
                let before = state.told[result.target] ?? [:]
                for sample in result.samples {
                    guard let name = sample.labels.name, Observatory.isState(name) else { continue }
                    values[sample.labels] = sample.value
                    if before[sample.labels] != sample.value { changed.insert(name) }
                }
                for labels in before.keys where values[labels] == nil {
                    if let name = labels.name { changed.insert(name) }
                }
                state.told[result.target] = values
                state.latest[result.target] = result
                return (markers, changed)
            }
            store.append(markers + result.samples)
            news.formUnion(changed)
        }
        return news
    }

    /// Metrics whose change is an event: states and numbers of things, not measurements that differ at every turn.
    private static func isState(_ name: String) -> Bool {
        for suffix in [
            "_up", "_state", "_sealed", "_initialized", "_active", "_standby", "_nodes", "_success", "_reaches_active",
            "_primaries", "_streaming", "_replicas", "_in_recovery", "_late", "_objects", "_unreachable", "_agreement",
        ]
        where name.hasSuffix(suffix) {
            return true
        }
        return false
    }

    /// Ends every series of targets that are not configured any more.
    package func keepOnly(_ targets: Set<ProbeTarget>, now: Timestamp) {
        let markers = state.withLock { state -> [Sample] in
            var markers: [Sample] = []
            for target in state.latest.keys where !targets.contains(target) {
                markers += state.staleness.end(source: target.description, now: now)
                state.latest[target] = nil
                state.told[target] = nil
            }
            return markers
        }
        store.append(markers)
    }

    /// The last result of each target, in the order of the targets.
    package var results: [ProbeResult] {
        state.withLock { $0.latest.values.sorted { $0.target < $1.target } }
    }

    /// All samples as they stand on a `/metrics` page.
    package func families() -> [MetricFamily] { Catalogue.families(results.flatMap(\.samples)) }
}

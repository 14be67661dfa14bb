package import Exposition
import Platform
package import Probes
package import Samples
package import Store
import Synchronization

/// Appends the samples of probes to the store and keeps the latest result of each target, for `/metrics` and the status
/// tables.
package final class Appender: Sendable {
    fileprivate struct State {
        var targets: [ProbeTarget: TargetState] = [:]
        var staleness = StalenessTracker()
    }

    fileprivate struct TargetState {
        var latest: ProbeResult
        /// Names of the metrics of the latest result.
        var names: Set<String>
        /// Values of the metrics whose change is news.
        var states: [Labels: Double]
    }

    private let state = Mutex(State())
    private let store: Store
    private let clock: ClockStepDetector

    /// An appender that has no results yet.
    package init(store: Store, clock: ClockStepDetector) {
        self.store = store
        self.clock = clock
    }

    /// Appends the samples of results, and stale markers for series that a target no longer has.
    /// - Returns: names of metrics that rules should look at now rather than at their next turn: those that the
    ///   catalogue calls a state and of which a series began, ended or changed its value, and those that a target has
    ///   for the first time, since rules may have been evaluated before.
    package func append(_ results: [ProbeResult]) -> Set<String> {
        var news: Set<String> = []
        let now = clock.check().now.wall
        for var result in results {
            // Stamped before the clock stepped back: the store would refuse what follows until the clock catches up.
            if result.timestamp > now { result.restamp(now) }
            let markers = state.withLock { state in
                news.formUnion(state.update(result))
                return state.staleness.track(
                    source: result.target.description, samples: result.samples, now: result.timestamp)
            }
            store.append(markers + result.samples)
        }
        return news
    }

    /// Ends all series of targets that are not among these.
    /// - Parameter targets: those that are configured, and those derived from them.
    package func retain(_ targets: Set<ProbeTarget>, now: Timestamp) {
        let markers = state.withLock { state -> [Sample] in
            var markers: [Sample] = []
            for target in state.targets.keys where !targets.contains(target) {
                markers += state.staleness.end(source: target.description, now: now)
                state.targets[target] = nil
            }
            return markers
        }
        store.append(markers)
    }

    /// The latest result of each target, in the order of the targets.
    package var results: [ProbeResult] {
        state.withLock { $0.targets.values.map(\.latest) }.sorted { $0.target < $1.target }
    }

    /// All samples of the latest results, as they stand on a `/metrics` page.
    package func families() -> [MetricFamily] { Catalogue.families(results.flatMap(\.samples)) }
}

extension Appender.State {
    /// - Returns: names of metrics that are news.
    fileprivate mutating func update(_ result: ProbeResult) -> Set<String> {
        let before = targets[result.target]
        var news: Set<String> = []
        var names: Set<String> = []
        var states: [Labels: Double] = [:]
        for sample in result.samples {
            guard let name = sample.labels.name else { continue }
            names.insert(name)
            guard Catalogue.isState(series: name) else { continue }
            states[sample.labels] = sample.value
            if before?.states[sample.labels] != sample.value { news.insert(name) }
        }
        for labels in (before?.states ?? [:]).keys where states[labels] == nil {
            if let name = labels.name { news.insert(name) }
        }
        news.formUnion(names.subtracting(before?.names ?? []))
        targets[result.target] = .init(latest: result, names: names, states: states)
        return news
    }
}

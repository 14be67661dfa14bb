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
        /// The targets in their order; nil after one has come or gone.
        var order: [ProbeTarget]?
    }

    fileprivate struct TargetState {
        var latest: ProbeResult
        /// Indices of the latest result's samples whose changes trigger rules.
        var stateIndices: [Int]
        /// Of the latest result's samples.
        var layout: Catalogue.Layout
        /// Of the latest result's samples.
        let references = SeriesReferences()

        /// The names of the metrics of the latest result.
        var names: Set<String> { Set(latest.samples.lazy.compactMap(\.labels.name)) }

        /// Values of the metrics whose changes trigger rules.
        var states: [Labels: Double] {
            Dictionary(
                stateIndices.lazy.map { (latest.samples[$0].labels, latest.samples[$0].value) },
                uniquingKeysWith: { _, last in last })
        }
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
    /// - Returns: names of metrics that should trigger an evaluation of the rules that read them: those that the
    ///   catalogue calls a state and of which a series began, ended or changed its value, and those that a target has
    ///   for the first time, since rules may have been evaluated before.
    package func append(_ results: [ProbeResult]) -> Set<String> {
        var changed: Set<String> = []
        let now = clock.check().now.wall
        for var result in results {
            // Stamped before the clock stepped back: the store would reject later samples until the clock catches up.
            if result.timestamp > now { result.restamp(now) }
            let (markers, references) = state.withLock { state -> ([Sample], SeriesReferences?) in
                if let (names, references) = state.repeated(result) {
                    changed.formUnion(names)
                    return ([], references)
                }
                let before = state.targets[result.target]?.latest.samples ?? []
                changed.formUnion(state.update(result))
                let markers = StaleMarker.ending(
                    before.lazy.map(\.labels), except: result.samples.lazy.map(\.labels), at: result.timestamp)
                return (markers, nil)
            }
            // Nearly always without markers: the samples are then passed on as they are.
            store.append(markers.isEmpty ? result.samples : markers + result.samples, references: references)
        }
        return changed
    }

    /// Ends all series of targets that are not among these.
    /// - Parameter targets: those that are configured, and those derived from them.
    package func retain(_ targets: Set<ProbeTarget>, now: Timestamp) {
        let markers = state.withLock { state -> [Sample] in
            var markers: [Sample] = []
            for (target, last) in state.targets where !targets.contains(target) {
                markers += StaleMarker.ending(last.latest.samples.lazy.map(\.labels), at: now)
                state.targets[target] = nil
                state.order = nil
            }
            return markers
        }
        store.append(markers)
    }

    /// The latest result of each target, in the order of the targets.
    package var results: [ProbeResult] { inOrder(\.latest) }

    /// The same, each with the layout of its samples.
    package var resultsWithLayout: [(result: ProbeResult, layout: Catalogue.Layout)] {
        inOrder { ($0.latest, $0.layout) }
    }

    /// All samples of the latest results, as shown on `/metrics`.
    package func families() -> [FamilySource] {
        Catalogue.sources(inOrder { ($0.latest.samples, $0.layout) })
    }

    /// Something of each target, in their order.
    private func inOrder<Part: Sendable>(_ part: @Sendable (TargetState) -> Part) -> [Part] {
        state.withLock { state in
            let order = state.order ?? state.targets.keys.sorted()
            state.order = order
            return order.compactMap { state.targets[$0].map(part) }
        }
    }
}

extension Appender.State {
    /// Stores a result that has the same series as the previous one in the same order, as nearly all have: this avoids
    /// hashing labels.
    /// - Returns: names of metrics that changed, and the series; nil, with nothing stored, if the series differ.
    fileprivate mutating func repeated(_ result: ProbeResult) -> (changed: [String], references: SeriesReferences)? {
        guard let index = targets.index(forKey: result.target) else { return nil }
        let before = targets.values[index].latest.samples
        guard before.count == result.samples.count else { return nil }
        for (old, new) in zip(before, result.samples) where old.labels != new.labels { return nil }
        var changed: [String] = []
        for state in targets.values[index].stateIndices where before[state].value != result.samples[state].value {
            if let name = before[state].labels.name { changed.append(name) }
        }
        targets.values[index].latest = result
        return (changed, targets.values[index].references)
    }

    /// - Returns: names of metrics that changed.
    fileprivate mutating func update(_ result: ProbeResult) -> Set<String> {
        let before = targets[result.target]
        let statesBefore = before?.states ?? [:]
        let layout = Catalogue.Layout(result.samples)
        let after = Appender.TargetState(latest: result, stateIndices: layout.stateIndices, layout: layout)
        let states = after.states
        var changed = after.names.subtracting(before?.names ?? [])
        for (labels, value) in states where statesBefore[labels] != value {
            if let name = labels.name { changed.insert(name) }
        }
        for labels in statesBefore.keys where states[labels] == nil {
            if let name = labels.name { changed.insert(name) }
        }
        if before == nil { order = nil }
        targets[result.target] = after
        return changed
    }
}

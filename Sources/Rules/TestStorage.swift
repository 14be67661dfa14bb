import PromQL
import Samples
import Synchronization
import Text

/// The input series and the results of the rules.
final class TestStorage: SampleSource {
    private struct State {
        var byName: [String: [Labels: [Point]]] = [:]
    }

    private let state: Mutex<State>

    init(_ series: [Series]) {
        var state = State()
        for one in series { state.byName[one.labels.name ?? "", default: [:]][one.labels, default: []] += one.points }
        self.state = Mutex(state)
    }

    /// Of two samples of a series with the same time the first one is kept, as in a server.
    func add(_ samples: [Sample]) {
        state.withLock { state in
            for sample in samples {
                let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
                let name = sample.labels.name ?? ""
                if let last = state.byName[name]?[sample.labels]?.last, last.t >= point.t { continue }
                state.byName[name, default: [:]][sample.labels, default: []].append(point)
            }
        }
    }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        state.withLock { state in
            let fixed = matchers.first { $0.name == Labels.metricName && $0.operation == .equal }?.value
            let pools = fixed.map { [state.byName[$0] ?? [:]] } ?? Array(state.byName.values)
            let found = pools.flatMap { pool in
                pool.compactMap { labels, points -> Series? in
                    guard matchers.allSatisfy({ $0.matches(labels) }) else { return nil }
                    let found = points.filter { $0.t > start && $0.t <= end }
                    return found.isEmpty ? nil : Series(labels, found)
                }
            }
            return found.sorted { $0.labels < $1.labels }
        }
    }
}

import PromQL
import Samples
import Synchronization

/// The store with the results of the running evaluation laid over it, so that a group's later rules see its earlier ones.
final class OverlaySource: SampleSource {
    private let base: any SampleSource
    private let added = Mutex<[Sample]>([])

    init(_ base: any SampleSource) { self.base = base }

    func add(_ samples: [Sample]) { added.withLock { $0 += samples } }

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        var found = try base.select(matchers, start: start, end: end)
        let extra = added.withLock { added in
            added.filter { sample in
                sample.timestamp.milliseconds > start && sample.timestamp.milliseconds <= end && matchers.allSatisfy { $0.matches(sample.labels) }
            }
        }
        guard !extra.isEmpty else { return found }
        var places: [Labels: Int] = [:]
        for (index, series) in found.enumerated() { places[series.labels] = index }
        for sample in extra {
            let point = Point(t: sample.timestamp.milliseconds, v: sample.value)
            guard let index = places[sample.labels] else {
                places[sample.labels] = found.count
                found.append(Series(sample.labels, [point]))
                continue
            }
            // A result replaces one of the same time; a later one than it can only be there after a clock step.
            found[index].points.removeAll { $0.t == point.t }
            let place = found[index].points.firstIndex { $0.t > point.t } ?? found[index].points.endIndex
            found[index].points.insert(point, at: place)
        }
        return found
    }
}

package import Exposition
import Samples
import Synchronization
import Text

/// The agent's own metrics. Each component registers its metrics when it is created; series whose labels are known then
/// are exported at zero from the start.
///
/// A metric has at most `seriesLimit` series. Observations for further label values go to one series whose label values
/// are all `other`, so that no input can grow a page without bound.
package final class Registry: Sendable {
    private let metrics = Mutex<[String: Metric]>([:])
    private let seriesLimit: Int

    /// An empty registry.
    /// - Parameter seriesLimit: the maximum number of series per metric. Default 1,000.
    package init(seriesLimit: Int = 1000) { self.seriesLimit = seriesLimit }

    /// Registers a counter, or returns the metric already registered under this name.
    /// - Parameters:
    ///   - name: ends in `_total`.
    ///   - labels: the label names.
    package func counter(_ name: String, help: String, labels: [String] = []) -> Counter {
        Counter(metric: metric(name, .counter, help, labels, []))
    }

    /// Registers a gauge, or returns the metric already registered under this name.
    package func gauge(_ name: String, help: String, labels: [String] = []) -> Gauge {
        Gauge(metric: metric(name, .gauge, help, labels, []))
    }

    /// Registers a classic histogram, or returns the metric already registered under this name.
    /// - Parameter buckets: upper bounds in ascending order, without `+Inf`.
    package func histogram(
        _ name: String, help: String, labels: [String] = [], buckets: [Double] = Registry.secondsBuckets
    ) -> Histogram {
        Histogram(metric: metric(name, .histogram, help, labels, buckets))
    }

    /// Default buckets for durations in seconds: from a response over loopback (1 ms) to a probe's timeout (10 s).
    package static let secondsBuckets: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]

    /// The current values of all metrics, sorted by name.
    package func families() -> [MetricFamily] {
        let all = metrics.withLock { Array($0.values) }
        return all.sorted { $0.name < $1.name }.map { $0.family() }
    }

    /// The type and help of the metric that a series belongs to: `x_bucket` to the histogram `x`. Nil if there is none.
    package func description(ofSeries name: String) -> (kind: MetricFamily.Kind, help: String)? {
        metrics.withLock { metrics in
            if let metric = metrics[name] { return metric.description }
            for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
                if let metric = metrics[String(name.dropLast(suffix.count))], metric.description.kind == .histogram {
                    return metric.description
                }
            }
            return nil
        }
    }

    private func metric(
        _ name: String, _ kind: MetricFamily.Kind, _ help: String, _ labels: [String], _ buckets: [Double]
    ) -> Metric {
        metrics.withLock { metrics in
            if let known = metrics[name] { return known }
            let new = Metric(
                name: name, kind: kind, help: help, labelNames: labels, buckets: buckets, seriesLimit: seriesLimit)
            metrics[name] = new
            return new
        }
    }
}

/// A metric that only increases.
package struct Counter: Sendable {
    fileprivate let metric: Metric

    /// Adds to a series.
    /// - Parameters:
    ///   - labels: the label values, in the order of the metric's label names.
    ///   - amount: not negative.
    package func increment(_ labels: String..., by amount: Double = 1) { metric.change(labels) { $0.value += amount } }
    /// A series' value; 0 where it does not exist.
    package func value(_ labels: String...) -> Double { metric.read(labels)?.value ?? 0 }
    /// Creates a series at zero, so that it is exported before its first increment.
    package func declare(_ labels: String...) { metric.change(labels) { _ in } }
}

/// A metric that can go up and down.
package struct Gauge: Sendable {
    fileprivate let metric: Metric

    /// Sets a series to a value.
    package func set(_ value: Double, _ labels: String...) { metric.change(labels) { $0.value = value } }
    /// Adds to a series; a negative amount subtracts.
    package func add(_ amount: Double, _ labels: String...) { metric.change(labels) { $0.value += amount } }
    /// A series' value; 0 where it does not exist.
    package func value(_ labels: String...) -> Double { metric.read(labels)?.value ?? 0 }
    /// Removes one series, once its subject no longer exists.
    package func remove(_ labels: String...) { metric.remove(labels) }
    /// Removes all series.
    package func removeAll() { metric.removeAll() }
}

/// A metric that counts observations by size, in classic buckets.
package struct Histogram: Sendable {
    fileprivate let metric: Metric

    /// Counts an observation.
    package func observe(_ value: Double, _ labels: String...) {
        metric.change(labels) { cell in
            cell.value += value
            cell.count += 1
            if let index = metric.buckets.firstIndex(where: { value <= $0 }) { cell.buckets[index] += 1 }
        }
    }

    /// The number of observations of a series; 0 where it does not exist.
    package func count(_ labels: String...) -> Double { metric.read(labels)?.count ?? 0 }
    /// Creates a series without observations, so that it is exported from the start.
    package func declare(_ labels: String...) { metric.change(labels) { _ in } }
}

private final class Metric: Sendable {
    struct Cell {
        /// A counter's or gauge's value, or a histogram's sum.
        var value = 0.0
        var count = 0.0
        /// Not cumulative.
        var buckets: [Double]
    }

    let name: String
    let buckets: [Double]
    private let kind: MetricFamily.Kind
    private let help: String
    private let labelNames: [String]
    private let seriesLimit: Int
    private let cells: Mutex<[[String]: Cell]>

    init(name: String, kind: MetricFamily.Kind, help: String, labelNames: [String], buckets: [Double], seriesLimit: Int)
    {
        self.name = name
        self.kind = kind
        self.help = help
        self.labelNames = labelNames
        self.buckets = buckets
        self.seriesLimit = seriesLimit
        cells = Mutex(labelNames.isEmpty ? [[]: Cell(buckets: Array(repeating: 0, count: buckets.count))] : [:])
    }

    var description: (kind: MetricFamily.Kind, help: String) { (kind, help) }

    func change(_ labels: [String], _ body: (inout Cell) -> Void) {
        var key = labels
        // A wrong number of label values is padded or cut, since a programming error here must not stop the agent.
        while key.count < labelNames.count { key.append("") }
        key.removeLast(key.count - labelNames.count)
        cells.withLock { cells in
            if cells[key] == nil && cells.count >= seriesLimit {
                key = Array(repeating: "other", count: labelNames.count)
            }
            body(&cells[key, default: Cell(buckets: Array(repeating: 0, count: buckets.count))])
        }
    }

    func read(_ labels: [String]) -> Cell? { cells.withLock { $0[labels] } }
    func remove(_ labels: [String]) { cells.withLock { $0[labels] = nil } }
    func removeAll() { cells.withLock { $0.removeAll() } }

    func family() -> MetricFamily {
        var family = MetricFamily(name, kind, help: help)
        for (values, cell) in cells.withLock({ $0 }).sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let labels = zip(labelNames, values).map { Label($0, $1) }
            func line(_ suffix: String, _ extra: [Label], _ value: Double) {
                family.samples.append(.init(Labels(labels + extra + [Label(Labels.metricName, name + suffix)]), value))
            }
            guard kind == .histogram else {
                line("", [], cell.value)
                continue
            }
            var sum = 0.0
            for (bound, count) in zip(buckets, cell.buckets) {
                sum += count
                line("_bucket", [Label("le", goFormat(bound))], sum)
            }
            line("_bucket", [Label("le", "+Inf")], cell.count)
            line("_sum", [], cell.value)
            line("_count", [], cell.count)
        }
        return family
    }
}

import Samples
import Text

/// A classic Prometheus histogram of durations.
struct LatencyHistogram: Sendable, Hashable {
    /// Ascending upper bounds in seconds, from a loopback response to a probe's timeout. 0.1 s is the target for
    /// reading a secret.
    static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let boundNames = bounds.map(goFormat) + ["+Inf"]

    /// Not cumulative; the last one counts observations above all bounds.
    private var buckets = [Double](repeating: 0, count: bounds.count + 1)
    private(set) var sum = 0.0
    private(set) var count = 0.0

    /// - Parameter seconds: negative and non-finite values are ignored.
    mutating func observe(_ seconds: Double) {
        guard seconds >= 0, seconds.isFinite else { return }
        let index = LatencyHistogram.bounds.firstIndex { seconds <= $0 } ?? LatencyHistogram.bounds.count
        buckets[index] += 1
        sum += seconds
        count += 1
    }

    /// The lines of the exposition: cumulative buckets, sum, count.
    var lines: [(suffix: String, bound: String?, value: Double)] {
        var total = 0.0
        var lines: [(suffix: String, bound: String?, value: Double)] = []
        for (bucket, name) in zip(buckets, LatencyHistogram.boundNames) {
            total += bucket
            lines.append(("_bucket", name, total))
        }
        lines.append(("_sum", nil, sum))
        lines.append(("_count", nil, count))
        return lines
    }
}

package import Samples

/// How the probes of one target have gone.
package struct ProbeCourse: Sendable, Hashable {
    /// How long a probe of the last hour took, in seconds; nil if there was none.
    package var median: Double?
    /// How long the slowest probe of the last hour took, in seconds; nil if there was none.
    package var slowest: Double?
    /// Number of failed probes since the agent's start, by reason; reasons without failures are absent.
    package var failures: [String: Int] = [:]
    /// Time from one regular turn to the next; nil if not known.
    package var interval: Duration?
    /// The next regular turn; nil if not known.
    package var next: Timestamp?

    /// Nothing is known.
    package init() {}

    /// Adds the durations of all probes of the last hour, in seconds and in any order.
    package mutating func add(durations: [Double]) {
        let sorted = durations.filter(\.isFinite).sorted()
        guard let last = sorted.last else { return }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        slowest = last
    }
}

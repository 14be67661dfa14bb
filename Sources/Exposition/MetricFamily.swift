import Samples

/// A metric as it stands on a `/metrics` page: name, kind, help, and its samples.
package struct MetricFamily: Sendable, Hashable {
    package enum Kind: String, Sendable, CaseIterable {
        case counter, gauge, histogram, summary, untyped
    }

    /// For counters with the `_total` that their samples carry.
    package var name: String
    package var kind: Kind
    package var help: String
    package var samples: [Sample]

    /// One line: for histograms and summaries the name has its suffix (`_bucket`, `_sum`, `_count`).
    package struct Sample: Sendable, Hashable {
        package var labels: Labels
        package var value: Double
        /// Only where the page says so.
        package var timestamp: Timestamp?

        /// - Parameter labels: the metric's name among them.
        package init(_ labels: Labels, _ value: Double, timestamp: Timestamp? = nil) {
            self.labels = labels
            self.value = value
            self.timestamp = timestamp
        }
    }

    package init(_ name: String, _ kind: Kind, help: String, samples: [Sample] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}

package import Samples

/// A metric as on a `/metrics` page: its name, type, help text and samples.
package struct MetricFamily: Sendable, Hashable {
    /// The metric's type. The raw values are those of the text format's `# TYPE` lines.
    package enum Kind: String, Sendable, CaseIterable {
        case counter, gauge, histogram, summary, untyped
    }

    /// The metric's name; for counters with the `_total` of their samples.
    package var name: String
    /// The metric's type.
    package var kind: Kind
    /// The `# HELP` text, unescaped.
    package var help: String
    /// The samples in the order of the page.
    package var samples: [Sample]

    /// One line of the page.
    package struct Sample: Sendable, Hashable {
        /// The labels with `__name__`; the names of histograms' and summaries' samples end in `_bucket`, `_sum` or
        /// `_count`.
        package var labels: Labels
        /// The sample's value.
        package var value: Double
        /// The time of the sample; nil where the page gives none.
        package var timestamp: Timestamp?

        /// A sample.
        /// - Parameter labels: the labels, `__name__` included.
        package init(_ labels: Labels, _ value: Double, timestamp: Timestamp? = nil) {
            self.labels = labels
            self.value = value
            self.timestamp = timestamp
        }
    }

    /// A family from its parts.
    package init(_ name: String, _ kind: Kind, help: String, samples: [Sample] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}

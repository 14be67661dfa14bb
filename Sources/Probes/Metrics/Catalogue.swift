package import Exposition
package import Samples

/// Every metric that the probes emit, with type, labels and help for `/metrics`; rules and dashboards are checked
/// against it.
package enum Catalogue {
    /// One metric.
    package struct Entry: Sendable, Hashable {
        /// The family's name, without suffixes such as `_bucket`.
        package let name: String
        /// Its type.
        package let kind: MetricFamily.Kind
        /// The names of its labels; a label is absent from a series where its value is unknown.
        package let labels: [String]
        /// The HELP text.
        package let help: String
        /// Whether a change of its value is an event, so that rules that read it are evaluated at once: a state or a
        /// count, as opposed to measurements, which differ in every run.
        package let isState: Bool

        init(
            _ name: String, _ kind: MetricFamily.Kind, _ labels: [String], _ help: String, isState: Bool = false
        ) {
            self.name = name
            self.kind = kind
            self.labels = labels
            self.help = help
            self.isState = isState
        }

        /// The names of its series: `x_bucket`, `x_sum` and `x_count` for a histogram `x`.
        package var seriesNames: [String] {
            switch kind {
            case .histogram: [name + "_bucket", name + "_sum", name + "_count"]
            case .summary: [name + "_sum", name + "_count"]
            case .counter, .gauge, .untyped: [name]
            }
        }
    }

    private static let bySeriesName: [String: Entry] = {
        var table: [String: Entry] = [:]
        for entry in entries {
            for name in entry.seriesNames { table[name] = entry }
        }
        return table
    }()

    /// The metric that a series belongs to: `x_bucket` to the histogram `x`.
    package static func entry(forSeries name: String) -> Entry? { bySeriesName[name] }

    /// Whether a change of this series is an event; see `Entry.isState`. False for an unknown metric.
    package static func isState(series name: String) -> Bool { bySeriesName[name]?.isState ?? false }

    /// Groups samples into families for `/metrics`, sorted by name; samples of unknown metrics are dropped.
    package static func families(_ samples: some Sequence<Sample>) -> [MetricFamily] {
        var families: [String: MetricFamily] = [:]
        for sample in samples {
            guard let name = sample.labels.name, let entry = entry(forSeries: name) else { continue }
            families[entry.name, default: MetricFamily(entry.name, entry.kind, help: entry.help)]
                .samples.append(MetricFamily.Sample(sample.labels, sample.value))
        }
        return families.values.sorted { $0.name < $1.name }
    }
}

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

    private static let sorted = entries.sorted { $0.name < $1.name }

    /// Indices in `sorted`.
    private static let bySeriesName: [String: Int] = {
        var table: [String: Int] = [:]
        for (index, entry) in sorted.enumerated() {
            for name in entry.seriesNames { table[name] = index }
        }
        return table
    }()

    /// The metric that a series belongs to: `x_bucket` to the histogram `x`.
    package static func entry(forSeries name: String) -> Entry? { bySeriesName[name].map { sorted[$0] } }

    /// Where the samples of each family are in a target's result; the same for all results with the same series.
    package struct Layout: Sendable {
        /// Samples of one family that follow each other.
        fileprivate struct Run {
            /// In `sorted`.
            var entry: Int
            var samples: Range<Int>
        }

        fileprivate private(set) var runs: [Run] = []

        /// Indices of the samples whose changes are events; see `Entry.isState`.
        package var stateIndices: [Int] { runs.filter { sorted[$0.entry].isState }.flatMap(\.samples) }

        /// The layout of these samples.
        package init(_ samples: [Sample]) {
            var last: (name: String, entry: Int?)?
            for (index, sample) in samples.enumerated() {
                let name = sample.labels.name ?? ""
                let entry = name == last?.name ? last?.entry : bySeriesName[name]
                last = (name, entry)
                guard let entry else { continue }
                if let run = runs.last, run.entry == entry, run.samples.upperBound == index {
                    runs[runs.count - 1].samples = run.samples.lowerBound..<index + 1
                } else {
                    runs.append(Run(entry: entry, samples: index..<index + 1))
                }
            }
        }
    }

    /// Some metrics, to find their samples in results without comparing the name of each.
    package struct Selection: Sendable {
        /// For each of `sorted`, whether it is among them.
        private let isSelected: [Bool]

        /// The metrics of these series; unknown names are dropped.
        package init(seriesNames: some Sequence<String>) {
            var isSelected = Array(repeating: false, count: sorted.count)
            for name in seriesNames { if let index = bySeriesName[name] { isSelected[index] = true } }
            self.isSelected = isSelected
        }

        /// Indices of the samples of these metrics in a result of this layout.
        package func samples(_ layout: Layout) -> some Sequence<Int> {
            layout.runs.lazy.filter { isSelected[$0.entry] }.flatMap(\.samples)
        }
    }

    /// The families of `/metrics`, sorted by name; samples of unknown metrics are dropped. Of each family it is only
    /// noted where its samples are: a page of many targets is not copied.
    /// - Parameter results: the samples of each target.
    package static func sources(_ results: [(samples: [Sample], layout: Layout)]) -> [FamilySource] {
        var parts: [[(samples: [Sample], range: Range<Int>)]] = Array(repeating: [], count: sorted.count)
        for (samples, layout) in results {
            for run in layout.runs { parts[run.entry].append((samples, run.samples)) }
        }
        return zip(sorted, parts).compactMap { entry, parts in
            if parts.isEmpty { return nil }
            return FamilySource(entry.name, entry.kind, help: entry.help, parts: parts.count) { part, body in
                for sample in parts[part].samples[parts[part].range] { body(sample.labels, sample.value, nil) }
            }
        }
    }
}

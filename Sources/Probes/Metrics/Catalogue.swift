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

    /// The samples of one family that follow each other in a result.
    private struct Run {
        var result: Int32
        var from: Int32
        var to: Int32
    }

    /// The families of `/metrics`, sorted by name; samples of unknown metrics are dropped. Of each family it is only
    /// noted where its samples are: a page of many targets is not copied.
    /// - Parameter results: the samples of each target.
    package static func sources(_ results: [[Sample]]) -> [FamilySource] {
        var runs: [String: [Run]] = [:]
        for (result, samples) in results.enumerated() {
            var last: (name: String, entry: Entry?)?
            var run: (entry: String, from: Int)?
            func end(_ to: Int) {
                guard let run, let result = Int32(exactly: result), let from = Int32(exactly: run.from),
                    let to = Int32(exactly: to)
                else { return }
                runs[run.entry, default: []].append(Run(result: result, from: from, to: to))
            }
            for (index, sample) in samples.enumerated() {
                let name = sample.labels.name ?? ""
                if name == last?.name { continue }
                let entry = entry(forSeries: name)
                last = (name, entry)
                if entry?.name == run?.entry { continue }
                end(index)
                run = entry.map { ($0.name, index) }
            }
            end(samples.count)
        }
        return entries.compactMap { entry in
            runs[entry.name].map { runs in
                FamilySource(entry.name, entry.kind, help: entry.help, parts: runs.count) { part, body in
                    let run = runs[part]
                    for sample in results[Int(run.result)][Int(run.from)..<Int(run.to)] {
                        body(sample.labels, sample.value, nil)
                    }
                }
            }
        }.sorted { $0.name < $1.name }
    }
}

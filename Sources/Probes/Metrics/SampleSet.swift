import Samples
import Text

/// The samples of one probe run: they share a timestamp and the target's own labels.
struct SampleSet: Sendable {
    private(set) var samples: [Sample] = []
    let timestamp: Timestamp
    private let common: [Label]

    init(_ common: KeyValuePairs<String, String> = [:], at timestamp: Timestamp) {
        self.common = common.map { Label($0.key, $0.value) }
        self.timestamp = timestamp
    }

    /// Adds a sample unless the value is nil; labels with empty values are omitted.
    mutating func add(_ name: String, _ value: Double?, _ labels: KeyValuePairs<String, String> = [:]) {
        guard let value else { return }
        add(name, value, labels.map { Label($0.key, $0.value) })
    }

    mutating func add(_ name: String, _ value: Double, _ labels: [Label]) {
        var pairs: [Label] = []
        pairs.reserveCapacity(common.count + labels.count + 1)
        pairs.append(Label(Labels.metricName, name))
        for label in common where !label.value.isEmpty { pairs.append(label) }
        for label in labels where !label.value.isEmpty {
            pairs.append(Label(label.name, SampleSet.bounded(label.value)))
        }
        pairs.sort { $0.name < $1.name }
        samples.append(Sample(Labels(sorted: pairs), value, at: timestamp))
    }

    mutating func add(_ name: String, _ value: Bool?, _ labels: KeyValuePairs<String, String> = [:]) {
        add(name, value.map { $0 ? 1 : 0 }, labels)
    }

    mutating func add(_ name: String, _ value: Int?, _ labels: KeyValuePairs<String, String> = [:]) {
        add(name, value.map(Double.init), labels)
    }

    mutating func add(_ name: String, _ value: Timestamp?, _ labels: KeyValuePairs<String, String> = [:]) {
        add(name, value?.seconds, labels)
    }

    /// Adds one series for each possible state: 1 for the current one, 0 for the others.
    mutating func addState(_ name: String, _ present: String, of all: [String]) {
        for state in all { add(name, state == present, ["state": state]) }
    }

    mutating func add(_ name: String, _ histogram: LatencyHistogram, _ labels: [Label] = []) {
        for line in histogram.lines {
            add(name + line.suffix, line.value, line.bound.map { labels + [Label("le", $0)] } ?? labels)
        }
    }

    mutating func append(_ other: SampleSet) { samples += other.samples }

    /// Label values come from the targets, so their length is limited.
    private static func bounded(_ value: String) -> String {
        value.utf8.count <= 256 ? value : String(value.prefix(200)) + "…"
    }
}

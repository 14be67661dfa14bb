import Samples
import Text

/// The samples of one probe run: they share a timestamp and the target's own labels.
///
/// Nearly all runs of a probe have the same series in the same order. Given the series of the run before, labels are
/// compared with them and shared, not built anew: that costs no allocation, and the store and the latest results hold
/// one copy.
struct SampleSet: Sendable {
    private(set) var samples: [Sample] = []
    let timestamp: Timestamp
    private let common: [Label]
    private let previous: [Labels]

    /// - Parameter previous: the series of the run before, in their order.
    init(_ common: KeyValuePairs<String, String> = [:], at timestamp: Timestamp, previous: [Labels] = []) {
        self.common = common.lazy.filter { !$0.value.isEmpty }.map { Label($0.key, $0.value) }
        self.timestamp = timestamp
        self.previous = previous
        samples.reserveCapacity(previous.count)
    }

    /// Adds a sample unless the value is nil; labels with empty values are omitted.
    mutating func add(_ name: String, _ value: Double?, _ labels: KeyValuePairs<String, String> = [:]) {
        guard let value else { return }
        if let known = known(name, labels.lazy.map { Label($0.key, $0.value) }) {
            samples.append(Sample(known, value, at: timestamp))
        } else {
            build(name, value, labels.map { Label($0.key, $0.value) })
        }
    }

    mutating func add(_ name: String, _ value: Double, _ labels: [Label]) {
        if let known = known(name, labels) {
            samples.append(Sample(known, value, at: timestamp))
        } else {
            build(name, value, labels)
        }
    }

    /// The series that the run before had at this place, if it is this one.
    private func known(_ name: String, _ labels: some Sequence<Label>, at place: Int = 0) -> Labels? {
        let index = samples.count + place
        guard index < previous.count else { return nil }
        let known = previous[index]
        guard known.name == name else { return nil }
        var count = 1 + common.count
        for label in labels where !label.value.isEmpty {
            guard known[label.name] == SampleSet.bounded(label.value) else { return nil }
            count += 1
        }
        guard known.count == count, common.allSatisfy({ known[$0.name] == $0.value }) else { return nil }
        return known
    }

    private mutating func build(_ name: String, _ value: Double, _ labels: [Label]) {
        var pairs: [Label] = []
        pairs.reserveCapacity(common.count + labels.count + 1)
        pairs.append(Label(Labels.metricName, name))
        pairs += common
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
        let lines = histogram.lines
        // They always come together: where the first and the last are known, so are those between.
        if let first = lines.first, let last = lines.last,
            known(name + first.suffix, labels + (first.bound.map { [Label("le", $0)] } ?? [])) != nil,
            known(name + last.suffix, labels, at: lines.count - 1) != nil
        {
            let start = samples.count
            for (offset, line) in lines.enumerated() {
                samples.append(Sample(previous[start + offset], line.value, at: timestamp))
            }
            return
        }
        for line in lines {
            add(name + line.suffix, line.value, line.bound.map { labels + [Label("le", $0)] } ?? labels)
        }
    }

    mutating func append(_ other: SampleSet) { samples += other.samples }

    /// Label values come from the targets, so their length is limited.
    private static func bounded(_ value: String) -> String {
        value.utf8.count <= 256 ? value : String(value.prefix(200)) + "…"
    }
}

import Samples

/// The series of a probe's last run, in their order, for `SampleSet`.
struct SeriesOfRun: Sendable {
    private(set) var labels: [Labels] = []

    /// Keeps those of the run that ends.
    mutating func keep(_ samples: [Sample]) {
        if labels.count == samples.count, zip(labels, samples).allSatisfy({ $0 == $1.labels }) { return }
        labels = samples.map(\.labels)
    }
}

import PromQL
import Samples
import Text

/// The result of an expression that depends on nothing but the newest values of some metrics, and for how long it holds:
/// with a thousand nodes, few rules read what changes from one evaluation to the next.
struct KnownResult: Sendable {
    let elements: [VectorSample]
    /// What was read for it.
    let read: CountingSource.Read
    private let changes: [MetricChange?]
    /// When it was evaluated, and when the first sample that it rests on will have become too old; milliseconds since the
    /// epoch.
    private let time: Int64
    private let end: Int64

    /// Results with more elements are not kept.
    private static let elementLimit = 10_000

    /// - Parameters:
    ///   - changes: of the metrics that the expression reads, as they were before it was evaluated.
    ///   - time: of the evaluation.
    /// - Returns: nil if it is not known what changes it.
    init?(
        _ elements: [VectorSample], _ changes: [MetricChange?]?, _ read: CountingSource.Read, at time: Timestamp,
        lookback: Duration
    ) {
        guard let changes, elements.count <= KnownResult.elementLimit,
            // A sample that is newer than the evaluation has not been read.
            changes.allSatisfy({ $0.map { $0.newest <= time.milliseconds } ?? true })
        else { return nil }
        self.elements = elements
        self.changes = changes
        self.read = read
        self.time = time.milliseconds
        end = read.oldest.addingSaturated(lookback.milliseconds)
    }

    /// Whether it is still the result.
    /// - Parameter changes: of the metrics that the expression reads.
    func holds(_ changes: [MetricChange?]?, at time: Timestamp) -> Bool {
        changes == self.changes && time.milliseconds >= self.time && time.milliseconds < end
    }
}

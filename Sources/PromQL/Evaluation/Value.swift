package import Samples

/// The result of an instant query.
package enum Value: Sendable {
    case scalar(Double)
    case string(String)
    /// In the order of `sort`, `topk` and the like where the expression has one, else sorted by labels.
    case vector([VectorSample])
    /// Sorted by labels.
    case matrix([Series])
}

/// One element of an instant vector.
package struct VectorSample: Hashable, Sendable {
    /// The series' labels.
    package var labels: Labels
    /// The value at the time of the evaluation.
    package var value: Double

    /// An element from its labels and its value.
    package init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// Why an expression could not be evaluated.
package struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of the error.
    package enum Kind: String, Hashable, Sendable {
        /// The data do not suit the expression: many-to-many matching, duplicate label sets.
        case execution
        /// A limit of `EvaluationLimits` is exceeded.
        case limit
        /// `EvaluationLimits.isOverdue` returned true.
        case timeout
        /// The source of samples failed.
        case source
    }

    /// The class of the error.
    package let kind: Kind
    /// What is wrong, in Prometheus' words where Prometheus has the same error.
    package let message: String

    /// An error of a class.
    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

/// The limits of one evaluation.
package struct EvaluationLimits: Sendable {
    /// The maximum number of samples in memory at a time: loaded points and intermediate results. Default 50 million,
    /// as Prometheus' `--query.max-samples`.
    package var samples = 50_000_000
    /// The maximum number of series of a selector, and of a result. Default 1 million.
    package var series = 1_000_000
    /// The maximum number of points of a range query's result. Default: no limit.
    package var resultPoints = Int.max
    /// The maximum number of steps of a range query, and of a subquery. Default 1.1 million; the query API sets 11,000.
    package var steps = 1_100_000
    /// Whether the deadline has passed; called about once per millisecond of work. Default: never.
    package var isOverdue: @Sendable () -> Bool = { false }
    /// The step of subqueries without one. Default 1 min, as Prometheus' `global.evaluation_interval`.
    package var defaultStep: Duration = .seconds(60)

    /// The default limits.
    package init() {}
}

import Samples

/// What an expression came to at one time.
package enum Value: Sendable {
    case scalar(Double)
    case string(String)
    /// In the order that the expression asks for, else sorted by labels.
    case vector([VectorSample])
    /// Sorted by labels.
    case matrix([Series])
}

/// One series' value at the time of the evaluation.
package struct VectorSample: Hashable, Sendable {
    package var labels: Labels
    package var value: Double

    package init(labels: Labels, value: Double) {
        self.labels = labels
        self.value = value
    }
}

/// Why an expression could not be evaluated.
package struct EvaluationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        /// The data do not fit the expression: many-to-many matching, equal label sets.
        case execution
        /// A bound on samples or series.
        case limit
        case timeout
        /// The source of samples failed.
        case source
    }

    package let kind: Kind
    package let message: String

    package init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    package var description: String { message }
}

/// What one evaluation may cost.
package struct EvaluationLimits: Sendable {
    /// Points that all selectors together may load. Default 50 million, as Prometheus'.
    package var samples = 50_000_000
    /// Series that one selector may have, and one result. Default 1 million.
    package var series = 1_000_000
    /// Points that the result of a range query may have. Default: no limit of its own.
    package var resultPoints = Int.max
    /// Steps of a range query or a subquery. Default 11,000 for queries as in Prometheus' API; subqueries may have a
    /// hundred times more.
    package var steps = 1_100_000
    /// Whether the time is over; asked now and then. Default: never.
    package var isOverdue: @Sendable () -> Bool = { false }
    /// The step of subqueries that name none. Default 1 min, as Prometheus' evaluation interval.
    package var defaultStep: Duration = .seconds(60)

    package init() {}
}

package import Samples
import Text

/// Evaluates PromQL expressions over a source of samples. Time is an argument; the evaluator reads no clock.
///
/// Each node of an expression is evaluated once for all steps of a range query; an instant query has one step.
/// Source of the semantics: prometheus/prometheus, promql/engine.go, version 3.
package struct Evaluator: Sendable {
    private let source: any SampleSource
    private let limits: EvaluationLimits

    /// An evaluator that reads from a source, within limits that hold for each evaluation.
    package init(source: any SampleSource, limits: EvaluationLimits = EvaluationLimits()) {
        self.source = source
        self.limits = limits
    }

    /// An instant query: the expression's value at one time.
    /// - Parameter lookback: the lookback delta, how old a sample may be and still be current. Default 5 min.
    /// - Throws: `EvaluationError`.
    package func instant(_ expression: Expression, at time: Timestamp, lookback: Duration = .seconds(300))
        throws(EvaluationError) -> Value
    {
        let t = time.milliseconds
        let expression = try expression.resolved(step: .zero, range: .zero)
        let evaluation = Evaluation(source, limits, start: t, end: t, lookback: lookback.milliseconds)
        switch expression.type {
        case .scalar: return .scalar(try evaluation.column(expression, [t])[0])
        case .string:
            guard case .string(let literal) = expression.unwrapped.kind else { return .string("") }
            return .string(literal.text)
        case .vector:
            let samples = try Evaluator.samples(try evaluation.table(expression, [t]))
            return .vector(expression.isOrdered ? samples : samples.sorted { $0.labels < $1.labels })
        case .matrix: return .matrix(try evaluation.matrix(expression, at: t))
        }
    }

    /// A range query: the expression's value at each step from `start` through `end`. A scalar becomes a series without
    /// labels.
    /// - Parameters:
    ///   - step: at least 1 ms; shorter steps count as 1 ms.
    ///   - lookback: the lookback delta, as for `instant`.
    /// - Returns: series sorted by labels, each with the points at which it has a value.
    /// - Throws: `EvaluationError`, of kind `limit` where there are more than `EvaluationLimits.steps` steps.
    package func range(
        _ expression: Expression, start: Timestamp, end: Timestamp, step: Duration, lookback: Duration = .seconds(300)
    ) throws(EvaluationError) -> [Series] {
        let (first, last, width) = (start.milliseconds, end.milliseconds, max(1, step.milliseconds))
        guard first <= last else { return [] }
        let (span, overflowed) = last.subtractingReportingOverflow(first)
        guard !overflowed, span / width < Int64(limits.steps) else {
            throw EvaluationError(.limit, "more than \(limits.steps) steps")
        }
        guard expression.type == .scalar || expression.type == .vector else {
            throw EvaluationError(
                .execution,
                "invalid expression type \"\(expression.type.rawValue)\" for range query, must be Scalar or instant Vector"
            )
        }
        let expression = try expression.resolved(step: .milliseconds(width), range: .milliseconds(span))
        let times = (0...span / width).map { first + $0 * width }
        let evaluation = Evaluation(source, limits, start: first, end: last, lookback: lookback.milliseconds)
        if expression.type == .scalar {
            let column = try evaluation.column(expression, times)
            return [Series(.empty, times.enumerated().map { Point(t: $1, v: column[$0]) })]
        }
        return try series(try evaluation.table(expression, times), times)
    }

    /// The only column of a table as a vector. Drops the names that functions and operators have invalidated.
    /// - Throws: `EvaluationError` where two series then have the same labels.
    private static func samples(_ table: Table) throws(EvaluationError) -> [VectorSample] {
        var seen: Set<Labels> = []
        let mustCheck = table.rows.contains { $0.dropName }
        var result: [VectorSample] = []
        result.reserveCapacity(table.rows.count)
        if mustCheck { seen.reserveCapacity(table.rows.count) }
        for (row, value) in zip(table.rows, table.cells) {
            let labels = row.dropName ? row.labels.withoutName() : row.labels
            if mustCheck, !seen.insert(labels).inserted { throw Evaluation.duplicateLabelSet }
            result.append(VectorSample(labels: labels, value: value))
        }
        return result
    }

    private func series(_ table: Table, _ times: Times) throws(EvaluationError) -> [Series] {
        var indices: [Labels: Int] = [:]
        var result: [Series] = []
        var pointCount = 0
        for (index, row) in table.rows.enumerated() {
            if limits.isOverdue() { throw Evaluation.timeout }
            var points: [Point] = []
            for (value, time) in zip(table.row(index), times) where !Table.isMissing(value) {
                points.append(Point(t: time, v: value))
            }
            pointCount += points.count
            guard pointCount <= limits.resultPoints else {
                throw EvaluationError(.limit, "the result has more than \(limits.resultPoints) points")
            }
            let labels = row.dropName ? row.labels.withoutName() : row.labels
            if let index = indices[labels] {
                // Two rows may become the same series, but not with values at the same step.
                points = (result[index].points + points).sorted { $0.t < $1.t }
                guard zip(points, points.dropFirst()).allSatisfy({ $0.t < $1.t }) else {
                    throw Evaluation.duplicateLabelSet
                }
                result[index].points = points
            } else {
                guard result.count < limits.series else {
                    throw EvaluationError(.limit, "more than \(limits.series) series")
                }
                indices[labels] = result.count
                result.append(Series(labels, points))
            }
        }
        return result.sorted { $0.labels < $1.labels }
    }
}

import Samples

/// Evaluates expressions over a source of samples. Time is an argument: the evaluator knows no clock.
///
/// Each selector is asked once for the whole query, all its steps included; steps then look into memory.
/// Source of the semantics: prometheus/prometheus, promql/engine.go, version 3.
package struct Evaluator: Sendable {
    private let source: any SampleSource
    private let limits: EvaluationLimits

    package init(source: any SampleSource, limits: EvaluationLimits = EvaluationLimits()) {
        self.source = source
        self.limits = limits
    }

    /// The expression's value at one time.
    /// - Parameter lookback: how long a sample counts as the present one.
    package func instant(_ expression: Expression, at time: Timestamp, lookback: Duration = .seconds(300)) throws(EvaluationError) -> Value {
        let t = time.milliseconds
        var run = try Run(expression, source: source, limits: limits, start: t, end: t, lookback: lookback.milliseconds)
        switch expression.type {
        case .scalar: return .scalar(try run.scalar(expression, at: t))
        case .string:
            guard case .string(let literal) = expression.unwrapped.kind else { return .string("") }
            return .string(literal.text)
        case .vector:
            let elements = try Run.withoutNames(try run.vector(expression, at: t))
            return .vector(elements.map { VectorSample(labels: $0.labels, value: $0.value) })
        case .matrix:
            let windows = try run.windows(expression, at: t).windows
            var seen: Set<Labels> = []
            let series = windows.map { Series($0.dropName ? $0.labels.withoutName() : $0.labels, Array($0.points)) }
            for one in series where !seen.insert(one.labels).inserted { throw Run.sameLabels }
            return .matrix(series.sorted { $0.labels < $1.labels })
        }
    }

    /// The expression at each step from `start` through `end`; scalars become a series without labels.
    /// - Returns: series sorted by labels, each with the points at which it has a value.
    package func range(
        _ expression: Expression, start: Timestamp, end: Timestamp, step: Duration, lookback: Duration = .seconds(300)
    ) throws(EvaluationError) -> [Series] {
        let (first, last, width) = (start.milliseconds, end.milliseconds, max(1, step.milliseconds))
        guard first <= last else { return [] }
        guard (last - first) / width < Int64(limits.steps) else { throw EvaluationError(.limit, "more than \(limits.steps) steps") }
        guard expression.type == .scalar || expression.type == .vector else {
            throw EvaluationError(.execution, "invalid expression type \"\(expression.type.rawValue)\" for range query, must be Scalar or instant Vector")
        }
        var run = try Run(expression, source: source, limits: limits, start: first, end: last, lookback: lookback.milliseconds)
        if expression.type == .scalar {
            var points: [Point] = []
            for t in stride(from: first, through: last, by: Int(width)) { points.append(Point(t: t, v: try run.scalar(expression, at: t))) }
            return [Series(.empty, points)]
        }
        var places: [Labels: Int] = [:]
        var series: [Series] = []
        for t in stride(from: first, through: last, by: Int(width)) {
            for element in try Run.withoutNames(try run.vector(expression, at: t)) {
                if let place = places[element.labels] {
                    series[place].points.append(Point(t: t, v: element.value))
                } else {
                    guard series.count < limits.series else { throw EvaluationError(.limit, "more than \(limits.series) series") }
                    places[element.labels] = series.count
                    series.append(Series(element.labels, [Point(t: t, v: element.value)]))
                }
            }
        }
        return series.sorted { $0.labels < $1.labels }
    }
}

import Samples
import Text

/// The state of one evaluation. Each node of the expression is evaluated once, for all steps.
final class Evaluation {
    let source: any SampleSource
    let limits: EvaluationLimits
    let budget: Budget
    let lookback: Int64
    private let start: Int64
    private let end: Int64
    /// The work left until the deadline is checked again.
    private var untilCheck = 0

    static let timeout = EvaluationError(.timeout, "query timed out in expression evaluation")
    static let duplicateLabelSet = EvaluationError(.execution, "vector cannot contain metrics with the same labelset")

    /// - Parameters:
    ///   - start: the query's first step, to which `@ start()` refers; milliseconds since the epoch.
    ///   - end: the query's last step, to which `@ end()` refers.
    ///   - lookback: the lookback delta in milliseconds.
    init(_ source: any SampleSource, _ limits: EvaluationLimits, start: Int64, end: Int64, lookback: Int64) {
        self.source = source
        self.limits = limits
        self.start = start
        self.end = end
        self.lookback = lookback
        budget = Budget(limit: limits.samples)
    }

    /// Counts work, in points or values, and checks the deadline each time enough has been done.
    @inline(__always) func tick(_ work: Int) throws(EvaluationError) {
        untilCheck -= work
        if untilCheck <= 0 { try checkTime() }
    }

    private func checkTime() throws(EvaluationError) {
        // About one millisecond.
        untilCheck = 100_000
        if limits.isOverdue() { throw Evaluation.timeout }
    }

    /// The time that a selector reads when it is evaluated at `t`.
    func reference(_ modifiers: TimeModifiers, at t: Int64) -> Int64 {
        let anchor: Int64
        switch modifiers.anchor {
        case .at(let time): anchor = time
        case .start: anchor = start
        case .end: anchor = end
        case nil: anchor = t
        }
        return anchor.minus(modifiers.offset.milliseconds)
    }

    // MARK: Expressions

    /// The value of a vector expression at each of the times.
    func table(_ expression: Expression, _ times: Times) throws(EvaluationError) -> Table {
        try tick(64)
        guard !times.isEmpty else { return Table(width: 0, budget) }
        if times.count > 1, expression.isStepInvariant {
            return try table(expression, [times[0]]).repeated(times.count, budget)
        }
        switch expression.kind {
        case .selector(let selector): return try latest(selector, times) { $0.v }
        case .paren(let inner), .plus(let inner): return try table(inner, times)
        case .negated(let inner):
            var result = try table(inner, times)
            result.changeRows { $0.dropName = true }
            result.changeValues { value, _ in -value }
            return result
        case .call(let call): return try self.call(call, times)
        case .aggregate(let aggregate): return try self.aggregate(aggregate, times)
        case .binary(let binary): return try self.binary(binary, times)
        case .number, .string, .range, .subquery: return Table(width: times.count, budget)
        }
    }

    /// The value of a scalar expression at each of the times.
    func column(_ expression: Expression, _ times: Times) throws(EvaluationError) -> Column {
        try tick(64)
        if times.count > 1, expression.isStepInvariant { return .constant(try column(expression, [times[0]])[0]) }
        switch expression.kind {
        case .number(let value, _): return .constant(value)
        case .paren(let inner), .plus(let inner): return try column(inner, times)
        case .negated(let inner): return try column(inner, times).map { -$0 }
        case .binary(let binary):
            let operation = binary.operation
            return Column.zip(try column(binary.left, times), try column(binary.right, times)) { a, b in
                operation.isComparison
                    ? (Operators.compares(operation, a, b) ? 1 : 0) : Operators.compute(operation, a, b)
            }
        case .call(let call):
            switch call.function.name {
            case .time: return .varying(times.map { Double($0) / 1000 })
            case .pi: return .constant(.pi)
            case .scalar: return scalar(try table(call.arguments[0], times))
            default: return .constant(.nan)
            }
        default: return .constant(.nan)
        }
    }

    /// `scalar()`: at each step the value of the only series, or NaN where there is not exactly one.
    private func scalar(_ table: Table) -> Column {
        var values = [Double](repeating: .nan, count: table.width)
        var counts = [Int](repeating: 0, count: table.width)
        for row in table.rows.indices {
            for column in 0..<table.width where !Table.isMissing(table[row, column]) {
                counts[column] += 1
                values[column] = table[row, column]
            }
        }
        for column in counts.indices where counts[column] != 1 { values[column] = .nan }
        return .varying(values)
    }
}

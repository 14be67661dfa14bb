import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// Arithmetic in place of a duration: `[5m * 2]`, `offset (1h - step())`.
/// Source: Prometheus' manual, "Feature flags", PromQL arithmetic expressions in time durations.
package indirect enum DurationExpression: Hashable, Sendable {
    /// A literal in seconds. `isDuration` is true where it was written as a duration, `5m` for 300.
    case seconds(Double, isDuration: Bool)
    /// `step()`: the step of a range query; 0 in an instant query.
    case step
    /// `range()`: the time from the start of a range query to its end; 0 in an instant query.
    case range
    case negated(DurationExpression)
    case plus(DurationExpression)
    case paren(DurationExpression)
    case arithmetic(Binary.Operator, DurationExpression, DurationExpression)
    /// `min(a, b)` or `max(a, b)`
    case extreme(isLargest: Bool, DurationExpression, DurationExpression)

    /// The maximum magnitude of a duration, in milliseconds: as in Prometheus about 292 years, 2^63 ns.
    static let maxMilliseconds = 9_223_372_036_854.0

    /// Why a duration can't be computed.
    struct Problem: Error {
        let message: String
    }

    /// Whether it depends on the query's step or range.
    var isUnresolved: Bool {
        switch self {
        case .seconds: false
        case .step, .range: true
        case .negated(let inner), .plus(let inner), .paren(let inner): inner.isUnresolved
        case .arithmetic(_, let a, let b), .extreme(_, let a, let b): a.isUnresolved || b.isUnresolved
        }
    }

    /// The value in seconds.
    private func value(step: Double, range: Double) throws(Problem) -> Double {
        switch self {
        case .seconds(let value, _): return value
        case .step: return step
        case .range: return range
        case .negated(let inner): return -(try inner.value(step: step, range: range))
        case .plus(let inner), .paren(let inner): return try inner.value(step: step, range: range)
        case .extreme(let isLargest, let a, let b):
            let (x, y) = (try a.value(step: step, range: range), try b.value(step: step, range: range))
            return isLargest ? max(x, y) : min(x, y)
        case .arithmetic(let operation, let a, let b):
            let (x, y) = (try a.value(step: step, range: range), try b.value(step: step, range: range))
            switch operation {
            case .add: return x + y
            case .subtract: return x - y
            case .multiply: return x * y
            case .divide:
                if y == 0 { throw Problem(message: "division by zero") }
                return x / y
            case .modulo:
                if y == 0 { throw Problem(message: "modulo by zero") }
                return fmod(x, y)
            case .power: return pow(x, y)
            default: return .nan
            }
        }
    }

    func milliseconds(step: Double, range: Double, mustBePositive: Bool) throws(Problem) -> Int64 {
        let milliseconds = (try value(step: step, range: range) * 1000).rounded()
        guard milliseconds.magnitude <= DurationExpression.maxMilliseconds else {
            throw Problem(message: "duration out of range")
        }
        guard !mustBePositive || milliseconds > 0 else { throw Problem(message: "duration must be greater than 0") }
        return Int64(saturating: milliseconds)
    }
}

extension DurationExpression: CustomStringConvertible {
    package var description: String {
        switch self {
        case .seconds(let value, let isDuration):
            isDuration
                ? Duration.milliseconds(Int64(saturating: (value * 1000).rounded())).prometheusDescription
                : value.isInfinite ? "Inf" : goFormatPlain(value)
        case .step: "step()"
        case .range: "range()"
        case .negated(let inner): "-\(inner)"
        case .plus(let inner): "+\(inner)"
        case .paren(let inner): "(\(inner))"
        case .arithmetic(let operation, let a, let b): "\(a) \(operation.rawValue) \(b)"
        case .extreme(let isLargest, let a, let b): "\(isLargest ? "max" : "min")(\(a), \(b))"
        }
    }
}

/// The length of a range, a subquery's step or an offset.
package struct PromQLDuration: Hashable, Sendable, CustomStringConvertible {
    /// The length; 0 while it is unresolved.
    package let milliseconds: Int64
    /// The expression that it was written as; nil for a plain duration.
    let written: DurationExpression?

    static let zero = PromQLDuration(0)

    init(_ milliseconds: Int64) {
        self.milliseconds = milliseconds
        written = nil
    }

    init(_ expression: DurationExpression, mustBePositive: Bool) throws(DurationExpression.Problem) {
        milliseconds =
            expression.isUnresolved ? 0 : try expression.milliseconds(step: 0, range: 0, mustBePositive: mustBePositive)
        switch expression {
        case .seconds, .negated(.seconds), .plus(.seconds): written = nil
        default: written = expression
        }
    }

    var isUnresolved: Bool { written?.isUnresolved ?? false }

    package var description: String {
        written?.description ?? Duration.milliseconds(milliseconds).prometheusDescription
    }

    /// The length for a query's step and range.
    /// - Throws: `EvaluationError` where it is out of range, or not positive although it must be.
    func resolved(step: Duration, range: Duration, mustBePositive: Bool) throws(EvaluationError) -> PromQLDuration {
        guard let written, written.isUnresolved else { return self }
        do {
            return PromQLDuration(
                try written.milliseconds(step: step.seconds, range: range.seconds, mustBePositive: mustBePositive))
        } catch {
            throw EvaluationError(.execution, "\(error.message): \(written)")
        }
    }
}

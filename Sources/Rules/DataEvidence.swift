import PromQL
import Samples
import Text

/// Distinguishes whether an expression has no result because its condition does not hold, or because there is no data
/// to evaluate.
struct DataEvidence {
    private let expression: Expression
    private let source: any SampleSource
    private let time: Timestamp
    /// By the range in the expression's text.
    private let uses: [Range<Int>: Expression.SelectorUse]

    init(_ expression: Expression, _ source: any SampleSource, at time: Timestamp) {
        self.expression = expression
        self.source = source
        self.time = time
        uses = Dictionary(expression.selectors.map { ($0.span, $0) }) { first, _ in first }
    }

    /// - Parameters:
    ///   - labels: those of an alert: only series that agree with it on the labels that both have count as its data.
    ///     Nil: any series counts.
    ///   - ignored: labels that the rule sets itself, on which series need not agree.
    func isMissing(for labels: Labels?, except ignored: Set<String>) -> Bool { isMissing(expression, labels, ignored) }

    private func isMissing(_ expression: Expression, _ labels: Labels?, _ ignored: Set<String>) -> Bool {
        switch expression.kind {
        case .number, .string: return false
        case .selector, .range:
            guard let use = uses[expression.span], !use.isAnchored else { return false }
            return !hasData(use, labels, ignored)
        // These functions test for absence: having no data is a valid input.
        case .call(let call) where call.function.name.rawValue.hasPrefix("absent"): return false
        case .binary(let binary) where binary.operation.rawValue == "unless":
            return isMissing(binary.left, labels, ignored)
        case .binary(let binary) where binary.operation.rawValue == "or":
            return isMissing(binary.left, labels, ignored) && isMissing(binary.right, labels, ignored)
        default: return expression.children.contains { isMissing($0, labels, ignored) }
        }
    }

    /// Functions of a single series' value.
    private static let elementwise: Set<String> = [
        "abs", "ceil", "clamp", "clamp_max", "clamp_min", "exp", "floor", "ln", "log2", "log10", "round", "sgn", "sqrt",
        "time", "timestamp", "vector",
    ]

    /// Whether all data that the expression reads for an alert is present, so that a missing result means that the
    /// condition does not hold. False if that is uncertain after a start: an aggregation may lack some of its series, a
    /// range some of its points, an offset all of them.
    func isComplete(for labels: Labels, except ignored: Set<String>) -> Bool { isComplete(expression, labels, ignored) }

    private func isComplete(_ expression: Expression, _ labels: Labels, _ ignored: Set<String>) -> Bool {
        switch expression.kind {
        case .number, .string: return true
        case .selector(let selector):
            guard selector.modifiers.offset.milliseconds == 0, selector.modifiers.anchor == nil,
                let use = uses[expression.span]
            else { return false }
            return hasData(use, labels, ignored)
        case .binary, .negated, .plus, .paren: break
        case .call(let call) where DataEvidence.elementwise.contains(call.function.name.rawValue): break
        default: return false
        }
        return expression.children.allSatisfy { isComplete($0, labels, ignored) }
    }

    private func hasData(_ use: Expression.SelectorUse, _ labels: Labels?, _ ignored: Set<String>) -> Bool {
        var isFound = false
        do {
            try source.visit(
                use.matchers, start: (time - use.reach).milliseconds, end: time.milliseconds, latestOnly: true
            ) { series, points in
                guard let last = points.last, !StaleMarker.is(last.v), agree(series, labels, ignored) else { return }
                isFound = true
                throw Enough()
            }
        } catch {
            // `Enough`, or an error of the source, which says nothing about the data.
        }
        return isFound
    }

    private struct Enough: Error {}

    private func agree(_ series: Labels, _ labels: Labels?, _ ignored: Set<String>) -> Bool {
        guard let labels else { return true }
        return series.pairs.allSatisfy { pair in
            pair.name == Labels.metricName || ignored.contains(pair.name)
                || (labels[pair.name] ?? pair.value) == pair.value
        }
    }
}

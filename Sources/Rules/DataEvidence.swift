import PromQL
import Samples
import Text

/// Tells whether an expression gave nothing because its condition does not hold, or because there is nothing to judge
/// by.
struct DataEvidence {
    private let expression: Expression
    private let source: any SampleSource
    private let time: Timestamp
    /// By the range of the expression's text.
    private let uses: [Range<Int>: Expression.SelectorUse]

    init(_ expression: Expression, _ source: any SampleSource, at time: Timestamp) {
        self.expression = expression
        self.source = source
        self.time = time
        uses = Dictionary(expression.selectors.map { ($0.span, $0) }) { first, _ in first }
    }

    /// - Parameters:
    ///   - labels: an alert: only series that agree with it on the labels that both have count as its data. Nil: any
    ///     series counts.
    ///   - ignored: labels that the rule sets itself, on which series need not agree.
    func isMissing(for labels: Labels?, except ignored: Set<String>) -> Bool { isMissing(expression, labels, ignored) }

    private func isMissing(_ expression: Expression, _ labels: Labels?, _ ignored: Set<String>) -> Bool {
        switch expression.kind {
        case .number, .string: return false
        case .selector, .range:
            guard let use = uses[expression.span], !use.isAnchored else { return false }
            return !hasData(use, labels, ignored)
        // These speak of absence: nothing there is an answer.
        case .call(let call) where call.function.name.rawValue.hasPrefix("absent"): return false
        case .binary(let binary) where binary.operation.rawValue == "unless":
            return isMissing(binary.left, labels, ignored)
        case .binary(let binary) where binary.operation.rawValue == "or":
            return isMissing(binary.left, labels, ignored) && isMissing(binary.right, labels, ignored)
        default: return expression.children.contains { isMissing($0, labels, ignored) }
        }
    }

    /// Functions of one series' value alone.
    private static let elementwise: Set<String> = [
        "abs", "ceil", "clamp", "clamp_max", "clamp_min", "exp", "floor", "ln", "log2", "log10", "round", "sgn", "sqrt",
        "time", "timestamp", "vector",
    ]

    /// Whether everything is there that the expression reads of an alert, so that not to be found is an answer. False
    /// where that can't be told after a start: an aggregation may lack some of its series, a range some of its points,
    /// an offset all of them.
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
            // `Enough`, or the source failed, which says nothing about the data.
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

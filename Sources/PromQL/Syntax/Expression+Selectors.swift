package import Samples
import Text

extension Expression {
    /// A selector of an expression, for lint and for finding the rules that new samples affect.
    package struct SelectorUse: Sendable {
        /// The selector's matchers, the one on `__name__` included.
        package let matchers: [Matcher]
        /// The metric's name, where the selector has an equality matcher on it.
        package let name: String?
        /// How far before the evaluation time it may read: the sum of its range, its offset and those of enclosing
        /// subqueries; for an instant selector the default lookback delta of 5 min in place of a range.
        package let reach: Duration
        /// Whether `@` fixes the time that it reads, so that new samples may not affect it.
        package let isAnchored: Bool
        /// The selector's position, in bytes of the expression's text.
        package let span: Range<Int>
    }

    /// All selectors, in the order of the text.
    package var selectors: [SelectorUse] {
        var found: [SelectorUse] = []
        collect(into: &found, before: 0, anchored: false)
        return found
    }

    /// Whether the value can change only where the newest value of a series that it reads changes, or a series comes or
    /// ends: it reads no ranges and no other times, and nothing in it depends on a time.
    package var dependsOnNewestValuesOnly: Bool {
        switch kind {
        case .range, .subquery: return false
        case .selector(let selector):
            let modifiers = selector.modifiers
            return modifiers.anchor == nil && !modifiers.hasOffset
        case .call(let call):
            if call.function.name == .timestamp || call.function.name.dependsOnTime(call.arguments) { return false }
        default: break
        }
        return children.allSatisfy(\.dependsOnNewestValuesOnly)
    }

    private func collect(into found: inout [SelectorUse], before: Int64, anchored: Bool) {
        switch kind {
        case .selector(let selector): found.append(use(selector, range: 300_000, before, anchored))
        case .range(let selector, let range): found.append(use(selector, range: range.milliseconds, before, anchored))
        case .subquery(let subquery):
            let reach = before + subquery.range.milliseconds + subquery.modifiers.offset.milliseconds
            subquery.body.collect(into: &found, before: reach, anchored: anchored || subquery.modifiers.anchor != nil)
        default:
            for child in children { child.collect(into: &found, before: before, anchored: anchored) }
        }
    }

    private func use(_ selector: VectorSelector, range: Int64, _ before: Int64, _ anchored: Bool) -> SelectorUse {
        SelectorUse(
            matchers: selector.matchers,
            name: selector.matchers.first { $0.name == Labels.metricName && $0.operation == .equal }?.value,
            reach: .milliseconds(max(0, before + range + selector.modifiers.offset.milliseconds)),
            isAnchored: anchored || selector.modifiers.anchor != nil, span: span)
    }
}

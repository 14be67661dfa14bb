import Samples

extension Expression {
    /// What an expression reads, for lint and for triggering rules by fresh samples.
    package struct SelectorUse: Sendable {
        package let matchers: [Matcher]
        /// The metric's name where one is fixed by equality.
        package let name: String?
        /// How far before the time of evaluation it may read: ranges, offsets and enclosing subqueries added
        /// up; for an instant selector the default lookback of 5 minutes is counted in.
        package let reach: Duration
        /// Reads at a time fixed by `@`, so that fresh samples need not matter.
        package let isAnchored: Bool
        /// In bytes of the text.
        package let span: Range<Int>
    }

    /// Every selector, in the order of the text.
    package var selectors: [SelectorUse] {
        var found: [SelectorUse] = []
        collect(into: &found, before: 0, anchored: false)
        return found
    }

    private func collect(into found: inout [SelectorUse], before: Int64, anchored: Bool) {
        switch kind {
        case .selector(let selector): found.append(use(selector, range: 300_000, before, anchored))
        case .range(let selector, let range): found.append(use(selector, range: range.milliseconds, before, anchored))
        case .subquery(let subquery):
            let reach = before + subquery.range.milliseconds + subquery.shift.offset.milliseconds
            subquery.body.collect(into: &found, before: reach, anchored: anchored || subquery.shift.anchor != nil)
        default:
            for child in children { child.collect(into: &found, before: before, anchored: anchored) }
        }
    }

    private func use(_ selector: VectorSelector, range: Int64, _ before: Int64, _ anchored: Bool) -> SelectorUse {
        SelectorUse(
            matchers: selector.matchers,
            name: selector.matchers.first { $0.name == Labels.metricName && $0.operation == .equal }?.value,
            reach: .milliseconds(max(0, before + range + selector.shift.offset.milliseconds)),
            isAnchored: anchored || selector.shift.anchor != nil, span: span)
    }
}

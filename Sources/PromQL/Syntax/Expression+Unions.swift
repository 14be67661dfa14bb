import Samples

extension Expression {
    /// The parts `a or b` of which neither side has a metric's name but both may have the same labels, as PromQL: in
    /// these the left side hides the right one. `rate`, arithmetic and most functions drop the name.
    /// Source: prometheus.io/docs/prometheus/latest/querying/operators, "Logical/set binary operators".
    package var unionsWithoutNames: [String] {
        var found = children.flatMap(\.unionsWithoutNames)
        if case .binary(let binary) = kind, binary.operation == .or,
            let left = binary.left.nameless, let right = binary.right.nameless,
            !left.excludes(right)
        {
            found.append(description)
        }
        return found
    }

    /// What the labels of a series without a name come from: the metric and its matchers.
    private struct Origin {
        var name: String
        var matchers: [Matcher]

        /// Whether a label matcher of one contradicts one of the other, so that no label sets are equal. The same
        /// metric twice means two thresholds for the same thing.
        func excludes(_ other: Origin) -> Bool {
            name == other.name
                || matchers.contains { own in
                    own.operation == .equal && own.name != "__name__"
                        && other.matchers.contains { $0.name == own.name && !$0.matches(own.value) }
                }
        }
    }

    /// Nil unless it is a function of one selector's range that drops the name, possibly in arithmetic with a number. A
    /// comparison removes what does not hold, so that the right side becomes visible; any other expression determines
    /// its labels by its grouping or matching.
    private var nameless: Origin? {
        switch kind {
        case .paren(let inner), .negated(let inner), .plus(let inner): inner.nameless
        case .binary(let binary) where !binary.operation.isComparison && binary.right.type == .scalar:
            binary.left.nameless
        case .binary(let binary) where !binary.operation.isComparison && binary.left.type == .scalar:
            binary.right.nameless
        case .call(let call): Expression.origin(of: call)
        default: nil
        }
    }

    private static func origin(of call: Call) -> Origin? {
        switch call.function.name {
        case .rate, .irate, .increase, .delta, .idelta, .deriv, .changes, .resets, .count_over_time, .sum_over_time,
            .avg_over_time, .min_over_time, .max_over_time:
            break
        default: return nil
        }
        guard case .range(let selector, _)? = call.arguments.first?.kind, let name = selector.name else { return nil }
        return Origin(name: name, matchers: selector.matchers)
    }
}

/// The names of the labels that a result's series may have, as far as the expression alone determines them.
package enum ResultLabels: Hashable, Sendable {
    /// Any: they come from the series that are read.
    case any
    /// Only these.
    case only(Set<String>)

    /// Whether a series of the result may have a label.
    package func mayHave(_ label: String) -> Bool {
        switch self {
        case .any: true
        case .only(let labels): labels.contains(label)
        }
    }

    func union(_ other: ResultLabels) -> ResultLabels {
        guard case .only(let own) = self, case .only(let others) = other else { return .any }
        return .only(own.union(others))
    }

    func keeping(_ labels: some Sequence<String>) -> ResultLabels {
        switch self {
        case .any: .only(Set(labels))
        case .only(let own): .only(own.intersection(labels))
        }
    }

    func dropping(_ labels: [String]) -> ResultLabels {
        switch self {
        case .any: .any
        case .only(let own): .only(own.subtracting(labels))
        }
    }
}

extension Expression {
    /// The labels that the series of its value may have; `any` if uncertain.
    /// Source: prometheus.io/docs/prometheus/latest/querying/operators.
    package var resultLabels: ResultLabels {
        switch kind {
        case .number, .string: .only([])
        case .selector, .range: .any
        case .subquery(let subquery): subquery.body.resultLabels
        case .negated(let inner), .plus(let inner), .paren(let inner): inner.resultLabels
        case .call(let call): call.resultLabels
        case .aggregate(let aggregate): aggregate.resultLabels
        case .binary(let binary): binary.resultLabels
        }
    }
}

extension Call {
    fileprivate var resultLabels: ResultLabels {
        switch function.name {
        // These create labels: from matchers, from their arguments, or from other series.
        case .absent, .absent_over_time, .label_replace, .label_join: .any
        default: arguments.reduce(.only([])) { $0.union($1.resultLabels) }
        }
    }
}

extension Aggregate {
    fileprivate var resultLabels: ResultLabels {
        let inner = body.resultLabels
        switch operation {
        // These select series without changing them, or set a label of their own.
        case .topk, .bottomk: return inner
        case .countValues: return .any
        default: return grouping.isWithout ? inner.dropping(grouping.labels) : inner.keeping(grouping.labels)
        }
    }
}

extension Binary {
    fileprivate var resultLabels: ResultLabels {
        let (one, other) = (left.resultLabels, right.resultLabels)
        switch operation {
        case .and, .unless: return one
        case .or: return one.union(other)
        default: break
        }
        guard left.type == .vector, right.type == .vector else { return one.union(other) }
        switch matching.cardinality {
        // Comparisons too keep only the labels on which both sides were matched.
        case .oneToOne: return matching.isOn ? one.keeping(matching.labels) : one.dropping(matching.labels)
        case .manyToOne: return one.union(.only(Set(matching.include)))
        case .oneToMany: return other.union(.only(Set(matching.include)))
        }
    }
}

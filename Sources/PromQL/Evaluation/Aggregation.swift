import Samples

extension Run {
    private struct Group {
        var labels: Labels
        var elements: [Element]
        /// Holds once it holds for a member.
        var dropName: Bool
    }

    mutating func aggregate(_ aggregate: Aggregate, _ expression: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        var parameter = Double.nan
        var label = ""
        switch aggregate.parameter?.type {
        case .scalar: if let expression = aggregate.parameter { parameter = try scalar(expression, at: t) }
        case .string:
            if case .string(let literal)? = aggregate.parameter?.unwrapped.kind {
                guard literal.isText, !literal.bytes.isEmpty else { throw EvaluationError(.execution, "invalid label name \(literal.text.quotedAsInGo)") }
                label = literal.text
            }
        default: break
        }
        if aggregate.operation == .topk || aggregate.operation == .bottomk {
            // Wrong even where there is nothing to choose from.
            if parameter.isNaN { throw EvaluationError(.execution, "Parameter value is NaN") }
            guard parameter.magnitude < 0x1p63 else {
                throw EvaluationError(.execution, "Scalar value \(goFormat(parameter)) \(parameter < 0 ? "underflows" : "overflows") int64")
            }
        }
        let elements = try vector(aggregate.body, at: t)
        if elements.isEmpty { return [] }
        if aggregate.operation == .countValues { return countValues(elements, label, aggregate, expression) }

        // Operators' places are positive.
        let place = -1 - expression.span.lowerBound
        var places: [Labels: Int] = [:]
        var groups: [Group] = []
        for element in elements {
            let key = groupLabels(element.labels, aggregate.grouping, place)
            if let index = places[key] {
                groups[index].elements.append(element)
                groups[index].dropName = groups[index].dropName || element.dropName
            } else {
                places[key] = groups.count
                groups.append(Group(labels: key, elements: [element], dropName: element.dropName))
            }
        }
        if aggregate.operation == .topk || aggregate.operation == .bottomk {
            return ranked(groups, parameter, isTop: aggregate.operation == .topk)
        }
        return groups.map { group in
            Element(labels: group.labels, value: Run.reduce(aggregate.operation, group.elements, parameter), dropName: group.dropName)
        }
    }

    private mutating func groupLabels(_ labels: Labels, _ grouping: Grouping, _ place: Int) -> Labels {
        if let known = memories[place]?.keys[labels] { return known }
        let key = grouping.isWithout ? labels.dropping(Set(grouping.labels + [Labels.metricName])) : labels.keeping(Set(grouping.labels))
        memories[place, default: Memory()].keys[labels] = key
        return key
    }

    private static func reduce(_ operation: Aggregate.Operator, _ elements: [Element], _ parameter: Double) -> Double {
        switch operation {
        case .sum:
            var sum = KahanSum()
            for element in elements { sum.add(element.value) }
            return sum.value
        case .avg:
            var mean = KahanMean()
            for element in elements { mean.add(element.value) }
            return mean.value
        case .count: return Double(elements.count)
        case .group: return 1
        case .min: return elements.dropFirst().reduce(elements[0].value) { $0 > $1.value || $0.isNaN ? $1.value : $0 }
        case .max: return elements.dropFirst().reduce(elements[0].value) { $0 < $1.value || $0.isNaN ? $1.value : $0 }
        case .stddev, .stdvar:
            var variance = Variance()
            for element in elements { variance.add(element.value) }
            return operation == .stdvar ? variance.value : variance.value.squareRoot()
        case .quantile: return Quantile.of(elements.map(\.value), parameter)
        case .topk, .bottomk, .countValues: return .nan
        }
    }

    private func ranked(_ groups: [Group], _ parameter: Double, isTop: Bool) -> [Element] {
        let k = Int(parameter)
        if k < 1 { return [] }
        var result: [Element] = []
        for group in groups {
            // NaN is last in both orders; of equals the first one found stays.
            let order = group.elements.enumerated().sorted { a, b in
                let (x, y) = (a.element.value, b.element.value)
                if x.isNaN != y.isNaN { return y.isNaN }
                if x != y, !x.isNaN { return isTop ? x > y : x < y }
                return a.offset < b.offset
            }
            result += order.prefix(k).map(\.element)
        }
        return result
    }

    private func countValues(_ elements: [Element], _ label: String, _ aggregate: Aggregate, _ expression: Expression) -> [Element] {
        var counts: [Labels: Double] = [:]
        var order: [Labels] = []
        for element in elements {
            let grouping = aggregate.grouping
            let value = goFormatPlain(element.value)
            let key: Labels
            if grouping.isWithout {
                key = element.labels.dropping(Set(grouping.labels + [Labels.metricName])).setting(label, to: value)
            } else {
                key = element.labels.keeping(Set(grouping.labels)).setting(label, to: value)
            }
            if counts[key] == nil { order.append(key) }
            counts[key, default: 0] += 1
        }
        return order.map { Element(labels: $0, value: counts[$0] ?? 0) }
    }
}

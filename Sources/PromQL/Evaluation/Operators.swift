import Samples
#if canImport(Glibc)
import Glibc
#endif

/// Arithmetic and comparison of two numbers, as Go does them.
enum Operators {
    static func compute(_ operation: Binary.Operator, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: Glibc.atan2(a, b)
        default: .nan
        }
    }

    static func compares(_ operation: Binary.Operator, _ a: Double, _ b: Double) -> Bool {
        switch operation {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        default: false
        }
    }
}

extension Run {
    mutating func binary(_ binary: Binary, _ expression: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        let (left, right) = (binary.left, binary.right)
        switch (left.type, right.type) {
        case (.vector, .scalar):
            let number = try scalar(right, at: t)
            return scalarOperation(binary, try vector(left, at: t), number, isSwapped: false)
        case (.scalar, .vector):
            let number = try scalar(left, at: t)
            return scalarOperation(binary, try vector(right, at: t), number, isSwapped: true)
        default: break
        }
        let (a, b) = (try vector(left, at: t), try vector(right, at: t))
        switch binary.operation {
        case .and: return setOperation(binary, expression, a, b) { left, right in
            let known = Set(right.keys)
            return left.filter { known.contains($0.key) }.map(\.element)
        }
        case .unless: return setOperation(binary, expression, a, b) { left, right in
            let known = Set(right.keys)
            return left.filter { !known.contains($0.key) }.map(\.element)
        }
        case .or: return setOperation(binary, expression, a, b) { left, right in
            let known = Set(left.map(\.key))
            return left.map(\.element) + right.pairs.filter { !known.contains($0.key) }.map(\.element)
        }
        default: return try matched(binary, expression, a, b)
        }
    }

    private func scalarOperation(_ binary: Binary, _ elements: [Element], _ number: Double, isSwapped: Bool) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        for element in elements {
            let (a, b) = isSwapped ? (number, element.value) : (element.value, number)
            if binary.operation.isComparison {
                let holds = Operators.compares(binary.operation, a, b)
                if binary.returnsBool {
                    result.append(Element(labels: element.labels, value: holds ? 1 : 0, dropName: true))
                } else if holds {
                    // The vector's value stays, on whichever side it stands.
                    result.append(element)
                }
            } else {
                result.append(Element(labels: element.labels, value: Operators.compute(binary.operation, a, b), dropName: true))
            }
        }
        return result
    }

    /// The part of the labels by which the two sides find each other.
    private mutating func signature(_ labels: Labels, _ matching: Matching, _ place: Int) -> Labels {
        if let known = memories[place]?.keys[labels] { return known }
        let signature = matching.isOn ? labels.keeping(Set(matching.labels)) : labels.dropping(Set(matching.labels + [Labels.metricName]))
        memories[place, default: Memory()].keys[labels] = signature
        return signature
    }

    private struct Keyed {
        let key: Labels
        let element: Element
    }

    private struct KeyedSide {
        let pairs: [Keyed]
        var keys: [Labels] { pairs.map(\.key) }
    }

    private mutating func setOperation(
        _ binary: Binary, _ expression: Expression, _ left: [Element], _ right: [Element], _ combine: ([Keyed], KeyedSide) -> [Element]
    ) -> [Element] {
        let place = Run.place(expression)
        var (a, b): ([Keyed], [Keyed]) = ([], [])
        for element in left { a.append(Keyed(key: signature(element.labels, binary.matching, place), element: element)) }
        for element in right { b.append(Keyed(key: signature(element.labels, binary.matching, place), element: element)) }
        return combine(a, KeyedSide(pairs: b))
    }

    /// A place of its own in `memories` for each operator: where its right operand starts.
    private static func place(_ expression: Expression) -> Int {
        if case .binary(let binary) = expression.kind { return binary.right.span.lowerBound }
        return expression.span.lowerBound
    }

    private mutating func matched(_ binary: Binary, _ expression: Expression, _ left: [Element], _ right: [Element]) throws(EvaluationError) -> [Element] {
        if left.isEmpty || right.isEmpty { return [] }
        let matching = binary.matching
        let place = Run.place(expression)
        let isSwapped = matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (right, left) : (left, right)
        var ones: [Labels: Element] = [:]
        for element in one {
            let key = signature(element.labels, matching, place)
            if let twin = ones[key] {
                let side = isSwapped ? "left" : "right"
                throw EvaluationError(
                    .execution,
                    "found duplicate series for the match group \(key) on the \(side) hand-side of the operation: [\(element.labels), \(twin.labels)];many-to-many matching not allowed: matching labels must be unique on one side")
            }
            ones[key] = element
        }
        var seen: Set<Labels> = []
        var seenResults: Set<Memory.Pair> = []
        var result: [Element] = []
        for element in many {
            let key = signature(element.labels, matching, place)
            guard let partner = ones[key] else { continue }
            let (a, b) = isSwapped ? (partner.value, element.value) : (element.value, partner.value)
            var value: Double
            if binary.operation.isComparison {
                let holds = Operators.compares(binary.operation, a, b)
                if !binary.returnsBool, !holds { continue }
                value = binary.returnsBool ? (holds ? 1 : 0) : a
            } else {
                value = Operators.compute(binary.operation, a, b)
            }
            let labels = resultLabels(element.labels, partner.labels, matching, place)
            if matching.cardinality == .oneToOne {
                guard seen.insert(key).inserted else {
                    throw EvaluationError(.execution, "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)")
                }
            } else {
                guard seenResults.insert(Memory.Pair(left: key, right: labels)).inserted else {
                    throw EvaluationError(.execution, "multiple matches for labels: grouping labels must ensure unique matches")
                }
            }
            let drops = binary.returnsBool || !binary.operation.isComparison
            result.append(Element(labels: labels, value: value, dropName: drops || element.dropName))
        }
        return result
    }

    private mutating func resultLabels(_ many: Labels, _ one: Labels, _ matching: Matching, _ place: Int) -> Labels {
        let pair = Memory.Pair(left: many, right: one)
        if let known = memories[place]?.results[pair] { return known }
        var labels = many
        if matching.cardinality == .oneToOne {
            labels = matching.isOn ? labels.keeping(Set(matching.labels)) : labels.dropping(Set(matching.labels))
        }
        for name in matching.include { labels = labels.setting(name, to: one[name] ?? "") }
        memories[place, default: Memory()].results[pair] = labels
        return labels
    }
}

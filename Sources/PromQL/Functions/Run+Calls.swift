import Samples
#if canImport(Glibc)
import Glibc
#endif

extension Run {
    mutating func scalarCall(_ call: Call, at t: Int64) throws(EvaluationError) -> Double {
        switch call.function.name {
        case .time: return Double(t) / 1000
        case .pi: return .pi
        case .scalar:
            let elements = try vector(call.arguments[0], at: t)
            return elements.count == 1 ? elements[0].value : .nan
        default: return .nan
        }
    }

    mutating func vectorCall(_ call: Call, _ expression: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        let name = call.function.name
        if let matrix = call.arguments.first(where: { $0.type == .matrix }) { return try rangeCall(call, matrix, at: t) }
        switch name {
        case .vector: return [Element(labels: .empty, value: try scalar(call.arguments[0], at: t))]
        case .absent:
            guard try vector(call.arguments[0], at: t).isEmpty else { return [] }
            return [Element(labels: Run.absentLabels(call.arguments[0]), value: 1)]
        case .timestamp: return try timestamps(call.arguments[0], at: t)
        case .histogram_quantile, .histogram_fraction: return try histogramCall(call, at: t)
        // Of native histograms alone; classic buckets give nothing.
        case .histogram_avg, .histogram_count, .histogram_stddev, .histogram_stdvar, .histogram_sum: return []
        case .label_replace: return try labelReplace(call, at: t)
        case .label_join: return try labelJoin(call, at: t)
        case .sort, .sort_desc:
            return try vector(call.arguments[0], at: t).sorted { a, b in
                if a.value.isNaN || b.value.isNaN { return !a.value.isNaN && b.value.isNaN }
                return name == .sort ? a.value < b.value : a.value > b.value
            }
        case .sort_by_label, .sort_by_label_desc:
            let labels = call.arguments.dropFirst().map { Run.text($0) }
            let isDescending = name == .sort_by_label_desc
            return try vector(call.arguments[0], at: t).sorted { a, b in
                for label in labels {
                    let (x, y) = (a.labels[label] ?? "", b.labels[label] ?? "")
                    if x != y { return NaturalOrder.precedes(x, y) != isDescending }
                }
                return (a.labels < b.labels) != isDescending
            }
        case .day_of_month, .day_of_week, .day_of_year, .days_in_month, .hour, .minute, .month, .year:
            if call.arguments.isEmpty { return [Element(labels: .empty, value: Calendar.part(name, Double(t) / 1000))] }
            return try mapped(call.arguments[0], at: t) { Calendar.part(name, $0) }
        case .round:
            let nearest = call.arguments.count > 1 ? try scalar(call.arguments[1], at: t) : 1
            // Multiplying by the inverse keeps 0.1 and the like exact.
            let inverse = 1 / nearest
            return try mapped(call.arguments[0], at: t) { ($0 * inverse + 0.5).rounded(.down) / inverse }
        case .clamp:
            let (low, high) = (try scalar(call.arguments[1], at: t), try scalar(call.arguments[2], at: t))
            if low > high { return [] }
            return try mapped(call.arguments[0], at: t) { Run.larger(low, Run.smaller(high, $0)) }
        case .clamp_min:
            let low = try scalar(call.arguments[1], at: t)
            return try mapped(call.arguments[0], at: t) { Run.larger(low, $0) }
        case .clamp_max:
            let high = try scalar(call.arguments[1], at: t)
            return try mapped(call.arguments[0], at: t) { Run.smaller(high, $0) }
        default:
            guard let function = Run.plain(name) else { return [] }
            return try mapped(call.arguments[0], at: t, function)
        }
    }

    private mutating func mapped(_ argument: Expression, at t: Int64, _ body: (Double) -> Double) throws(EvaluationError) -> [Element] {
        try vector(argument, at: t).map { Element(labels: $0.labels, value: body($0.value), dropName: true) }
    }

    /// Go's math.Max and math.Min: infinity on their side wins over NaN, NaN over the rest.
    private static func larger(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        return a.isNaN || b.isNaN ? .nan : max(a, b)
    }

    private static func smaller(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        return a.isNaN || b.isNaN ? .nan : min(a, b)
    }

    private static func plain(_ name: Function.Name) -> ((Double) -> Double)? {
        switch name {
        case .abs: { $0.magnitude }
        case .ceil: { $0.rounded(.up) }
        case .floor: { $0.rounded(.down) }
        case .exp: { Glibc.exp($0) }
        case .sqrt: { $0.squareRoot() }
        case .ln: { Glibc.log($0) }
        case .log2: { Glibc.log2($0) }
        case .log10: { Glibc.log10($0) }
        case .sin: { Glibc.sin($0) }
        case .cos: { Glibc.cos($0) }
        case .tan: { Glibc.tan($0) }
        case .asin: { Glibc.asin($0) }
        case .acos: { Glibc.acos($0) }
        case .atan: { Glibc.atan($0) }
        case .sinh: { Glibc.sinh($0) }
        case .cosh: { Glibc.cosh($0) }
        case .tanh: { Glibc.tanh($0) }
        case .asinh: { Glibc.asinh($0) }
        case .acosh: { Glibc.acosh($0) }
        case .atanh: { Glibc.atanh($0) }
        case .rad: { $0 * .pi / 180 }
        case .deg: { $0 * 180 / .pi }
        case .sgn: { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        default: nil
        }
    }

    private mutating func rangeCall(_ call: Call, _ matrix: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        let name = call.function.name
        var parameters: [Double] = []
        for argument in call.arguments where argument.type == .scalar { parameters.append(try scalar(argument, at: t)) }
        let (windows, start, end) = try windows(matrix, at: t)
        if name == .absent_over_time {
            return windows.isEmpty ? [Element(labels: Run.absentLabels(matrix), value: 1)] : []
        }
        let keepsName = name == .last_over_time || name == .first_over_time
        var result: [Element] = []
        result.reserveCapacity(windows.count)
        for window in windows {
            let input = RangeFunctions.Input(points: window.points, start: start, end: end, time: t, parameters: parameters)
            guard let value = try RangeFunctions.compute(name, input) else { continue }
            result.append(Element(labels: window.labels, value: value, dropName: window.dropName || !keepsName))
        }
        return result
    }

    /// What a missing series would have been called: the selector's plain equalities, each label said once.
    private static func absentLabels(_ expression: Expression) -> Labels {
        let matchers: [Matcher]
        switch expression.unwrapped.kind {
        case .selector(let selector), .range(let selector, _): matchers = selector.matchers
        default: return .empty
        }
        var values: [String: String] = [:]
        // Only equalities rule out a later one; any other matcher takes back what was there.
        var said: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricName {
            if matcher.operation == .equal, said.insert(matcher.name).inserted {
                values[matcher.name] = matcher.value
            } else {
                values[matcher.name] = nil
            }
        }
        return Labels(values)
    }

    private mutating func timestamps(_ argument: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        if case .selector(let selector) = argument.unwrapped.kind {
            return latest(selector, argument.unwrapped, at: t).map {
                Element(labels: $0.element.labels, value: Double($0.time) / 1000, dropName: true)
            }
        }
        return try mapped(argument, at: t) { _ in Double(t) / 1000 }
    }

    // MARK: Labels

    private static func text(_ expression: Expression) -> String {
        if case .string(let literal) = expression.unwrapped.kind { literal.text } else { "" }
    }

    private static func labelName(_ expression: Expression, in function: String) throws(EvaluationError) -> String {
        guard case .string(let literal) = expression.unwrapped.kind, literal.isText, !literal.bytes.isEmpty else {
            throw EvaluationError(.execution, "invalid destination label name in \(function)(): \(text(expression))")
        }
        return literal.text
    }

    private mutating func labelReplace(_ call: Call, at t: Int64) throws(EvaluationError) -> [Element] {
        let elements = try vector(call.arguments[0], at: t)
        let pattern = Run.text(call.arguments[4])
        let expression: RegularExpression
        do {
            expression = try RegularExpression(anchored: pattern)
        } catch {
            throw EvaluationError(.execution, "invalid regular expression in label_replace(): \(pattern)")
        }
        let destination = try Run.labelName(call.arguments[1], in: "label_replace")
        let (template, source) = (Run.text(call.arguments[2]), Run.text(call.arguments[3]))
        return try distinct(elements.map { element in
            let value = element.labels[source] ?? ""
            guard let groups = expression.wholeMatch(of: value) else { return element }
            return Run.setting(destination, to: expression.expand(template, in: value, groups: groups), of: element)
        })
    }

    private mutating func labelJoin(_ call: Call, at t: Int64) throws(EvaluationError) -> [Element] {
        let elements = try vector(call.arguments[0], at: t)
        let destination = try Run.labelName(call.arguments[1], in: "label_join")
        let separator = Run.text(call.arguments[2])
        var sources: [String] = []
        for argument in call.arguments.dropFirst(3) {
            guard case .string(let literal) = argument.unwrapped.kind, literal.isText, !literal.bytes.isEmpty else {
                throw EvaluationError(.execution, "invalid source label name in label_join(): \(Run.text(argument))")
            }
            sources.append(literal.text)
        }
        return try distinct(elements.map { element in
            let value = sources.map { element.labels[$0] ?? "" }.joined(separator: separator)
            return Run.setting(destination, to: value, of: element)
        })
    }

    /// A name that is set anew is no longer one to be dropped.
    private static func setting(_ label: String, to value: String, of element: Element) -> Element {
        Element(
            labels: element.labels.setting(label, to: value), value: element.value,
            dropName: label == Labels.metricName ? false : element.dropName)
    }

    private func distinct(_ elements: [Element]) throws(EvaluationError) -> [Element] {
        var seen: Set<Labels> = []
        for element in elements where !seen.insert(element.labels).inserted { throw Run.sameLabels }
        return elements
    }
}

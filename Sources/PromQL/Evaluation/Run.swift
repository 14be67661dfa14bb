import Samples

/// One series' value inside an evaluation. Its name is dropped only at the very end, so that `by (__name__)` and
/// `label_replace` still see it.
struct Element {
    var labels: Labels
    var value: Double
    var dropName = false
}

/// The points of one series within a range.
struct Window {
    var labels: Labels
    var points: ArraySlice<Point>
    var dropName = false
}

/// One evaluation under way: the samples of all selectors, and what was worked out about label sets.
struct Run {
    /// A series as a selector loaded it.
    private struct Loaded {
        let labels: Labels
        /// In the order of time, stale markers included.
        let points: [Point]
        /// Without them; the same storage where there are none.
        let fresh: [Point]
    }

    private var selected: [Int: [Loaded]] = [:]
    private let start: Int64
    private let end: Int64
    private let lookback: Int64
    let limits: EvaluationLimits
    private var loadedPoints = 0
    private var ticks = 0
    /// By the place of an operator or aggregation in the text.
    var memories: [Int: Memory] = [:]

    static let sameLabels = EvaluationError(.execution, "vector cannot contain metrics with the same labelset")

    init(_ expression: Expression, source: any SampleSource, limits: EvaluationLimits, start: Int64, end: Int64, lookback: Int64) throws(EvaluationError) {
        self.start = start
        self.end = end
        self.lookback = lookback
        self.limits = limits
        try load(expression, from: start, through: end, source)
    }

    // MARK: Loading

    private func anchor(_ shift: TimeShift) -> Int64? {
        switch shift.anchor {
        case .at(let time): time
        case .start: start
        case .end: end
        case nil: nil
        }
    }

    /// The time that a selector looks at when evaluated at `t`.
    func reference(_ shift: TimeShift, at t: Int64) -> Int64 { (anchor(shift) ?? t) &- shift.offset }

    private mutating func load(_ expression: Expression, from first: Int64, through last: Int64, _ source: any SampleSource) throws(EvaluationError) {
        switch expression.kind {
        case .selector(let selector):
            try load(selector, expression, back: lookback, from: first, through: last, source)
        case .range(let selector, let range):
            try load(selector, expression, back: range, from: first, through: last, source)
        case .subquery(let subquery):
            let (low, high) = (reference(subquery.shift, at: first), reference(subquery.shift, at: last))
            try load(subquery.body, from: low &- subquery.range, through: high, source)
        default:
            for child in expression.children { try load(child, from: first, through: last, source) }
        }
    }

    private mutating func load(
        _ selector: VectorSelector, _ expression: Expression, back: Int64, from first: Int64, through last: Int64, _ source: any SampleSource
    ) throws(EvaluationError) {
        let series: [Series]
        do {
            series = try source.select(
                selector.matchers, start: reference(selector.shift, at: first) &- back, end: reference(selector.shift, at: last))
        } catch {
            throw EvaluationError(.source, "\(error)")
        }
        guard series.count <= limits.series else { throw EvaluationError(.limit, "a selector has more than \(limits.series) series") }
        loadedPoints += series.reduce(0) { $0 + $1.points.count }
        guard loadedPoints <= limits.samples else {
            throw EvaluationError(.limit, "query processing would load too many samples into memory; at most \(limits.samples)")
        }
        // Sorted, so that results do not depend on the source's order.
        selected[expression.span.lowerBound] = series.sorted { $0.labels < $1.labels }.map { one in
            let hasMarkers = one.points.contains { StaleMarker.is($0.v) }
            return Loaded(labels: one.labels, points: one.points, fresh: hasMarkers ? one.points.filter { !StaleMarker.is($0.v) } : one.points)
        }
        try checkTime()
    }

    mutating func checkTime() throws(EvaluationError) {
        ticks &+= 1
        if ticks & 63 == 1, limits.isOverdue() { throw EvaluationError(.timeout, "query timed out in expression evaluation") }
    }

    /// How many of the points lie at or before `t`.
    private static func count(_ points: [Point], through t: Int64) -> Int {
        var (low, high) = (0, points.count)
        // The newest point is asked for most often.
        if let last = points.last, last.t <= t { return points.count }
        while low < high {
            let middle = (low + high) / 2
            if points[middle].t <= t { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Selectors

    /// The latest sample of each series, with its own time.
    func latest(_ selector: VectorSelector, _ expression: Expression, at t: Int64) -> [(element: Element, time: Int64)] {
        let reference = reference(selector.shift, at: t)
        var result: [(Element, Int64)] = []
        for series in selected[expression.span.lowerBound] ?? [] {
            let count = Run.count(series.points, through: reference)
            guard count > 0 else { continue }
            let point = series.points[count - 1]
            if point.t > reference &- lookback, !StaleMarker.is(point.v) { result.append((Element(labels: series.labels, value: point.v), point.t)) }
        }
        return result
    }

    /// The points of each series in a range, and that range: open on the left, closed on the right.
    mutating func windows(_ expression: Expression, at t: Int64) throws(EvaluationError) -> (windows: [Window], start: Int64, end: Int64) {
        try checkTime()
        switch expression.kind {
        case .paren(let inner): return try windows(inner, at: t)
        case .range(let selector, let range):
            let end = reference(selector.shift, at: t)
            let start = end &- range
            var windows: [Window] = []
            for series in selected[expression.span.lowerBound] ?? [] {
                let (from, to) = (Run.count(series.fresh, through: start), Run.count(series.fresh, through: end))
                if from < to { windows.append(Window(labels: series.labels, points: series.fresh[from..<to])) }
            }
            return (windows, start, end)
        case .subquery(let subquery):
            return try subqueryWindows(subquery, at: t)
        default: return ([], t, t)
        }
    }

    private mutating func subqueryWindows(_ subquery: Subquery, at t: Int64) throws(EvaluationError) -> (windows: [Window], start: Int64, end: Int64) {
        let step = subquery.step ?? max(1, limits.defaultStep.milliseconds)
        let end = reference(subquery.shift, at: t)
        let start = end &- subquery.range
        // Steps are multiples of the step's width, so that neighbouring evaluations see the same points.
        var first = step * (start / step)
        if first <= start { first += step }
        guard (end - first) / step < Int64(limits.steps) else { throw EvaluationError(.limit, "a subquery has more than \(limits.steps) steps") }
        var places: [Labels: Int] = [:]
        var found: [(element: Element, points: [Point])] = []
        var total = 0
        for time in stride(from: first, through: end, by: Int(step)) {
            for element in try vector(subquery.body, at: time) {
                total += 1
                if let place = places[element.labels] {
                    found[place].points.append(Point(t: time, v: element.value))
                } else {
                    places[element.labels] = found.count
                    found.append((element, [Point(t: time, v: element.value)]))
                }
            }
            guard total <= limits.samples else { throw EvaluationError(.limit, "a subquery gives more than \(limits.samples) points") }
        }
        return (found.map { Window(labels: $0.element.labels, points: $0.points[...], dropName: $0.element.dropName) }, start, end)
    }

    // MARK: Expressions

    mutating func scalar(_ expression: Expression, at t: Int64) throws(EvaluationError) -> Double {
        switch expression.kind {
        case .number(let value, _): return value
        case .paren(let inner), .plus(let inner): return try scalar(inner, at: t)
        case .negated(let inner): return -(try scalar(inner, at: t))
        case .binary(let binary):
            let (left, right) = (try scalar(binary.left, at: t), try scalar(binary.right, at: t))
            if binary.operation.isComparison { return Operators.compares(binary.operation, left, right) ? 1 : 0 }
            return Operators.compute(binary.operation, left, right)
        case .call(let call): return try scalarCall(call, at: t)
        default: return .nan
        }
    }

    mutating func vector(_ expression: Expression, at t: Int64) throws(EvaluationError) -> [Element] {
        try checkTime()
        switch expression.kind {
        case .selector(let selector): return latest(selector, expression, at: t).map(\.element)
        case .paren(let inner), .plus(let inner): return try vector(inner, at: t)
        case .negated(let inner):
            return try vector(inner, at: t).map { Element(labels: $0.labels, value: -$0.value, dropName: true) }
        case .call(let call): return try vectorCall(call, expression, at: t)
        case .aggregate(let aggregate): return try self.aggregate(aggregate, expression, at: t)
        case .binary(let binary): return try self.binary(binary, expression, at: t)
        // A scalar where a vector stands: the body of a subquery, the operand of an aggregation of numbers.
        case .number: return [Element(labels: .empty, value: try scalar(expression, at: t))]
        case .string, .range, .subquery: return []
        }
    }

    /// Takes off the names that functions and operators have made void, and refuses what is then the same twice.
    static func withoutNames(_ elements: [Element]) throws(EvaluationError) -> [Element] {
        var seen: Set<Labels> = []
        var result: [Element] = []
        result.reserveCapacity(elements.count)
        let mustDrop = elements.contains { $0.dropName }
        for var element in elements {
            if element.dropName { element.labels = element.labels.withoutName() }
            element.dropName = false
            if mustDrop, !seen.insert(element.labels).inserted { throw sameLabels }
            result.append(element)
        }
        return result
    }
}

/// What was worked out about label sets at one operator, to be used again at the next step.
struct Memory {
    /// Input labels → group or signature.
    var keys: [Labels: Labels] = [:]
    /// Both sides' labels → the result's.
    var results: [Pair: Labels] = [:]

    struct Pair: Hashable {
        let left: Labels
        let right: Labels
    }
}

import Samples

extension Evaluation {
    /// Visits the series of a selector, within the limits on series and samples.
    func visit(
        _ selector: VectorSelector, after start: Int64, through end: Int64, latestOnly: Bool = false,
        _ body: (Labels, UnsafeBufferPointer<Point>) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        var count = 0
        do {
            try source.visit(selector.matchers, start: start, end: end, latestOnly: latestOnly) { labels, points in
                count += 1
                guard count <= limits.series else {
                    throw EvaluationError(.limit, "a selector has more than \(limits.series) series")
                }
                try budget.acquire(points.count)
                defer { budget.release(points.count) }
                try tick(points.count + 16)
                try body(labels, points)
            }
        } catch let error as EvaluationError {
            throw error
        } catch {
            throw EvaluationError(.source, "\(error)")
        }
    }

    /// An instant vector: the latest sample of each series at each step, unless it is a stale marker or older than the
    /// lookback delta.
    func latest(_ selector: VectorSelector, _ times: Times, _ value: (Point) -> Double) throws(EvaluationError) -> Table
    {
        var table = Table(width: times.count, budget)
        let references = times.map { reference(selector.modifiers, at: $0) }
        guard let first = references.first, let last = references.last else { return table }
        if times.count == 1 {
            try visit(selector, after: first.minus(lookback), through: first, latestOnly: true) {
                (labels, points) throws(EvaluationError) in
                if let point = points.last, !StaleMarker.is(point.v) {
                    try table.append(Row(labels: labels), value(point))
                }
            }
            return table
        }
        try visit(selector, after: first.minus(lookback), through: last) { (labels, points) throws(EvaluationError) in
            try tick(times.count)
            try table.append(Row(labels: labels)) { (cells) throws(EvaluationError) in
                var next = 0
                var hasValue = false
                for (step, reference) in references.enumerated() {
                    while next < points.count, points[next].t <= reference { next += 1 }
                    guard next > 0 else { continue }
                    let point = points[next - 1]
                    if point.t > reference.minus(lookback), !StaleMarker.is(point.v) {
                        cells[step] = value(point)
                        hasValue = true
                    }
                }
                return hasValue
            }
        }
        return table
    }
}

import Samples
import Text

/// The time windows of a range vector, one per step; each excludes its start and includes its end.
struct Windows {
    /// Ascending, in milliseconds since the epoch.
    let ends: Times
    /// Milliseconds.
    let range: Int64

    func start(_ step: Int) -> Int64 { ends[step].minus(range) }
}

extension Evaluation {
    /// The windows of a range vector.
    func windows(_ matrix: Expression, _ times: Times) -> Windows {
        switch matrix.unwrapped.kind {
        case .range(let selector, let range):
            Windows(ends: times.map { reference(selector.modifiers, at: $0) }, range: range.milliseconds)
        case .subquery(let subquery):
            Windows(ends: times.map { reference(subquery.modifiers, at: $0) }, range: subquery.range.milliseconds)
        default: Windows(ends: times, range: 0)
        }
    }

    /// Visits the series of a range vector, each with all points from the first window's start to the last one's end,
    /// stale markers removed.
    func visit(
        _ matrix: Expression, _ windows: Windows,
        _ body: (Row, UnsafeBufferPointer<Point>) throws(EvaluationError) -> Void
    ) throws(EvaluationError) {
        guard let last = windows.ends.last else { return }
        switch matrix.unwrapped.kind {
        case .range(let selector, _):
            var fresh: [Point] = []
            try visit(selector, after: windows.start(0), through: last) { (labels, points) throws(EvaluationError) in
                guard points.contains(where: { StaleMarker.is($0.v) }) else {
                    return try body(Row(labels: labels), points)
                }
                fresh.removeAll(keepingCapacity: true)
                for point in points where !StaleMarker.is(point.v) { fresh.append(point) }
                try fresh.read { (points) throws(EvaluationError) in try body(Row(labels: labels), points) }
            }
        case .subquery(let subquery):
            let times = try times(of: subquery, windows)
            let table = try table(subquery.body, times)
            var points: [Point] = []
            for (index, row) in table.rows.enumerated() {
                try tick(times.count)
                points.removeAll(keepingCapacity: true)
                for (step, value) in table.row(index).enumerated() where !Table.isMissing(value) {
                    points.append(Point(t: times[step], v: value))
                }
                try points.read { (points) throws(EvaluationError) in try body(row, points) }
            }
        default: break
        }
    }

    /// The steps of a subquery that are in any of the windows. They are multiples of the step's width, so that
    /// consecutive evaluations see the same points.
    private func times(of subquery: Subquery, _ windows: Windows) throws(EvaluationError) -> Times {
        let width = subquery.step?.milliseconds ?? max(1, limits.defaultStep.milliseconds)
        var times: Times = []
        for step in windows.ends.indices {
            let (start, end) = (windows.start(step), windows.ends[step])
            var time = width * (start / width)
            var overflowed = false
            if time <= start { (time, overflowed) = time.addingReportingOverflow(width) }
            if let last = times.last, last >= time {
                // The windows overlap: continue behind the steps of the previous one.
                (time, overflowed) = last.addingReportingOverflow(width)
            }
            while !overflowed, time <= end {
                guard times.count < limits.steps else {
                    throw EvaluationError(.limit, "a subquery has more than \(limits.steps) steps")
                }
                times.append(time)
                (time, overflowed) = time.addingReportingOverflow(width)
            }
        }
        return times
    }

    /// A range vector as the whole expression, at one time.
    func matrix(_ expression: Expression, at time: Int64) throws(EvaluationError) -> [Series] {
        let windows = windows(expression, [time])
        var seen: Set<Labels> = []
        var result: [Series] = []
        var lease: [Lease] = []
        try visit(expression, windows) { (row, points) throws(EvaluationError) in
            let inside = points.filter { $0.t > windows.start(0) && $0.t <= windows.ends[0] }
            if inside.isEmpty { return }
            let labels = row.dropName ? row.labels.withoutName() : row.labels
            guard seen.insert(labels).inserted else { throw Evaluation.duplicateLabelSet }
            let held = Lease(budget)
            try held.extend(by: inside.count)
            lease.append(held)
            result.append(Series(labels, inside))
        }
        return result.sorted { $0.labels < $1.labels }
    }
}

extension [Point] {
    /// `withUnsafeBufferPointer` with a typed error; the standard library's rethrows `any Error`.
    fileprivate func read(_ body: (UnsafeBufferPointer<Point>) throws(EvaluationError) -> Void) throws(EvaluationError)
    {
        let outcome = withUnsafeBufferPointer { points -> Result<Void, EvaluationError> in
            do throws(EvaluationError) {
                return .success(try body(points))
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }
}

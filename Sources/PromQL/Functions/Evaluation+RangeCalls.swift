import Samples

extension Evaluation {
    /// A function of a range vector. Each series is read once; the windows of all steps slide over its points.
    func rangeCall(_ call: Call, _ matrix: Expression, _ times: Times) throws(EvaluationError) -> Table {
        let name = call.function.name
        var parameters: [Column] = []
        for argument in call.arguments where argument.type == .scalar { parameters.append(try column(argument, times)) }
        let windows = windows(matrix, times)
        if name == .absent_over_time { return try absentOverTime(matrix, windows, times) }
        let keepsName = name == .last_over_time || name == .first_over_time
        let isCounter = name == .rate || name == .increase
        var result = Table(width: times.count, budget)
        var scratch: [Double] = []
        try visit(matrix, windows) { (row, points) throws(EvaluationError) in
            let mayReset = isCounter && RangeFunctions.hasReset(points)
            try result.append(Row(labels: row.labels, dropName: row.dropName || !keepsName)) {
                (cells) throws(EvaluationError) in
                var (low, high) = (0, 0)
                var hasValue = false
                for step in cells.indices {
                    let (start, end) = (windows.start(step), windows.ends[step])
                    while high < points.count, points[high].t <= end { high += 1 }
                    while low < high, points[low].t <= start { low += 1 }
                    guard low < high else { continue }
                    try tick(high - low)
                    let input = RangeFunctions.Input(
                        points: UnsafeBufferPointer(rebasing: points[low..<high]), start: start, end: end,
                        time: times[step], mayReset: mayReset,
                        first: parameters.isEmpty ? .nan : parameters[0][step],
                        second: parameters.count < 2 ? .nan : parameters[1][step])
                    guard let value = try RangeFunctions.compute(name, input, &scratch) else { continue }
                    cells[step] = value
                    hasValue = true
                }
                return hasValue
            }
        }
        return result
    }

    private func absentOverTime(_ matrix: Expression, _ windows: Windows, _ times: Times) throws(EvaluationError)
        -> Table
    {
        var isPresent = [Bool](repeating: false, count: times.count)
        try visit(matrix, windows) { (_, points) throws(EvaluationError) in
            var next = 0
            for step in times.indices {
                while next < points.count, points[next].t <= windows.ends[step] { next += 1 }
                if next > 0, points[next - 1].t > windows.start(step) { isPresent[step] = true }
            }
        }
        return try absent(matrix, of: times, isPresent: isPresent)
    }
}

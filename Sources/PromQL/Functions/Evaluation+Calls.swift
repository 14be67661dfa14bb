import Samples

extension Evaluation {
    func call(_ call: Call, _ times: Times) throws(EvaluationError) -> Table {
        let name = call.function.name
        let arguments = call.arguments
        if let matrix = arguments.first(where: { $0.type == .matrix }) { return try rangeCall(call, matrix, times) }
        switch name {
        case .vector: return try vector(try column(arguments[0], times), times)
        case .absent: return try absent(arguments[0], of: times, isPresent: presence(try table(arguments[0], times)))
        case .timestamp: return try timestamps(arguments[0], times)
        case .histogram_quantile, .histogram_fraction: return try histogramCall(call, times)
        // These functions apply to native histograms only; for classic ones their result is empty.
        case .histogram_avg, .histogram_count, .histogram_stddev, .histogram_stdvar, .histogram_sum:
            return Table(width: times.count, budget)
        case .label_replace: return try labelReplace(call, times)
        case .label_join: return try labelJoin(call, times)
        case .sort, .sort_desc: return sorted(try table(arguments[0], times), isDescending: name == .sort_desc)
        case .sort_by_label, .sort_by_label_desc:
            let labels = arguments.dropFirst().map { Evaluation.text($0) }
            return sorted(try table(arguments[0], times), by: labels, isDescending: name == .sort_by_label_desc)
        case .day_of_month, .day_of_week, .day_of_year, .days_in_month, .hour, .minute, .month, .year:
            guard arguments.isEmpty else { return try mapped(arguments[0], times) { Calendar.part(name, $0) } }
            return try vector(.varying(times.map { Calendar.part(name, Double($0) / 1000) }), times)
        case .round:
            // As in Prometheus: multiplying by the inverse gives exact results for nearest values such as 0.1.
            let inverse = arguments.count > 1 ? try column(arguments[1], times).map { 1 / $0 } : .constant(1)
            return try mapped(arguments[0], times) { value, step in
                (value * inverse[step] + 0.5).rounded(.down) / inverse[step]
            }
        case .clamp: return try clamped(arguments, times)
        case .clamp_min:
            let low = try column(arguments[1], times)
            return try mapped(arguments[0], times) { value, step in GoMath.larger(low[step], value) }
        case .clamp_max:
            let high = try column(arguments[1], times)
            return try mapped(arguments[0], times) { value, step in GoMath.smaller(high[step], value) }
        default:
            guard let function = GoMath.plain(name) else { return Table(width: times.count, budget) }
            return try mapped(arguments[0], times, function)
        }
    }

    private func mapped(_ argument: Expression, _ times: Times, _ body: (Double) -> Double) throws(EvaluationError)
        -> Table
    {
        try mapped(argument, times) { value, _ in body(value) }
    }

    private func mapped(_ argument: Expression, _ times: Times, _ body: (_ value: Double, _ step: Int) -> Double)
        throws(EvaluationError) -> Table
    {
        var result = try table(argument, times)
        try tick(result.cells.count)
        result.changeRows { $0.dropName = true }
        result.changeValues(body)
        return result
    }

    private func clamped(_ arguments: [Expression], _ times: Times) throws(EvaluationError) -> Table {
        let (low, high) = (try column(arguments[1], times), try column(arguments[2], times))
        var result = try table(arguments[0], times)
        result.changeRows { $0.dropName = true }
        result.changeValues(canEmpty: true) { value, step in
            low[step] > high[step] ? Table.missing : GoMath.larger(low[step], GoMath.smaller(high[step], value))
        }
        return result
    }

    /// `vector()`: one series without labels.
    private func vector(_ column: Column, _ times: Times) throws(EvaluationError) -> Table {
        var result = Table(width: times.count, budget)
        try result.append(Row(labels: .empty)) { cells in
            for step in cells.indices { cells[step] = column[step] }
            return true
        }
        return result
    }

    private func timestamps(_ argument: Expression, _ times: Times) throws(EvaluationError) -> Table {
        guard case .selector(let selector) = argument.unwrapped.kind else {
            return try mapped(argument, times) { _, step in Double(times[step]) / 1000 }
        }
        if times.count > 1, argument.isStepInvariant {
            return try timestamps(argument, [times[0]]).repeated(times.count, budget)
        }
        var result = try latest(selector, times) { Double($0.t) / 1000 }
        result.changeRows { $0.dropName = true }
        return result
    }

    // MARK: Order

    /// Sorts by value. As in Prometheus, sorting has no effect in range queries.
    private func sorted(_ table: Table, isDescending: Bool) -> Table {
        guard table.width == 1 else { return table }
        return table.picking(
            table.rows.indices.sorted { x, y in
                let (a, b) = (table[x, 0], table[y, 0])
                if a.isNaN || b.isNaN { return a.isNaN && b.isNaN ? x < y : b.isNaN }
                if a == b { return x < y }
                return isDescending ? a > b : a < b
            })
    }

    private func sorted(_ table: Table, by labels: [String], isDescending: Bool) -> Table {
        guard table.width == 1 else { return table }
        return table.picking(
            table.rows.indices.sorted { x, y in
                let (a, b) = (table.rows[x].labels, table.rows[y].labels)
                for label in labels {
                    let (p, q) = (a[label] ?? "", b[label] ?? "")
                    if p != q { return NaturalOrder.precedes(p, q) != isDescending }
                }
                return a != b && (a < b) != isDescending
            })
    }

    // MARK: Absence

    /// Whether the table has any value, by step.
    private func presence(_ table: Table) -> [Bool] {
        var isPresent = [Bool](repeating: false, count: table.width)
        for row in table.rows.indices {
            for column in 0..<table.width where !Table.isMissing(table[row, column]) { isPresent[column] = true }
        }
        return isPresent
    }

    func absent(_ argument: Expression, of times: Times, isPresent: [Bool]) throws(EvaluationError) -> Table {
        var result = Table(width: times.count, budget)
        try result.append(Row(labels: Evaluation.absentLabels(argument))) { cells in
            for step in cells.indices where !isPresent[step] { cells[step] = 1 }
            return isPresent.contains(false)
        }
        return result
    }

    /// The labels of `absent`'s result, from the selector's equality matchers: Prometheus'
    /// `createLabelsForAbsentFunction`.
    private static func absentLabels(_ expression: Expression) -> Labels {
        let matchers: [Matcher]
        switch expression.unwrapped.kind {
        case .selector(let selector), .range(let selector, _): matchers = selector.matchers
        default: return .empty
        }
        var values: [String: String] = [:]
        // Only the first equality matcher of a label sets it; each further matcher of any kind removes it.
        var equalities: Set<String> = []
        for matcher in matchers where matcher.name != Labels.metricName {
            if matcher.operation == .equal, equalities.insert(matcher.name).inserted {
                values[matcher.name] = matcher.value
            } else {
                values[matcher.name] = nil
            }
        }
        return Labels(values)
    }
}

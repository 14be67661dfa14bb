import Samples
import Text

/// `topk` and `bottomk`.
extension Evaluation {
    static func check(rankingParameter parameter: Column) throws(EvaluationError) {
        for value in parameter.values {
            if value.isNaN { throw EvaluationError(.execution, "Parameter value is NaN") }
            guard value.magnitude < 0x1p63 else {
                throw EvaluationError(
                    .execution, "Scalar value \(goFormat(value)) \(value < 0 ? "underflows" : "overflows") int64")
            }
        }
    }

    func ranked(_ body: Table, _ groups: Groups, _ parameter: Column, isTop: Bool) throws(EvaluationError) -> Table {
        let members = groups.members
        var indices: [Int] = []
        var isKept = [Bool](repeating: false, count: body.cells.count)
        for column in 0..<body.width {
            let limit = Int(saturating: parameter[column])
            if limit < 1 { continue }
            for rows in members {
                try tick(rows.count)
                var ranking = Ranking(limit: limit, isTop: isTop)
                for row in rows where !Table.isMissing(body[row, column]) { ranking.add(body[row, column], row) }
                for row in ranking.rows {
                    isKept[row * body.width + column] = true
                    if body.width == 1 { indices.append(row) }
                }
            }
        }
        // An instant result is in the order of the ranking.
        if body.width == 1 { return body.picking(indices) }
        var result = body
        result.filter { row, column in isKept[row * body.width + column] }
        return result
    }
}

/// The `limit` largest (`topk`) or smallest (`bottomk`) values, in order. NaN comes last in both; equal values keep the
/// order in which they were added.
private struct Ranking {
    private struct Entry {
        let value: Double
        let row: Int
    }

    private let limit: Int
    private let isTop: Bool
    private var best: [Entry] = []
    /// Short lists are kept in order by insertion; longer ones are sorted at the end.
    private let isShort: Bool

    init(limit: Int, isTop: Bool) {
        self.limit = limit
        self.isTop = isTop
        isShort = limit <= 64
    }

    private func precedes(_ a: Double, _ b: Double) -> Bool {
        if a.isNaN || b.isNaN { return !a.isNaN && b.isNaN }
        return isTop ? a > b : a < b
    }

    mutating func add(_ value: Double, _ row: Int) {
        let entry = Entry(value: value, row: row)
        guard isShort else { return best.append(entry) }
        if best.count == limit {
            guard let last = best.last, precedes(value, last.value) else { return }
            best.removeLast()
        }
        var index = best.count
        while index > 0, precedes(value, best[index - 1].value) { index -= 1 }
        best.insert(entry, at: index)
    }

    var rows: [Int] {
        // Rows are added in ascending order, which makes the row the tie-breaker.
        let order =
            isShort
            ? best : best.sorted { precedes($0.value, $1.value) || (!precedes($1.value, $0.value) && $0.row < $1.row) }
        return order.prefix(limit).map(\.row)
    }
}

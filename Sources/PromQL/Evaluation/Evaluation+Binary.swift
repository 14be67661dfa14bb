import Samples

extension Evaluation {
    func binary(_ binary: Binary, _ times: Times) throws(EvaluationError) -> Table {
        let (left, right) = (binary.left, binary.right)
        switch (left.type, right.type) {
        case (.vector, .scalar):
            return withNumber(binary, try table(left, times), try column(right, times), isSwapped: false)
        case (.scalar, .vector):
            return withNumber(binary, try table(right, times), try column(left, times), isSwapped: true)
        default:
            let (a, b) = (try table(left, times), try table(right, times))
            try tick(a.cells.count + b.cells.count)
            return binary.operation.isSet ? try combined(binary, a, b) : try matched(binary, a, b)
        }
    }

    private func withNumber(_ binary: Binary, _ table: Table, _ number: Column, isSwapped: Bool) -> Table {
        var table = table
        let operation = binary.operation
        if operation.isComparison, !binary.returnsBool {
            // The vector's value stays, on whichever side it stands.
            table.changeValues(canEmpty: true) { value, step in
                let holds =
                    isSwapped
                    ? Operators.compares(operation, number[step], value)
                    : Operators.compares(operation, value, number[step])
                return holds ? value : Table.nothing
            }
            return table
        }
        table.changeRows { $0.dropName = true }
        if operation.isComparison {
            table.changeValues { value, step in
                let holds =
                    isSwapped
                    ? Operators.compares(operation, number[step], value)
                    : Operators.compares(operation, value, number[step])
                return holds ? 1 : 0
            }
        } else {
            table.changeValues { value, step in
                isSwapped
                    ? Operators.compute(operation, number[step], value)
                    : Operators.compute(operation, value, number[step])
            }
        }
        return table
    }

    // MARK: and, or, unless

    private func combined(_ binary: Binary, _ left: Table, _ right: Table) throws(EvaluationError) -> Table {
        var grouper = LabelGrouper(binary.matching)
        let width = left.width
        let isUnion = binary.operation == .or
        // `or` asks what is on the left, the others what is on the right.
        let (asked, masked) = isUnion ? (left, right) : (right, left)
        let numbers = asked.rows.map { grouper.group(of: $0.labels) }
        var isThere = [Bool](repeating: false, count: grouper.keys.count * width)
        for (row, group) in numbers.enumerated() {
            for column in 0..<width where !Table.isNothing(asked[row, column]) {
                isThere[group * width + column] = true
            }
        }
        let groups = masked.rows.map { grouper.existingGroup(of: $0.labels) }
        let wanted = binary.operation == .and
        var result = masked
        result.filter { row, column in (groups[row].map { isThere[$0 * width + column] } ?? false) == wanted }
        guard isUnion else { return result }
        var both = left
        try both.append(result)
        return both
    }
}

import Samples

extension Evaluation {
    func binary(_ binary: Binary, _ times: Times) throws(EvaluationError) -> Table {
        let (left, right) = (binary.left, binary.right)
        switch (left.type, right.type) {
        case (.vector, .scalar):
            return vectorScalar(binary, try table(left, times), try column(right, times), isSwapped: false)
        case (.scalar, .vector):
            return vectorScalar(binary, try table(right, times), try column(left, times), isSwapped: true)
        default:
            let (a, b) = (try table(left, times), try table(right, times))
            try tick(a.cells.count + b.cells.count)
            return binary.operation.isSet ? try setOperation(binary, a, b) : try vectorVector(binary, a, b)
        }
    }

    /// A vector with a scalar.
    /// - Parameter isSwapped: whether the scalar is the left operand.
    private func vectorScalar(_ binary: Binary, _ table: Table, _ number: Column, isSwapped: Bool) -> Table {
        var table = table
        let operation = binary.operation
        if operation.isComparison, !binary.returnsBool {
            // A filter keeps the vector's value, whichever side the vector is on.
            table.changeValues(canEmpty: true) { value, step in
                let holds =
                    isSwapped
                    ? Operators.compares(operation, number[step], value)
                    : Operators.compares(operation, value, number[step])
                return holds ? value : Table.missing
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

    private func setOperation(_ binary: Binary, _ left: Table, _ right: Table) throws(EvaluationError) -> Table {
        var grouper = LabelGrouper(binary.matching)
        let width = left.width
        let isUnion = binary.operation == .or
        // `or` filters the right side by the left one, `and` and `unless` the left side by the right one.
        let (present, filtered) = isUnion ? (left, right) : (right, left)
        let numbers = present.rows.map { grouper.group(of: $0.labels) }
        var isPresent = [Bool](repeating: false, count: grouper.keys.count * width)
        for (row, group) in numbers.enumerated() {
            for column in 0..<width where !Table.isMissing(present[row, column]) {
                isPresent[group * width + column] = true
            }
        }
        let groups = filtered.rows.map { grouper.existingGroup(of: $0.labels) }
        let wanted = binary.operation == .and
        var result = filtered
        result.filter { row, column in (groups[row].map { isPresent[$0 * width + column] } ?? false) == wanted }
        guard isUnion else { return result }
        var both = left
        try both.append(result)
        return both
    }
}

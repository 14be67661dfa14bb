import Samples

/// Arithmetic and comparison of two vectors: Prometheus' `VectorBinop`.
extension Evaluation {
    /// The rows of each group, as linked lists in shared arrays.
    private struct RowLists {
        private var first: [Int]
        private var last: [Int]
        private var next: [Int] = []

        init(groups: Int = 0) {
            first = Array(repeating: -1, count: groups)
            last = first
        }

        mutating func append(_ row: Int, to group: Int) {
            while first.count <= group {
                first.append(-1)
                last.append(-1)
            }
            while next.count <= row { next.append(-1) }
            if first[group] < 0 { first[group] = row } else { next[last[group]] = row }
            last[group] = row
        }

        func first(_ group: Int) -> Int? { first[group] < 0 ? nil : first[group] }
        func next(_ row: Int) -> Int? { next[row] < 0 ? nil : next[row] }
    }

    func vectorVector(_ binary: Binary, _ left: Table, _ right: Table) throws(EvaluationError) -> Table {
        let matching = binary.matching
        let isSwapped = matching.cardinality == .oneToMany
        let (many, one) = isSwapped ? (right, left) : (left, right)
        var result = Table(width: many.width, budget)
        if many.rows.isEmpty || one.rows.isEmpty { return result }
        var grouper = LabelGrouper(matching)
        var partners = RowLists()
        for row in one.rows.indices {
            let group = grouper.group(of: one.rows[row].labels)
            partners.append(row, to: group)
            if let first = partners.first(group), first != row {
                try Evaluation.rejectDuplicates(
                    row, among: first, partners, one, many, grouper.keys[group], isSwapped ? "left" : "right")
            }
        }
        var outputs = Outputs(matching, groups: grouper.keys.count)
        for row in many.rows.indices {
            guard let group = grouper.existingGroup(of: many.rows[row].labels) else { continue }
            var partner = partners.first(group)
            while let other = partner {
                partner = partners.next(other)
                let output = Evaluation.outputRow(binary, many.rows[row], one.rows[other], grouper.keys[group])
                let before = result.rows.count
                try result.append(output) { cells in
                    Evaluation.compute(binary, isSwapped, many.row(row), one.row(other), into: cells)
                }
                if result.rows.count > before { try outputs.add(before, of: group, in: result) }
            }
        }
        return result
    }

    private static func compute(
        _ binary: Binary, _ isSwapped: Bool, _ many: ArraySlice<Double>, _ one: ArraySlice<Double>,
        into cells: UnsafeMutableBufferPointer<Double>
    ) -> Bool {
        var hasValue = false
        let operation = binary.operation
        for column in cells.indices {
            let (x, y) = (many[many.startIndex + column], one[one.startIndex + column])
            if Table.isMissing(x) || Table.isMissing(y) { continue }
            let (a, b) = isSwapped ? (y, x) : (x, y)
            if operation.isComparison {
                let holds = Operators.compares(operation, a, b)
                if !binary.returnsBool, !holds { continue }
                cells[column] = binary.returnsBool ? (holds ? 1 : 0) : a
            } else {
                cells[column] = Operators.compute(operation, a, b)
            }
            hasValue = true
        }
        return hasValue
    }

    /// The labels of a result: those of the "many" side, or with one-to-one matching the matched labels; with
    /// group_left and group_right the included labels of the "one" side are added. Prometheus' `resultMetric`.
    private static func outputRow(_ binary: Binary, _ many: Row, _ one: Row, _ key: Labels) -> Row {
        let matching = binary.matching
        let isArithmetic = !binary.operation.isComparison
        var labels = many.labels
        if matching.cardinality == .oneToOne {
            if matching.isOn || isArithmetic {
                labels = isArithmetic ? key.withoutName() : key
            } else if !matching.labels.isEmpty {
                labels = labels.dropping(Set(matching.labels))
            }
        } else if isArithmetic {
            labels = labels.withoutName()
        }
        for name in matching.include { labels = labels.setting(name, to: one.labels[name] ?? "") }
        // After arithmetic the only possible name is one included from the other side, which is kept.
        return Row(labels: labels, dropName: binary.returnsBool || (!isArithmetic && many.dropName))
    }

    /// Throws where two series of a group on the "one" side have a value at the same step. As in Prometheus, steps at
    /// which the other side is empty do not count.
    private static func rejectDuplicates(
        _ row: Int, among first: Int, _ lists: RowLists, _ one: Table, _ many: Table, _ key: Labels, _ side: String
    ) throws(EvaluationError) {
        var duplicate: Int? = first
        while let other = duplicate, other != row {
            for column in 0..<one.width where !Table.isMissing(one[row, column]) && !Table.isMissing(one[other, column])
            {
                guard many.rows.indices.contains(where: { !Table.isMissing(many[$0, column]) }) else { continue }
                throw EvaluationError(
                    .execution,
                    "found duplicate series for the match group \(key) on the \(side) hand-side of the operation: [\(one.rows[row].labels), \(one.rows[other].labels)];many-to-many matching not allowed: matching labels must be unique on one side"
                )
            }
            duplicate = lists.next(other)
        }
    }

    /// Checks that no two results are the same series at the same step.
    private struct Outputs {
        private struct Key: Hashable {
            let group: Int
            let labels: Labels
        }

        private let isOneToOne: Bool
        private var lists: RowLists
        /// For group_left and group_right: the rows so far, by group and labels.
        private var known: [Key: [Int]] = [:]

        init(_ matching: Matching, groups: Int) {
            isOneToOne = matching.cardinality == .oneToOne
            lists = RowLists(groups: isOneToOne ? groups : 0)
        }

        mutating func add(_ row: Int, of group: Int, in table: Table) throws(EvaluationError) {
            if isOneToOne {
                var earlier = lists.first(group)
                lists.append(row, to: group)
                while let other = earlier {
                    if overlap(row, other, table) {
                        throw EvaluationError(
                            .execution,
                            "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                        )
                    }
                    earlier = lists.next(other)
                    if earlier == row { return }
                }
                return
            }
            let key = Key(group: group, labels: table.rows[row].labels)
            guard let earlier = known[key] else {
                known[key] = [row]
                return
            }
            for other in earlier where overlap(row, other, table) {
                throw EvaluationError(
                    .execution, "multiple matches for labels: grouping labels must ensure unique matches")
            }
            known[key] = earlier + [row]
        }

        private func overlap(_ a: Int, _ b: Int, _ table: Table) -> Bool {
            (0..<table.width).contains { !Table.isMissing(table[a, $0]) && !Table.isMissing(table[b, $0]) }
        }
    }
}

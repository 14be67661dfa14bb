import Samples
import Text

extension Evaluation {
    /// The rows of a table assigned to groups.
    struct Groups {
        var grouper: LabelGrouper
        /// Each row's group.
        var numbers: [Int] = []
        /// Whether each group's name is to be dropped, which is so where that of any member is.
        var dropName: [Bool] = []

        init(_ table: Table, _ grouping: Grouping) {
            grouper = LabelGrouper(grouping)
            numbers.reserveCapacity(table.rows.count)
            for row in table.rows {
                let number = grouper.group(of: row.labels)
                numbers.append(number)
                if number == dropName.count {
                    dropName.append(row.dropName)
                } else if row.dropName {
                    dropName[number] = true
                }
            }
        }

        var count: Int { grouper.keys.count }
        func row(_ group: Int) -> Row { Row(labels: grouper.keys[group], dropName: dropName[group]) }
        /// The rows of each group.
        var members: [[Int]] {
            var members = [[Int]](repeating: [], count: count)
            for (row, group) in numbers.enumerated() { members[group].append(row) }
            return members
        }
    }

    func aggregate(_ aggregate: Aggregate, _ times: Times) throws(EvaluationError) -> Table {
        let isRanking = aggregate.operation == .topk || aggregate.operation == .bottomk
        var parameter = Column.constant(.nan)
        if let expression = aggregate.parameter, expression.type == .scalar {
            parameter = try column(expression, times)
        }
        // Prometheus rejects a bad parameter even where the vector is empty.
        if isRanking { try Evaluation.check(rankingParameter: parameter) }
        var label = ""
        if case .string(let literal)? = aggregate.parameter?.unwrapped.kind {
            guard literal.isText, !literal.bytes.isEmpty else {
                throw EvaluationError(.execution, "invalid label name \(literal.text.quotedAsInGo)")
            }
            label = literal.text
        }
        let body = try table(aggregate.body, times)
        try tick(body.cells.count)
        if aggregate.operation == .countValues { return try valueCounts(body, label, aggregate.grouping) }
        let groups = Groups(body, aggregate.grouping)
        switch aggregate.operation {
        case .sum: return try reduced(body, groups, KahanSum.self)
        case .avg: return try reduced(body, groups, KahanMean.self)
        case .count: return try reduced(body, groups, Count.self)
        case .group: return try reduced(body, groups, One.self)
        case .min: return try reduced(body, groups, Minimum.self)
        case .max: return try reduced(body, groups, Maximum.self)
        case .stdvar: return try reduced(body, groups, Variance.self)
        case .stddev: return try reduced(body, groups, Deviation.self)
        case .quantile: return try quantiles(body, groups, parameter)
        case .topk, .bottomk, .countValues:
            return try ranked(body, groups, parameter, isTop: aggregate.operation == .topk)
        }
    }

    private func reduced<A: Accumulator>(_ body: Table, _ groups: Groups, _ type: A.Type) throws(EvaluationError)
        -> Table
    {
        let width = body.width
        let held = Lease(budget)
        try held.extend(by: groups.count * width)
        var accumulators = [A](repeating: A(), count: groups.count * width)
        var hasValue = [Bool](repeating: false, count: groups.count * width)
        body.cells.withUnsafeBufferPointer { cells in
            for (row, group) in groups.numbers.enumerated() {
                for column in 0..<width {
                    let value = cells[row * width + column]
                    if Table.isMissing(value) { continue }
                    accumulators[group * width + column].add(value)
                    hasValue[group * width + column] = true
                }
            }
        }
        var result = Table(width: width, budget)
        for group in 0..<groups.count {
            try result.append(groups.row(group)) { cells in
                for column in 0..<width where hasValue[group * width + column] {
                    cells[column] = accumulators[group * width + column].value
                }
                return true
            }
        }
        return result
    }

    private func quantiles(_ body: Table, _ groups: Groups, _ parameter: Column) throws(EvaluationError) -> Table {
        var result = Table(width: body.width, budget)
        var values: [Double] = []
        for (group, members) in groups.members.enumerated() {
            try result.append(groups.row(group)) { (cells) throws(EvaluationError) in
                for column in 0..<body.width {
                    try tick(members.count)
                    values.removeAll(keepingCapacity: true)
                    for row in members where !Table.isMissing(body[row, column]) { values.append(body[row, column]) }
                    if !values.isEmpty { cells[column] = Quantile.of(&values, parameter[column]) }
                }
                return true
            }
        }
        return result
    }

    /// `count_values`: one row for each distinct value, which becomes the value of the label.
    private func valueCounts(_ body: Table, _ label: String, _ grouping: Grouping) throws(EvaluationError) -> Table {
        struct Key: Hashable {
            let group: Int
            let bits: UInt64
        }
        let groups = Groups(body, grouping)
        var indices: [Key: Int] = [:]
        var byLabels: [Labels: Int] = [:]
        var labels: [Labels] = []
        var counts: [Double] = []
        let held = Lease(budget)
        for (row, group) in groups.numbers.enumerated() {
            try tick(body.width)
            for column in 0..<body.width where !Table.isMissing(body[row, column]) {
                let value = body[row, column]
                let key = Key(group: group, bits: value.bitPattern)
                var index = indices[key]
                if index == nil {
                    let text = goFormatPlain(value)
                    let full = groups.grouper.keys[group].setting(label, to: text)
                    // NaNs with different bits have the same text, so they are counted together.
                    index = byLabels[full]
                    if index == nil {
                        try held.extend(by: body.width)
                        byLabels[full] = labels.count
                        index = labels.count
                        labels.append(full)
                        counts.append(contentsOf: repeatElement(0, count: body.width))
                    }
                    indices[key] = index
                }
                if let index { counts[index * body.width + column] += 1 }
            }
        }
        var result = Table(width: body.width, budget)
        for (index, labels) in labels.enumerated() {
            try result.append(Row(labels: labels)) { cells in
                for column in cells.indices where counts[index * cells.count + column] > 0 {
                    cells[column] = counts[index * cells.count + column]
                }
                return true
            }
        }
        return result
    }
}

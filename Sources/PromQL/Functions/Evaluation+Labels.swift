import Samples
import Text

/// `label_replace` and `label_join`.
extension Evaluation {
    /// The text of a string literal; empty for any other expression.
    static func text(_ expression: Expression) -> String {
        if case .string(let literal) = expression.unwrapped.kind { literal.text } else { "" }
    }

    private static func labelName(_ expression: Expression, _ what: String, in function: String) throws(EvaluationError)
        -> String
    {
        guard case .string(let literal) = expression.unwrapped.kind, literal.isText, !literal.bytes.isEmpty else {
            throw EvaluationError(.execution, "invalid \(what) label name in \(function)(): \(text(expression))")
        }
        return literal.text
    }

    func labelReplace(_ call: Call, _ times: Times) throws(EvaluationError) -> Table {
        var result = try table(call.arguments[0], times)
        let pattern = Evaluation.text(call.arguments[4])
        let expression: RegularExpression
        do {
            expression = try RegularExpression(anchored: pattern)
        } catch {
            throw EvaluationError(.execution, "invalid regular expression in label_replace(): \(pattern)")
        }
        let destination = try Evaluation.labelName(call.arguments[1], "destination", in: "label_replace")
        let (template, source) = (Evaluation.text(call.arguments[2]), Evaluation.text(call.arguments[3]))
        result.changeRows { row in
            let value = row.labels[source] ?? ""
            guard let groups = expression.wholeMatch(of: value) else { return }
            row.set(destination, to: expression.expand(template, in: value, groups: groups))
        }
        try rejectDuplicates(result)
        return result
    }

    func labelJoin(_ call: Call, _ times: Times) throws(EvaluationError) -> Table {
        var result = try table(call.arguments[0], times)
        let destination = try Evaluation.labelName(call.arguments[1], "destination", in: "label_join")
        let separator = Evaluation.text(call.arguments[2])
        var sources: [String] = []
        for argument in call.arguments.dropFirst(3) {
            sources.append(try Evaluation.labelName(argument, "source", in: "label_join"))
        }
        result.changeRows { row in
            row.set(destination, to: sources.map { row.labels[$0] ?? "" }.joined(separator: separator))
        }
        try rejectDuplicates(result)
        return result
    }

    /// Throws where two rows with the same labels have a value at the same step.
    private func rejectDuplicates(_ table: Table) throws(EvaluationError) {
        var known: [Labels: [Int]] = [:]
        for (index, row) in table.rows.enumerated() {
            for other in known[row.labels] ?? [] {
                for column in 0..<table.width
                where !Table.isMissing(table[index, column]) && !Table.isMissing(table[other, column]) {
                    throw Evaluation.duplicateLabelSet
                }
            }
            known[row.labels, default: []].append(index)
        }
    }
}

extension Row {
    /// Sets a label; a metric name set here is kept at the end.
    fileprivate mutating func set(_ label: String, to value: String) {
        labels = labels.setting(label, to: value)
        if label == Labels.metricName { dropName = false }
    }
}

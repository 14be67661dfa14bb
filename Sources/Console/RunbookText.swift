import Text

/// Shows the template of an annotation without the values of an alert: a placeholder stands for each label and for the
/// value, as in `No backup of set <backup_set> has been made for <value>`.
struct RunbookText {
    /// The block that an action has opened, and whether its text is shown.
    private struct Block {
        var isShown: Bool
        /// Of an `if`: whether the part after `else` is shown. Of other blocks the first part is.
        var showsElse = false
        /// What `.` stands for.
        var dot: String
    }

    private var out = ""
    private var blocks: [Block] = []

    /// - Parameter template: Go template text; text that is no complete action is left as it is.
    static func plain(_ template: String) -> String {
        var text = RunbookText()
        var rest = Substring(template)
        while let start = rest.firstRange(of: "{{"), let end = rest[start.upperBound...].firstRange(of: "}}") {
            text.append(rest[..<start.lowerBound])
            text.action(rest[start.upperBound..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        text.append(rest)
        return text.out.trimmingSpaces
    }

    private mutating func append(_ text: some StringProtocol) {
        if blocks.allSatisfy(\.isShown) { out += text }
    }

    private mutating func action(_ action: Substring) {
        let body = action.drop { $0 == "-" }.trimmingSpaces
        let source = body.hasSuffix(" -") ? body.dropLast(2).trimmingSpaces : body
        let words = source.split { $0 == " " || $0 == "(" || $0 == ")" }
        let dot = blocks.last?.dot ?? "…"
        switch words.first ?? "" {
        case "if":
            // `if eq $value 1.0` distinguishes singular from plural: the plural suits a placeholder.
            let isSingular = words.count > 1 && words[1] == "eq"
            blocks.append(Block(isShown: !isSingular, showsElse: isSingular, dot: dot))
        case "with", "range": blocks.append(Block(isShown: true, dot: placeholder(source) ?? dot))
        case "define", "block": blocks.append(Block(isShown: false, dot: dot))
        case "else":
            if let last = blocks.popLast() { blocks.append(Block(isShown: last.showsElse, dot: last.dot)) }
        case "end": _ = blocks.popLast()
        case ".": append(dot)
        // `$externalURL` begins links; comments and assignments print nothing.
        case let word where word.hasPrefix("/*") || word == "$externalURL" || source.contains(":="): break
        default: append(placeholder(source) ?? "…")
        }
    }

    /// `<backup_set>` for `$labels.backup_set` or `.Labels.backup_set`, `<value>` for `$value`, `<reason>` for the variable
    /// `$reason`; nil for anything else.
    private func placeholder(_ source: String) -> String? {
        for name in ["$labels.", ".Labels."] {
            guard let found = source.firstRange(of: name) else { continue }
            let label = source[found.upperBound...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            return label.isEmpty ? nil : "<\(label)>"
        }
        if source.contains("$value") || source.contains(".Value") { return "<value>" }
        let isVariable =
            source.first == "$" && source.dropFirst().allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" }
        return isVariable && source.count > 1 ? "<\(source.dropFirst())>" : nil
    }
}

/// The text part of a mail, for programs that do not wrap lines or that wrap them badly.
enum PlainText {
    /// Wraps longer lines at spaces. What follows a bullet, a number or an indentation stays indented. A word that is
    /// too long, such as a link, stays whole on a line of its own, and so does a command, which is indented by five
    /// spaces: it would not work in two lines.
    static func wrapped(_ text: String, columns: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.unicodeScalars.count <= columns || line.hasPrefix("     ") ? String(line) : wrap(line, columns)
        }.joined(separator: "\n")
    }

    private static func wrap(_ line: Substring, _ columns: Int) -> String {
        let width = indentation(line)
        let indent = String(repeating: " ", count: width)
        var lines: [String] = []
        var current = String(line.prefix(width))
        var isBlank = true
        for word in line.dropFirst(width).split(separator: " ") {
            let joined = isBlank ? current + word : "\(current) \(word)"
            if joined.unicodeScalars.count > columns, !isBlank {
                lines.append(current)
                current = indent + word
            } else {
                current = joined
            }
            isBlank = false
        }
        return (lines + [current]).joined(separator: "\n")
    }

    /// The columns of a line's leading spaces and of its bullet or number.
    private static func indentation(_ line: Substring) -> Int {
        let spaces = line.prefix { $0 == " " }.count
        let rest = line.dropFirst(spaces)
        if rest.hasPrefix("* ") { return spaces + 2 }
        let digits = rest.prefix { $0.isASCII && $0.isNumber }
        if !digits.isEmpty, digits.count <= 2, rest.dropFirst(digits.count).hasPrefix(". ") {
            return spaces + digits.count + 2
        }
        return spaces
    }
}

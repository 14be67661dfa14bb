/// A syntax or type error in an expression.
package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line, from 1.
    package let line: Int
    /// The column, from 1, in Unicode scalars.
    package let column: Int
    /// The position in UTF-8 bytes from the start of the expression, for files that contain it.
    package let offset: Int
    /// What is wrong, in Prometheus' words where Prometheus has the same error, and what was expected.
    package let message: String
    /// The line with the error and, below it, a caret; long lines are cut around the position.
    package let excerpt: String

    package var description: String { "\(line):\(column): \(message)\n\(excerpt)" }

    init(_ message: String, at offset: Int, in text: [UInt8]) {
        self.message = message
        self.offset = min(max(offset, 0), text.count)
        let newline = UInt8(ascii: "\n")
        let before = text[..<self.offset]
        let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        let lineEnd = text[self.offset...].firstIndex(of: newline) ?? text.count
        line = before.reduce(1) { $1 == newline ? $0 + 1 : $0 }
        let lead = Array(String(decoding: text[lineStart..<self.offset], as: UTF8.self).unicodeScalars)
        let rest = Array(String(decoding: text[self.offset..<lineEnd], as: UTF8.self).unicodeScalars)
        column = lead.count + 1
        var shown = String.UnicodeScalarView()
        var pad = String.UnicodeScalarView()
        let reach = 60
        if lead.count > reach {
            shown.append(contentsOf: "…".unicodeScalars)
            pad.append(" ")
        }
        for scalar in lead.suffix(reach) {
            // Tabs are repeated in the line below, so that the caret is under the right column.
            shown.append(scalar)
            pad.append(scalar == "\t" ? "\t" : " ")
        }
        shown.append(contentsOf: rest.prefix(reach))
        if rest.count > reach { shown.append(contentsOf: "…".unicodeScalars) }
        excerpt = String(shown) + "\n" + String(pad) + "^"
    }
}

/// Why an expression can't be read: where, what, and what would be right.
package struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    /// From 1, in characters (Unicode scalars).
    package let column: Int
    /// In UTF-8 bytes from the start of the expression, for files that carry it at a place of their own.
    package let offset: Int
    package let message: String
    /// The line at fault, and under it a caret; long lines are cut around the place.
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
            // A tab stays a tab under the line, so that the caret stands where the eye expects it.
            shown.append(scalar)
            pad.append(scalar == "\t" ? "\t" : " ")
        }
        shown.append(contentsOf: rest.prefix(reach))
        if rest.count > reach { shown.append(contentsOf: "…".unicodeScalars) }
        excerpt = String(shown) + "\n" + String(pad) + "^"
    }
}

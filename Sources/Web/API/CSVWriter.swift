import Text

/// Writes a table as CSV with a header. Source: RFC 4180.
///
/// Spreadsheets take a cell that begins like a formula for one, and texts come from outside: such a cell gets an
/// apostrophe in front, which makes it text. Source: OWASP, "CSV Injection".
struct CSVWriter {
    private(set) var bytes: [UInt8] = []

    private static let formulas: Set<Character> = ["=", "+", "-", "@", "\u{ff1d}", "\u{ff0b}", "\u{ff0d}", "\u{ff20}"]

    /// A table with its header.
    init(_ header: [String]) { row(header) }

    /// Appends a row.
    mutating func row(_ cells: [String]) {
        for (index, cell) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            append(cell)
        }
        bytes += "\r\n".utf8
    }

    private mutating func append(_ text: String) {
        var text = text.withoutControls(keepsLines: true)
        if let first = text.first(where: { !$0.isWhitespace }), CSVWriter.formulas.contains(first) { text = "'" + text }
        guard text.utf8.contains(where: { [0x0a, 0x22, 0x2c].contains($0) }) else { return bytes += text.utf8 }
        bytes += ("\"" + text.replacing("\"", with: "\"\"") + "\"").utf8
    }
}

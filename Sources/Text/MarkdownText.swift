/// Text within Markdown. Source: CommonMark 0.31, 2.4; tables as GitHub Flavored Markdown 0.29, 4.10 has them.
package enum MarkdownText {
    /// The text with its markup escaped, and a space in place of each control character but line feeds: reports are printed
    /// on terminals too.
    package static func escape(_ text: String) -> String {
        // By scalars: markup keeps its meaning under a combining character.
        var out = String.UnicodeScalarView()
        for scalar in text.withoutControls(keepsLines: true).unicodeScalars {
            if "\\`*_[]<>#".unicodeScalars.contains(scalar) { out.append("\\") }
            out.append(scalar)
        }
        return String(out)
    }

    /// The text as a cell of a table: in one line.
    package static func cell(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in escape(text).unicodeScalars {
            if scalar == "|" { out.append("\\") }
            out.append(scalar == "\n" ? " " : scalar)
        }
        return String(out)
    }

    /// A row of a table.
    /// - Parameter cells: Markdown, as `cell` makes it.
    package static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}

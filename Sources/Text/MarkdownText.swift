/// Text within Markdown. Source: CommonMark 0.31, 2.4; tables as GitHub Flavored Markdown 0.29, 4.10 has them.
package enum MarkdownText {
    /// The text with its markup escaped; a carriage return becomes a space.
    package static func escape(_ text: String) -> String {
        var out = ""
        for character in text {
            if "\\`*_[]<>#".contains(character) { out.append("\\") }
            out.append(character == "\r" ? " " : character)
        }
        return out
    }

    /// The text as a cell of a table: in one line.
    package static func cell(_ text: String) -> String {
        escape(text).replacing("|", with: "\\|").replacing("\n", with: " ")
    }

    /// A row of a table.
    /// - Parameter cells: Markdown, as `cell` makes it.
    package static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
}

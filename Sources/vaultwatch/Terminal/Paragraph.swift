/// A text with something before its first line, below which the others are indented.
struct Paragraph: Sendable {
    let text: String
    /// Stands before the text.
    let lead: [TextTable.Cell]
    let style: Display.Style

    init(_ text: String, lead: [TextTable.Cell] = [], style: Display.Style = .none) {
        self.text = text.onOneLine
        self.lead = lead
        self.style = style
    }

    /// The lines, each at most as wide as the display. A lead that would take most of the width has lines of its own.
    func lines(_ display: Display) -> [String] {
        let head = lead.map(\.text).joined()
        let used = head.columns
        if let width = display.width, used > width / 2 {
            let heads = head.wrapped(to: width).map(\.withoutTrailingSpaces).filter { !$0.isEmpty }
            let style = lead.first { $0.style != .none }?.style ?? .none
            let indent = min(4, width / 4)
            let rest = text.isEmpty ? [] : text.wrapped(to: width - indent)
            return heads.map { display.styled($0, style) }
                + rest.map { String(repeating: " ", count: indent) + display.styled($0, self.style) }
        }
        let styledHead = lead.map { display.styled($0.text, $0.style) }.joined()
        let indent = String(repeating: " ", count: used)
        return text.wrapped(to: display.width.map { $0 - used }).enumerated().map { number, piece in
            let line = (number == 0 ? styledHead : indent) + display.styled(piece, style)
            return line.withoutTrailingSpaces
        }
    }
}

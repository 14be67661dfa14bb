import YAML

/// Finds the place in a file where a character of a scalar stands, whatever YAML did to its spaces, lines and quotes.
struct ScalarPosition {
    private let source: [UInt8]

    init(_ source: [UInt8]) { self.source = source }

    /// - Parameters:
    ///   - offset: bytes into the scalar's text.
    ///   - start: where the scalar begins, its quote or block indicator included.
    func place(of offset: Int, in text: String, startingAt start: Place) -> Place {
        // YAML changes white space alone, besides escapes in quotes; so the n-th visible byte of one is the n-th of the other.
        var visible = text.utf8.prefix(offset).reduce(0) { $0 + (isSpace($1) ? 0 : 1) }
        if offset >= text.utf8.count, visible > 0 { visible -= 1 }
        var (line, column, index) = (1, 1, 0)
        func advance() {
            if source[index] == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if source[index] & 0xc0 != 0x80 {
                column += 1
            }
            index += 1
        }
        while index < source.count, (line, column) < (start.line, start.column) { advance() }
        guard index < source.count else { return start }
        let quote = source[index]
        switch quote {
        case UInt8(ascii: "|"), UInt8(ascii: ">"):
            while index < source.count, source[index] != UInt8(ascii: "\n") { advance() }
        case UInt8(ascii: "\""), UInt8(ascii: "'"): advance()
        default: break
        }
        while index < source.count {
            if isSpace(source[index]) {
                advance()
                continue
            }
            if visible == 0 { return Place(file: start.file, line: line, column: column) }
            visible -= 1
            let next = index + 1 < source.count ? source[index + 1] : 0
            let isPair = (quote == UInt8(ascii: "\"") && source[index] == UInt8(ascii: "\\")) || (quote == UInt8(ascii: "'") && source[index] == quote && next == quote)
            advance()
            if isPair, index < source.count { advance() }
        }
        return start
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
}

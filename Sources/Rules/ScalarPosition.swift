import Text
import YAML

/// Finds the position in a file of a character of a scalar, whatever YAML did to its spaces, lines and quotes.
struct ScalarPosition {
    private let source: [UInt8]

    init(_ source: [UInt8]) { self.source = source }

    /// - Parameters:
    ///   - offset: bytes into the scalar's text.
    ///   - start: where the scalar begins, including its quote or block indicator.
    func position(of offset: Int, in text: String, startingAt start: SourcePosition) -> SourcePosition {
        // YAML only changes white space, besides escapes in quotes, which `unit` handles; so the n-th visible byte of
        // one is the n-th of the other.
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
            let unit = unit(at: index, quote)
            if visible < unit.visible { return SourcePosition(file: start.file, line: line, column: column) }
            visible -= unit.visible
            for _ in 0..<unit.length where index < source.count { advance() }
        }
        return start
    }

    /// The smallest unit that begins at a byte, a character or an escape: its length in the file, and the number of
    /// visible bytes in the text that it stands for.
    /// Source: YAML 1.2, 5.7 (escapes) and 7.3 (quotes).
    private func unit(at index: Int, _ quote: UInt8) -> (length: Int, visible: Int) {
        let next = index + 1 < source.count ? source[index + 1] : 0
        if quote == UInt8(ascii: "'"), source[index] == quote, next == quote { return (2, 1) }
        guard quote == UInt8(ascii: "\""), source[index] == UInt8(ascii: "\\") else {
            return (1, isSpace(source[index]) ? 0 : 1)
        }
        switch next {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), 0x20, 0x09, 0x0a, 0x0d: return (2, 0)
        case UInt8(ascii: "N"), UInt8(ascii: "_"): return (2, 2)
        case UInt8(ascii: "L"), UInt8(ascii: "P"): return (2, 3)
        case UInt8(ascii: "x"): return numeric(index, digits: 2)
        case UInt8(ascii: "u"): return numeric(index, digits: 4)
        case UInt8(ascii: "U"): return numeric(index, digits: 8)
        default: return (2, 1)
        }
    }

    private func numeric(_ index: Int, digits: Int) -> (length: Int, visible: Int) {
        let text = String(decoding: source[index...].dropFirst(2).prefix(digits), as: UTF8.self)
        guard let scalar = UInt32(digits: text, radix: 16).flatMap(Unicode.Scalar.init) else { return (2 + digits, 1) }
        return (
            2 + digits,
            UTF8.width(scalar) == 1 && isSpace(UInt8(truncatingIfNeeded: scalar.value)) ? 0 : UTF8.width(scalar)
        )
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }
}

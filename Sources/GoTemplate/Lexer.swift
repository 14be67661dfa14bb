import Samples
import Text

/// Splits a template into tokens. Source: Go's text/template/parse/lex.go. Delimiters are `{{` and `}}`, and spaces
/// inside actions are tokens.
struct Lexer {
    private let source: TemplateSource
    private let bytes: [UInt8]
    private var position = 0
    private var tokens: [Token] = []

    private init(_ source: TemplateSource) {
        self.source = source
        bytes = source.bytes
    }

    static func tokens(of source: TemplateSource) throws(TemplateError) -> [Token] {
        var lexer = Lexer(source)
        try lexer.run()
        return lexer.tokens
    }

    private mutating func run() throws(TemplateError) {
        var textStart = 0
        while position < bytes.count {
            guard has("{{") else {
                position += 1
                continue
            }
            let open = position
            let trims = at(open + 2) == UInt8(ascii: "-") && isSpace(at(open + 3))
            var textEnd = open
            if trims { while textEnd > textStart, isSpace(bytes[textEnd - 1]) { textEnd -= 1 } }
            if textEnd > textStart { emit(.text, textStart..<textEnd) }
            position = open + (trims ? 3 : 2)
            let comment = trims ? firstNotSpace(position) : position
            if at(comment) == UInt8(ascii: "/"), at(comment + 1) == UInt8(ascii: "*") {
                position = comment
                try skipComment(from: open)
            } else {
                emit(.leftDelimiter, open..<position)
                try lexAction(from: open)
            }
            textStart = position
        }
        if bytes.count > textStart { emit(.text, textStart..<bytes.count) }
        emit(.end, bytes.count..<bytes.count)
    }

    private mutating func skipComment(from open: Int) throws(TemplateError) {
        position += 2
        while position < bytes.count, !has("*/") { position += 1 }
        guard position < bytes.count else { throw source.error(at: open, "unclosed comment") }
        position += 2
        if has("}}") {
            position += 2
        } else if isSpace(at(position)), hasTrimmedEnd(position + 1) {
            position += 4
            skipSpace()
        } else {
            throw source.error(at: open, "comment ends before closing delimiter")
        }
    }

    /// An action, up to and including its closing delimiter; after ` -}}` also the space that it trims.
    private mutating func lexAction(from open: Int) throws(TemplateError) {
        var parentheses = 0
        while true {
            let start = position
            if isSpace(at(start)), hasTrimmedEnd(start + 1) || hasTrimmedEnd(firstNotSpace(start)) {
                try close(parentheses, start)
                let end = firstNotSpace(start)
                position = end + 3
                emit(.rightDelimiter, end..<position)
                skipSpace()
                return
            }
            if has("}}") {
                try close(parentheses, start)
                position += 2
                emit(.rightDelimiter, start..<position)
                return
            }
            guard let byte = at(start) else { throw source.error(at: open, "unclosed action") }
            switch byte {
            case _ where isSpace(byte):
                skipSpace()
                emit(.space, start..<position)
            case UInt8(ascii: ":"):
                guard at(start + 1) == UInt8(ascii: "=") else { throw source.error(at: start, "expected :=") }
                position += 2
                emit(.declare, start..<position)
            case UInt8(ascii: "="): single(.assign)
            case UInt8(ascii: "|"): single(.pipe)
            case UInt8(ascii: ","): single(.comma)
            case UInt8(ascii: "("):
                single(.leftParenthesis)
                parentheses += 1
            case UInt8(ascii: ")"):
                guard parentheses > 0 else { throw source.error(at: start, "unexpected right paren") }
                single(.rightParenthesis)
                parentheses -= 1
            case UInt8(ascii: "\""): try quoted(UInt8(ascii: "\""), .string, "unterminated quoted string")
            case UInt8(ascii: "'"): try quoted(UInt8(ascii: "'"), .character, "unterminated character constant")
            case UInt8(ascii: "`"):
                position += 1
                while let next = at(position), next != byte { position += 1 }
                guard at(position) == byte else { throw source.error(at: start, "unterminated raw quoted string") }
                position += 1
                emit(.rawString, start..<position)
            case UInt8(ascii: "$"): try name(.variable, alone: .variable)
            case UInt8(ascii: "."):
                if let next = at(start + 1), isDigit(next) { try number() } else { try name(.field, alone: .dot) }
            case UInt8(ascii: "+"), UInt8(ascii: "-"): try number()
            case _ where isDigit(byte): try number()
            case _ where isWord(byte): try identifier()
            default: throw source.error(at: start, "unexpected \(character(start)) in action")
            }
        }
    }

    private func close(_ parentheses: Int, _ offset: Int) throws(TemplateError) {
        if parentheses > 0 { throw source.error(at: offset, "unclosed left paren") }
    }

    private mutating func quoted(_ quote: UInt8, _ kind: Token.Kind, _ message: String) throws(TemplateError) {
        let start = position
        position += 1
        while let byte = at(position), byte != quote {
            if byte == UInt8(ascii: "\n") { throw source.error(at: start, message) }
            position += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        guard at(position) == quote else { throw source.error(at: start, message) }
        position += 1
        emit(kind, start..<position)
    }

    /// A field or variable. Starts at its `.` or `$`.
    /// - Parameter alone: the kind of the token where no name follows.
    private mutating func name(_ kind: Token.Kind, alone: Token.Kind) throws(TemplateError) {
        let start = position
        position += 1
        while let byte = at(position), isWord(byte) { position += 1 }
        try requireTerminator()
        emit(position == start + 1 ? alone : kind, start..<position)
    }

    private mutating func identifier() throws(TemplateError) {
        let start = position
        while let byte = at(position), isWord(byte) { position += 1 }
        try requireTerminator()
        let word = source.text(start..<position)
        let kind: Token.Kind =
            Token.keywords.contains(word) ? .keyword : word == "true" || word == "false" ? .boolean : .identifier
        emit(kind, start..<position)
    }

    private func requireTerminator() throws(TemplateError) {
        guard let byte = at(position), !isSpace(byte), !has("}}") else { return }
        let terminators: [UInt8] = [".", ",", "|", ":", ")", "("].map { UInt8(ascii: $0) }
        if !terminators.contains(byte) { throw source.error(at: position, "bad character \(character(position))") }
    }

    private mutating func number() throws(TemplateError) {
        let start = position
        if let sign = at(position), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
        var digits: (UInt8) -> Bool = isDigit
        var exponent: [UInt8] = [UInt8(ascii: "e"), UInt8(ascii: "E")]
        if at(position) == UInt8(ascii: "0"), let mark = at(position + 1) {
            switch mark | 0x20 {
            case UInt8(ascii: "x"):
                digits = { ($0 >= 0x30 && $0 <= 0x39) || (($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x66) }
                exponent = [UInt8(ascii: "p"), UInt8(ascii: "P")]
                position += 2
            case UInt8(ascii: "o"), UInt8(ascii: "b"):
                exponent = []
                position += 2
            default: break
            }
        }
        func run() {
            while let byte = at(position), digits(byte) || byte == UInt8(ascii: "_") { position += 1 }
        }
        run()
        if at(position) == UInt8(ascii: ".") {
            position += 1
            run()
        }
        if let mark = at(position), exponent.contains(mark) {
            position += 1
            if let sign = at(position), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { position += 1 }
            digits = isDigit
            run()
        }
        if let byte = at(position), isWord(byte) {
            throw source.error(at: start, "bad number syntax: \(source.text(start..<position + 1).quotedAsInGo)")
        }
        emit(.number, start..<position)
    }

    private mutating func single(_ kind: Token.Kind) {
        position += 1
        emit(kind, position - 1..<position)
    }

    private mutating func emit(_ kind: Token.Kind, _ range: Range<Int>) {
        tokens.append(Token(kind: kind, range: range))
    }

    private func at(_ index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func has(_ pair: StaticString) -> Bool {
        at(position) == pair.utf8Start[0] && at(position + 1) == pair.utf8Start[1]
    }

    private func hasTrimmedEnd(_ index: Int) -> Bool {
        at(index) == UInt8(ascii: "-") && at(index + 1) == UInt8(ascii: "}") && at(index + 2) == UInt8(ascii: "}")
    }

    private mutating func skipSpace() { position = firstNotSpace(position) }

    private func firstNotSpace(_ from: Int) -> Int {
        var index = from
        while isSpace(at(index)) { index += 1 }
        return index
    }

    /// The space characters of Go's lexer: space, tab, carriage return and line feed.
    private func isSpace(_ byte: UInt8?) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a }
    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Bytes of characters outside ASCII count as letters.
    private func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == 0x5f || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a) || byte >= 0x80
    }

    private func character(_ index: Int) -> String {
        String(String(decoding: bytes[index..<min(index + 4, bytes.count)], as: UTF8.self).prefix(1)).quotedAsInGo
    }
}

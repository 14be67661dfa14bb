import Samples
import Text

/// Splits an expression into tokens. Source: prometheus/prometheus, promql/parser/lex.go.
struct Lexer {
    private let text: [UInt8]
    private var position = 0
    /// Between `[` and `]` a colon separates range and step; elsewhere it is part of a name.
    private var inBrackets = false

    init(_ text: [UInt8]) { self.text = text }

    static func tokens(_ text: [UInt8]) throws(ParseError) -> [Token] {
        var lexer = Lexer(text)
        var tokens: [Token] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private mutating func next() throws(ParseError) -> Token {
        skipBlanks()
        let start = position
        guard let byte = peek() else { return Token(kind: .end, span: start..<start) }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
            let value = try string(quote: byte)
            return Token(kind: .string(value), span: start..<position)
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return try number()
        case UInt8(ascii: ".") where peek(1).map(isDigit) == true:
            return try number()
        case UInt8(ascii: ":") where !inBrackets:
            return name()
        case _ where isNameStart(byte):
            return name()
        default:
            return try symbol()
        }
    }

    private mutating func skipBlanks() {
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "#"):
                while let c = peek(), c != UInt8(ascii: "\n") { position += 1 }
            default: return
            }
        }
    }

    private mutating func name() -> Token {
        let start = position
        while let byte = peek(), isNameStart(byte) || isDigit(byte) || (byte == UInt8(ascii: ":") && !inBrackets) {
            position += 1
        }
        let word = String(decoding: text[start..<position], as: UTF8.self)
        switch word.lowercased() {
        case "inf": return Token(kind: .number(.infinity, isDuration: false), span: start..<position)
        case "nan": return Token(kind: .number(.nan, isDuration: false), span: start..<position)
        default: return Token(kind: .name(word), span: start..<position)
        }
    }

    private mutating func symbol() throws(ParseError) -> Token {
        let start = position
        for length in [2, 1] where start + length <= text.count {
            let word = String(decoding: text[start..<start + length], as: UTF8.self)
            guard let symbol = Token.Symbol(rawValue: word) else { continue }
            position += length
            if symbol == .leftBracket { inBrackets = true }
            if symbol == .rightBracket { inBrackets = false }
            return Token(kind: .symbol(symbol), span: start..<position)
        }
        let rest = String(decoding: text[start..<min(start + 4, text.count)], as: UTF8.self)
        let character = rest.unicodeScalars.first.map { String($0) } ?? ""
        let hint =
            character == "!"
            ? "; \"!=\" and \"!~\" start with it"
            : character == ";" || character == "$" ? "; it has no meaning in PromQL" : ""
        throw error("unexpected character \(character.quotedAsInGo)\(hint)", at: start)
    }

    /// A number: decimal (with an exponent), octal with a leading zero, hexadecimal with `0x`, with `_` between digits;
    /// or a duration such as `1h30m`, whose value is in seconds.
    private mutating func number() throws(ParseError) -> Token {
        let start = position
        var end = position
        while end < text.count,
            isNameStart(text[end]) || isDigit(text[end]) || text[end] == UInt8(ascii: ".")
                || isExponentSign(end, from: start)
        { end += 1 }
        let word = String(decoding: text[start..<end], as: UTF8.self)
        position = end
        if let value = NumberLiteral.value(word) {
            return Token(kind: .number(value, isDuration: false), span: start..<end)
        }
        if word != "0", let duration = Duration(prometheus: word) {
            return Token(kind: .number(Double(duration.milliseconds) / 1000, isDuration: true), span: start..<end)
        }
        throw error(
            "bad number or duration syntax: \(word.prefix(40).description.quotedAsInGo); expected a number such as 1.5e3 or a duration such as 1h30m",
            at: start)
    }

    private func isExponentSign(_ i: Int, from start: Int) -> Bool {
        guard text[i] == UInt8(ascii: "+") || text[i] == UInt8(ascii: "-"), i > start, i + 1 < text.count,
            isDigit(text[i + 1])
        else { return false }
        guard text[i - 1] == UInt8(ascii: "e") || text[i - 1] == UInt8(ascii: "E") else { return false }
        // In 0xe+1 the e is a digit, not an exponent.
        return
            !(start + 1 < text.count && (text[start + 1] == UInt8(ascii: "x") || text[start + 1] == UInt8(ascii: "X")))
    }

    /// The contents of a string, unescaped as by Go's `strconv.UnquoteChar`. Only the quote that delimits the string
    /// can be escaped.
    private mutating func string(quote: UInt8) throws(ParseError) -> [UInt8] {
        let start = position
        var out: [UInt8] = []
        position += 1
        while let byte = peek() {
            if byte == quote {
                position += 1
                return out
            }
            if quote == UInt8(ascii: "`") {
                position += 1
                out.append(byte)
                continue
            }
            if byte == UInt8(ascii: "\n") { break }
            if byte == UInt8(ascii: "\\") {
                try escape(quote: quote, into: &out)
            } else {
                position += 1
                out.append(byte)
            }
        }
        throw error("unterminated string; it starts here", at: start)
    }

    private mutating func escape(quote: UInt8, into out: inout [UInt8]) throws(ParseError) {
        let start = position
        position += 1
        guard let byte = peek() else { throw error("unterminated string", at: start) }
        position += 1
        switch byte {
        case UInt8(ascii: "a"): out.append(7)
        case UInt8(ascii: "b"): out.append(8)
        case UInt8(ascii: "f"): out.append(12)
        case UInt8(ascii: "n"): out.append(10)
        case UInt8(ascii: "r"): out.append(13)
        case UInt8(ascii: "t"): out.append(9)
        case UInt8(ascii: "v"): out.append(11)
        case UInt8(ascii: "\\"), quote: out.append(byte)
        case UInt8(ascii: "x"): out.append(UInt8(truncatingIfNeeded: try digits(2, radix: 16, from: start)))
        case UInt8(ascii: "u"): try append(scalar: try digits(4, radix: 16, from: start), to: &out, from: start)
        case UInt8(ascii: "U"): try append(scalar: try digits(8, radix: 16, from: start), to: &out, from: start)
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            position -= 1
            let value = try digits(3, radix: 8, from: start)
            guard value < 256 else { throw error("an octal escape goes up to \\377", at: start) }
            out.append(UInt8(truncatingIfNeeded: value))
        default:
            throw error(
                "unknown escape sequence; a backslash itself is written \\\\, or the string is put in backticks",
                at: start
            )
        }
    }

    private mutating func digits(_ count: Int, radix: UInt32, from start: Int) throws(ParseError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<count {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else {
                throw error("an escape sequence needs \(count) digits", at: start)
            }
            value = value &* radix &+ UInt32(digit)
            position += 1
        }
        return value
    }

    private func append(scalar value: UInt32, to out: inout [UInt8], from start: Int) throws(ParseError) {
        guard let scalar = Unicode.Scalar(value) else {
            throw error("the escape sequence is not a Unicode code point", at: start)
        }
        out += Array(String(scalar).utf8)
    }

    private func peek(_ ahead: Int = 0) -> UInt8? {
        position + ahead < text.count ? text[position + ahead] : nil
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    private func isNameStart(_ byte: UInt8) -> Bool { (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a || byte == 0x5f }
    private func error(_ message: String, at offset: Int) -> ParseError { ParseError(message, at: offset, in: text) }
}

/// Numbers in the syntax of Go's `strconv.ParseInt(text, 0, 64)` or, failing that, `ParseFloat`.
enum NumberLiteral {
    /// The value of an unsigned number; nil where the text is not one.
    static func value(_ word: String) -> Double? {
        let bytes = Array(word.utf8)
        guard let first = bytes.first, (first >= 0x30 && first <= 0x39) || first == UInt8(ascii: ".") else {
            return nil
        }
        if bytes.contains(UInt8(ascii: "_")) {
            // An underscore is allowed between digits and after the base prefix.
            guard bytes.last != UInt8(ascii: "_"), !word.contains("__"), !word.contains("_."), !word.contains("._"),
                !word.contains(where: { $0 == "p" || $0 == "P" })
            else { return nil }
        }
        let plain = word.filter { $0 != "_" }
        if plain.hasPrefix("0x") || plain.hasPrefix("0X") {
            let digits = plain.dropFirst(2)
            guard digits.allSatisfy(\.isHexDigit) else { return nil }
            return Int64(digits, radix: 16).map { Double($0) }
        }
        if plain.count > 1, plain.hasPrefix("0"), plain.allSatisfy({ $0 >= "0" && $0 <= "7" }),
            let value = Int64(plain, radix: 8)
        {
            return Double(value)
        }
        guard bytes.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || "._eE+-".utf8.contains($0) }) else { return nil }
        // Swift requires a digit on both sides of the point; Go does not.
        var text = plain.hasPrefix(".") ? "0" + plain : plain
        if let point = text.firstIndex(of: ".") {
            let after = text.index(after: point)
            if after == text.endIndex || !text[after].isWholeNumber { text.insert("0", at: after) }
        }
        // A number that overflows is an error.
        return Double(text).flatMap { $0.isFinite ? $0 : nil }
    }
}

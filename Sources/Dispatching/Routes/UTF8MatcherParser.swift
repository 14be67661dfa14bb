import Samples
import Text

/// Matchers as Alertmanager parses them since 0.27: label names in any script, names and values quoted or plain.
/// Source: alertmanager, matcher/parse/{lexer,parse}.go.
struct UTF8MatcherParser {
    private enum Token: Equatable {
        case open, close, comma
        case operation(String)
        case word(String)
        case quoted(String)
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0

    static func parse(_ text: String) throws(MatcherSyntaxError) -> [Matcher] {
        var parser = UTF8MatcherParser(scalars: Array(text.unicodeScalars))
        return try parser.matchers()
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private mutating func matchers() throws(MatcherSyntaxError) -> [Matcher] {
        var found: [Matcher] = []
        var token = try next()
        let braced = token == .open
        if braced { token = try next() }
        var afterMatcher = false
        while let current = token {
            if current == .close {
                guard braced else { throw problem("}: expected opening paren") }
                guard try next() == nil else { throw problem("expected end of input") }
                return found
            }
            if afterMatcher {
                guard current == .comma else { throw problem("expected a comma or close brace") }
                afterMatcher = false
            } else {
                found.append(try matcher(startingWith: current))
                afterMatcher = true
            }
            token = try next()
        }
        guard !braced else { throw problem("end of input: expected close brace") }
        return found
    }

    private mutating func matcher(startingWith first: Token) throws(MatcherSyntaxError) -> Matcher {
        let name: String
        switch first {
        case .word(let text), .quoted(let text): name = text
        default: throw problem("expected label name")
        }
        guard !name.isEmpty else { throw problem("invalid label name") }
        guard case .operation(let operation)? = try next() else {
            throw problem("expected an operator such as '=', '!=', '=~' or '!~'")
        }
        switch try next() {
        case .word(let value), .quoted(let value): return try MatcherSyntax.make(name, operation, value)
        default: throw problem("expected label value")
        }
    }

    private mutating func next() throws(MatcherSyntaxError) -> Token? {
        while position < scalars.count, scalars[position].properties.isWhitespace { position += 1 }
        guard position < scalars.count else { return nil }
        let c = scalars[position]
        let following: Unicode.Scalar? = position + 1 < scalars.count ? scalars[position + 1] : nil
        switch c {
        case "{", "}", ",":
            position += 1
            return c == "{" ? .open : c == "}" ? .close : .comma
        case "=", "!":
            if let following, following == "~" || (c == "!" && following == "=") {
                position += 2
                return .operation(String(c) + String(following))
            }
            guard c == "=" else { throw problem("!: expected one of '=~'") }
            position += 1
            return .operation("=")
        case "\"": return .quoted(try quoted())
        default:
            let start = position
            while position < scalars.count, !UTF8MatcherParser.isReserved(scalars[position]) { position += 1 }
            guard position > start else { throw problem("\(c): invalid input") }
            return .word(text(start..<position))
        }
    }

    private static func isReserved(_ c: Unicode.Scalar) -> Bool {
        c.properties.isWhitespace || ["{", "}", "!", "=", "~", ",", "\\", "\"", "'", "`"].contains(c)
    }

    /// A Go string literal: `\n \t \" \\ \a \b \f \r \v \xNN \NNN \uNNNN \UNNNNNNNN`.
    private mutating func quoted() throws(MatcherSyntaxError) -> String {
        position += 1
        var bytes: [UInt8] = []
        while position < scalars.count {
            let c = scalars[position]
            position += 1
            switch c {
            case "\"":
                guard let text = String(validating: bytes, as: UTF8.self) else { throw problem("value is not UTF-8") }
                return text
            case "\n": throw problem("a line break in quotes")
            case "\\": bytes += try escape()
            default: bytes += Array(String(c).utf8)
            }
        }
        throw problem("missing end \"")
    }

    private mutating func escape() throws(MatcherSyntaxError) -> [UInt8] {
        guard position < scalars.count else { throw problem("missing end \"") }
        let c = scalars[position]
        position += 1
        let simple: [Unicode.Scalar: UInt8] = [
            "a": 7, "b": 8, "t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "\\": 92, "\"": 34,
        ]
        if let byte = simple[c] { return [byte] }
        switch c {
        case "x": return [UInt8(truncatingIfNeeded: try number(2, radix: 16))]
        case "u", "U":
            guard let scalar = Unicode.Scalar(try number(c == "u" ? 4 : 8, radix: 16)) else {
                throw problem("not a character")
            }
            return Array(String(scalar).utf8)
        case "0"..."7":
            position -= 1
            let value = try number(3, radix: 8)
            guard value < 256 else { throw problem("invalid escape") }
            // Checked: below 256.
            return [UInt8(value)]
        default: throw problem("invalid escape \\\(c)")
        }
    }

    private mutating func number(_ digits: Int, radix: Int) throws(MatcherSyntaxError) -> UInt32 {
        guard position + digits <= scalars.count,
            let value = UInt32(digits: text(position..<position + digits), radix: radix)
        else {
            throw problem("invalid escape")
        }
        position += digits
        return value
    }

    private func text(_ range: Range<Int>) -> String {
        var out = String.UnicodeScalarView()
        out.append(contentsOf: scalars[range])
        return String(out)
    }

    private func problem(_ message: String) -> MatcherSyntaxError {
        MatcherSyntaxError("0:\(min(position, scalars.count)): \(message)")
    }
}

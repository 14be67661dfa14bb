import Text

/// A token of an expression.
struct Token: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// A name or a keyword as written; may contain colons.
        case name(String)
        /// A number, or a duration in seconds.
        case number(Double, isDuration: Bool)
        /// The unescaped bytes, which need not be UTF-8 (`"\xff"`).
        case string([UInt8])
        case symbol(Symbol)
        case end
    }

    enum Symbol: String, Hashable, Sendable, CaseIterable {
        case leftParen = "(", rightParen = ")"
        case leftBrace = "{", rightBrace = "}"
        case leftBracket = "[", rightBracket = "]"
        case comma = ",", colon = ":", at = "@"
        case plus = "+", minus = "-", times = "*", divide = "/", modulo = "%", power = "^"
        case assign = "="
        case equal = "==", notEqual = "!=", matches = "=~", notMatches = "!~"
        case less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
    }

    let kind: Kind
    /// The position in bytes of the text.
    let span: Range<Int>

    /// A name in lower case, for keywords, which are case-insensitive; nil for other tokens.
    var keyword: String? {
        guard case .name(let name) = kind else { return nil }
        return name.utf8.contains { $0 >= 0x41 && $0 <= 0x5a } ? name.lowercased() : name
    }

    func `is`(_ symbol: Symbol) -> Bool { kind == .symbol(symbol) }

    /// The token as in messages of the form "unexpected …".
    var what: String {
        switch kind {
        case .name(let name): "\"\(name)\""
        case .number(_, isDuration: true): "a duration"
        case .number: "a number"
        case .string(let bytes): "the string \(String(decoding: bytes.prefix(40), as: UTF8.self).quotedAsInGo)"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end"
        }
    }
}

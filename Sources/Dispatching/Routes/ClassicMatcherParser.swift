import Samples

/// Matchers as Alertmanager parsed them before 0.27. Source: alertmanager, pkg/labels/parse.go.
enum ClassicMatcherParser {
    static func parse(_ text: String) throws(MatcherSyntaxError) -> [Matcher] {
        var body = Array(text.unicodeScalars)[...]
        if body.first == "{" { body.removeFirst() }
        if body.last == "}" { body.removeLast() }
        var tokens: [[Unicode.Scalar]] = []
        var token: [Unicode.Scalar] = []
        var quoted = false
        var escaped = false
        for c in body {
            switch c {
            case "," where !quoted:
                tokens.append(token)
                token = []
                continue
            case "\"":
                if escaped { escaped = false } else { quoted.toggle() }
            case "\\": escaped.toggle()
            default: escaped = false
            }
            token.append(c)
        }
        if !token.isEmpty { tokens.append(token) }
        var matchers: [Matcher] = []
        for token in tokens { matchers.append(try one(token)) }
        return matchers
    }

    private static func one(_ scalars: [Unicode.Scalar]) throws(MatcherSyntaxError) -> Matcher {
        let bad = MatcherSyntaxError("bad matcher format: \(text(scalars[...]))")
        var i = 0
        func space(_ c: Unicode.Scalar) -> Bool { [" ", "\t", "\n", "\r", "\u{0c}"].contains(c) }
        func letter(_ c: Unicode.Scalar) -> Bool { c == "_" || c == ":" || (c.isASCII && c.properties.isAlphabetic) }
        while i < scalars.count, space(scalars[i]) { i += 1 }
        let start = i
        while i < scalars.count, letter(scalars[i]) || (i > start && ("0"..."9").contains(scalars[i])) { i += 1 }
        guard i > start else { throw bad }
        let name = text(scalars[start..<i])
        while i < scalars.count, space(scalars[i]) { i += 1 }
        let operators = ["=~", "!=", "!~", "="]
        guard let operation = operators.first(where: { text(scalars[i...].prefix($0.count)) == $0 }) else { throw bad }
        i += operation.count
        while i < scalars.count, space(scalars[i]) { i += 1 }
        var end = scalars.count
        while end > i, space(scalars[end - 1]) { end -= 1 }
        return try MatcherSyntax.make(name, operation, try unescape(scalars[i..<end]))
    }

    private static func unescape(_ all: ArraySlice<Unicode.Scalar>) throws(MatcherSyntaxError) -> String {
        var wantsQuote = false
        var raw = all
        if raw.first == "\"" {
            raw = raw.dropFirst()
            wantsQuote = true
        }
        let unescaped = MatcherSyntaxError("matcher value contains unescaped double quote: \(text(all))")
        var out = ""
        var escaped = false
        for (index, c) in zip(raw.indices, raw) {
            let last = index == raw.endIndex - 1
            if escaped {
                escaped = false
                switch c {
                case "n": out += "\n"
                case "\"", "\\": out.unicodeScalars.append(c)
                default:
                    out += "\\"
                    out.unicodeScalars.append(c)
                }
                continue
            }
            switch c {
            case "\\" where last: out += "\\"
            case "\\": escaped = true
            case "\"":
                guard wantsQuote, last else { throw unescaped }
                wantsQuote = false
            default: out.unicodeScalars.append(c)
            }
        }
        guard !wantsQuote else { throw unescaped }
        return out
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var out = String.UnicodeScalarView()
        out.append(contentsOf: scalars)
        return String(out)
    }
}

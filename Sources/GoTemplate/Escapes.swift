import Text

/// The escapers behind Go's `html`, `js` and `urlquery`.
enum Escapes {
    /// Go's `template.HTMLEscapeString`.
    static func html(_ text: String) -> String {
        Markup.escape(text, quotes: .numeric).replacing("\0", with: "\u{fffd}")
    }

    /// Go's `template.JSEscapeString`.
    static func javaScript(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": out += "\\\\"
            case "'": out += "\\'"
            case "\"": out += "\\\""
            case "<", ">", "&", "=", "\u{0}"..."\u{1f}":
                let hexadecimal = String(scalar.value, radix: 16, uppercase: true)
                out += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Go's `url.QueryEscape`: percent-encoding, with `+` for a space.
    static func query(_ text: String) -> String {
        PercentCoding.encode(text).replacing("%20", with: "+")
    }

    /// Go's `url.QueryUnescape`; nil where an escape is malformed.
    static func unescaped(_ text: String) -> String? {
        PercentCoding.bytes(decoding: text[...], plusIsSpace: true).map { String(decoding: $0, as: UTF8.self) }
    }
}

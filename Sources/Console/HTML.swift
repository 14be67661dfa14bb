import Text

/// Builds HTML so that escaping cannot be forgotten: markup is a `StaticString`, and text is always escaped.
struct HTML {
    private(set) var bytes: [UInt8] = []

    /// Appends markup from the source code.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    /// What the policy of a page allows that has a style of its own and no script.
    /// - Parameters:
    ///   - nonce: of the style.
    ///   - hasForms: whether it may send forms to this agent.
    static func styledPolicy(_ nonce: String, hasForms: Bool = false) -> String {
        let forms = hasForms ? "'self'" : "'none'"
        return
            "default-src 'none'; style-src 'nonce-\(nonce)'; base-uri 'none'; form-action \(forms); frame-ancestors 'none'"
    }

    /// Begins a page that is read from top to bottom, in one column, and ends with `body` open.
    /// - Parameters:
    ///   - title: and other elements of the head.
    ///   - style: beside the column's.
    ///   - nonce: allows the style.
    mutating func beginColumn(title: StaticString, style: StaticString, nonce: String) {
        markup(
            "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width,initial-scale=1\">"
        )
        markup("<meta name=color-scheme content=\"light dark\">")
        markup(title)
        markup("<style nonce=\"")
        text(nonce)
        markup(
            "\">:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:0 auto;padding:1rem}"
        )
        markup(style)
        markup("</style></head><body>")
    }

    /// Appends text, or an attribute value in double quotes, escaped.
    mutating func text(_ text: String) {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Markup.append(scalar, quotes: .escaped, to: &out) {
            switch scalar {
            // Control characters are invalid in HTML; directional formatting could make text appear to be something
            // else.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out.append("\u{fffd}")
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": out.append("\u{fffd}")
            default: out.append(scalar)
            }
        }
        bytes += String(out).utf8
    }
}

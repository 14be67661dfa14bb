import Text

/// Builds HTML so that escaping cannot be forgotten: markup is a `StaticString`, and text is always escaped.
struct HTML {
    private(set) var bytes: [UInt8] = []

    /// Appends markup from the source code.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
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

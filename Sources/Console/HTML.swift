import Text

/// Markup that is put together without a way to forget escaping: text goes in as text.
struct HTML {
    private(set) var bytes: [UInt8] = []

    /// Markup written in the source, never anything from outside.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    /// Text, or an attribute's value between double quotes.
    mutating func text(_ text: String) {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !Markup.append(scalar, quotes: .escaped, to: &out) {
            switch scalar {
            // Control characters mean nothing in HTML; direction marks could make text read as something else.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": out.append("\u{fffd}")
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": out.append("\u{fffd}")
            default: out.append(scalar)
            }
        }
        bytes += String(out).utf8
    }
}

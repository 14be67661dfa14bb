/// Markup that is put together without a way to forget escaping: text goes in as text.
struct HTML {
    private(set) var bytes: [UInt8] = []

    /// Markup written in the source, never anything from outside.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    /// Text, or an attribute's value between double quotes.
    mutating func text(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": bytes += "&amp;".utf8
            case "<": bytes += "&lt;".utf8
            case ">": bytes += "&gt;".utf8
            case "\"": bytes += "&quot;".utf8
            case "'": bytes += "&#39;".utf8
            // Control characters mean nothing in HTML; direction marks could make text read as something else.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": bytes += "\u{fffd}".utf8
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": bytes += "\u{fffd}".utf8
            default: bytes += String(scalar).utf8
            }
        }
    }
}

/// Builds HTML so that escaping cannot be forgotten: markup is a `StaticString`, and text is always escaped.
struct HTML {
    private(set) var bytes: [UInt8] = []

    /// Appends markup from the source code.
    mutating func markup(_ text: StaticString) {
        text.withUTF8Buffer { bytes += $0 }
    }

    /// Appends text, or an attribute value in double quotes, escaped.
    mutating func text(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": bytes += "&amp;".utf8
            case "<": bytes += "&lt;".utf8
            case ">": bytes += "&gt;".utf8
            case "\"": bytes += "&quot;".utf8
            case "'": bytes += "&#39;".utf8
            // Control characters are invalid in HTML; directional formatting could make text appear to be something
            // else.
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": bytes += "\u{fffd}".utf8
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}": bytes += "\u{fffd}".utf8
            default: bytes += String(scalar).utf8
            }
        }
    }
}

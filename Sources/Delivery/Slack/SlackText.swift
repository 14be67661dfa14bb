/// Text as Slack's mrkdwn takes it. Source: api.slack.com/reference/surfaces/formatting, "Escaping text".
enum SlackText {
    /// The three characters with which markup begins made harmless; at most so many characters, no escape cut in two.
    static func escaped(_ text: String, most: Int) -> String {
        // No escape is shorter than its character: what lies beyond the bound can't come in.
        let pieces = text.unicodeScalars.prefix(most + 1).map { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(scalar)
            }
        }
        if pieces.reduce(0, { $0 + $1.unicodeScalars.count }) <= most { return pieces.joined() }
        var out = ""
        var size = 1
        for piece in pieces {
            size += piece.unicodeScalars.count
            if size > most { break }
            out += piece
        }
        return out + "…"
    }

    /// `<url|text>`; the text alone where the address is no web address or would break the markup.
    static func link(_ url: String, _ text: String, most: Int) -> String {
        guard isLink(url) else { return escaped(text, most: most) }
        let address = url.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
        return "<\(address)|\(escaped(text.split(separator: "|").joined(separator: "/"), most: most))>"
    }

    static func isLink(_ url: String) -> Bool {
        (url.hasPrefix("https://") || url.hasPrefix("http://")) && url.utf8.count <= 2000
            && url.utf8.allSatisfy {
                $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "|")
            }
    }

    /// Text of a user's template, which may hold markup of its own: cut, but not escaped.
    static func markup(_ text: String, most: Int) -> String { text.truncated(toRunes: most) }
}

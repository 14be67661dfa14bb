import Text

/// Text in Slack's mrkdwn. Source: api.slack.com/reference/surfaces/formatting, "Escaping text".
enum SlackText {
    /// Text whose markup characters are escaped, cut to a number of characters and never within an escape. Slack does
    /// not say how it counts characters: those of UTF-16 are never fewer.
    static func escaped(_ text: String, limit: Int) -> String {
        // A fence would also show in code what follows.
        let open = text.replacing("```", with: "'''")
        // No escape is shorter than its character, so nothing beyond the limit can be part of the result.
        let pieces = open.unicodeScalars.prefix(limit + 1).map { Markup.escape(String($0), quotes: .kept) }
        if pieces.reduce(0, { $0 + $1.utf16.count }) <= limit { return pieces.joined() }
        var out = ""
        var size = 1
        for piece in pieces {
            size += piece.utf16.count
            if size > limit { break }
            out += piece
        }
        return out + "…"
    }

    /// `<url
    /// text>`; only the text if the address is no web address or would break the markup.
    static func link(_ url: String, _ text: String, limit: Int) -> String {
        guard isLink(url) else { return escaped(text, limit: limit) }
        let address = url.split(separator: "&", omittingEmptySubsequences: false).joined(separator: "&amp;")
        return "<\(address)|\(escaped(text.split(separator: "|").joined(separator: "/"), limit: limit))>"
    }

    static func isLink(_ url: String) -> Bool {
        (url.hasPrefix("https://") || url.hasPrefix("http://")) && url.utf8.count <= 2000
            && url.utf8.allSatisfy {
                $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "|")
            }
    }

    /// Text of a user's template, which may contain its own markup: cut, but not escaped.
    static func markup(_ text: String, limit: Int) -> String { text.truncated(toRunes: limit) }
}

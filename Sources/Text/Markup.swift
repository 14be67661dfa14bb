/// Escaping for HTML, XML and Slack's mrkdwn, whose markup begins with the same three characters.
package enum Markup {
    /// What becomes of quotes, where a text may stand in an attribute's value.
    package enum Quotes: Sendable {
        /// They stay: for text between tags, and for mrkdwn.
        case kept
        /// `&quot;` and `&#39;`.
        case escaped
        /// `&#34;` and `&#39;`, as Go's html/template writes them.
        case numeric
    }

    /// Appends the escape of a character that has one.
    /// - Returns: false when the character stands for itself; nothing was appended then.
    package static func append(
        _ scalar: Unicode.Scalar, quotes: Quotes, to out: inout String.UnicodeScalarView
    ) -> Bool {
        switch (scalar, quotes) {
        case ("&", _): out.append(contentsOf: "&amp;".unicodeScalars)
        case ("<", _): out.append(contentsOf: "&lt;".unicodeScalars)
        case (">", _): out.append(contentsOf: "&gt;".unicodeScalars)
        case ("\"", .escaped): out.append(contentsOf: "&quot;".unicodeScalars)
        case ("\"", .numeric): out.append(contentsOf: "&#34;".unicodeScalars)
        case ("'", .escaped), ("'", .numeric): out.append(contentsOf: "&#39;".unicodeScalars)
        default: return false
        }
        return true
    }

    /// The text with markup characters escaped; all others as they are.
    package static func escape(_ text: String, quotes: Quotes = .escaped) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !append(scalar, quotes: quotes, to: &out) { out.append(scalar) }
        return String(out)
    }
}

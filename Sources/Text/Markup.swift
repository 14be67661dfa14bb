/// Escaping for HTML, XML and Slack's mrkdwn, which have the same three markup characters.
package enum Markup {
    /// How quotes are written, which matters in attribute values.
    package enum Quotes: Sendable {
        /// Unchanged: for text between tags, and for mrkdwn.
        case kept
        /// As `&quot;` and `&#39;`.
        case escaped
        /// As `&#34;` and `&#39;`, as Go's html/template writes them.
        case numeric
    }

    /// Appends a character's escape, if it has one.
    /// - Returns: false where the character needs no escape; nothing is appended then.
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

    /// The text with markup characters escaped.
    package static func escape(_ text: String, quotes: Quotes = .escaped) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !append(scalar, quotes: quotes, to: &out) { out.append(scalar) }
        return String(out)
    }
}

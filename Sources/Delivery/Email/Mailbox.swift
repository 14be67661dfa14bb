/// `On call <oncall@example.org>`: a display name and an address. Source: RFC 5322, 3.4.
package struct Mailbox: Hashable {
    var name: String
    var address: String

    /// The mailboxes in a comma-separated list; names may be quoted. Invalid or ambiguous addresses are skipped.
    package static func list(_ text: String) -> [Mailbox] {
        split(text).compactMap(Mailbox.init)
    }

    /// The first invalid address of such a list; nil if all of them are valid.
    package static func firstInvalid(_ text: String) -> String? {
        split(text).first { Mailbox($0) == nil }.map { EmailHeaders.oneLine($0) }
    }

    /// Splits at commas outside of quotes.
    private static func split(_ text: String) -> [String] {
        var parts: [String] = [""]
        var isQuoted = false
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if scalar == ",", !isQuoted {
                parts.append("")
                continue
            }
            if scalar == "\"", !isEscaped { isQuoted.toggle() }
            isEscaped = scalar == "\\" && !isEscaped
            parts[parts.count - 1].unicodeScalars.append(scalar)
        }
        return parts
    }

    private init?(_ text: String) {
        let line = EmailHeaders.oneLine(text)
        var bare = line[...]
        name = ""
        if let open = line.lastIndex(of: "<"), let close = line[open...].firstIndex(of: ">") {
            bare = line[line.index(after: open)..<close]
            name = Mailbox.unquoted(String(line[..<open]))
        }
        while bare.first == " " { bare.removeFirst() }
        while bare.last == " " { bare.removeLast() }
        // `oneLine` has turned line breaks into spaces, and an address with a space is refused.
        guard let at = bare.lastIndex(of: "@"), at != bare.startIndex, bare.index(after: at) != bare.endIndex,
            bare.utf8.count <= 320,
            bare.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f && !#"<>",;"#.utf8.contains($0) })
        else { return nil }
        address = String(bare)
    }

    private static func unquoted(_ text: String) -> String {
        var name = text[...]
        while name.last == " " { name.removeLast() }
        while name.first == " " { name.removeFirst() }
        guard name.count >= 2, name.first == "\"", name.last == "\"" else { return String(name) }
        var out = ""
        var isEscaped = false
        for character in name.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                out.append(character)
                isEscaped = false
            }
        }
        return out
    }

    /// As written in a header: the name quoted or, if it isn't ASCII, in encoded words.
    var headerText: String {
        if name.isEmpty { return address }
        let isPlain = name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f } && !name.contains("=?")
        guard isPlain else { return EmailHeaders.encodedWords(name).joined(separator: " ") + " <\(address)>" }
        let quoted = name.reduce(into: "") { out, character in
            if character == "\"" || character == "\\" { out.append("\\") }
            out.append(character)
        }
        return "\"\(quoted)\" <\(address)>"
    }

    var domain: String { address.split(separator: "@").last.map(String.init) ?? "" }
}

import FoundationEssentials

/// Writes the header fields of a mail so that no value can start another field.
package enum EmailHeaders {
    /// Whether a text is a valid field name: printable ASCII except the colon (RFC 5322 §2.2), here up to 64
    /// characters.
    package static func isFieldName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }
    }

    /// Text on one line: control characters and line separators become spaces.
    static func oneLine(_ text: String) -> String {
        var out = ""
        var space = false
        for scalar in text.unicodeScalars {
            let breaks =
                scalar.value < 0x20 || scalar.value == 0x7f || (0x80..<0xa0).contains(scalar.value)
                || scalar.value == 0x2028 || scalar.value == 0x2029
            if breaks || scalar == " " {
                space = true
                continue
            }
            if space && !out.isEmpty { out += " " }
            space = false
            out.unicodeScalars.append(scalar)
        }
        return out
    }

    /// A field of free text, folded at 76 columns; RFC 2047 encoded words where it isn't ASCII.
    /// - Parameter value: at most the first 2,000 characters are kept.
    static func field(_ name: String, text value: String) -> String {
        let line = oneLine(String(value.unicodeScalars.prefix(2000)))
        let plain = line.utf8.allSatisfy { $0 < 0x7f } && !line.contains("=?")
        let words = plain ? line.split(separator: " ").map(String.init) : encodedWords(line)
        return folded(name, words)
    }

    /// A field whose parts (addresses, message ids) are already encoded; folded between them.
    static func field(_ name: String, parts: [String], separator: String = "") -> String {
        let last = parts.count - 1
        return folded(name, parts.enumerated().map { oneLine($1) + ($0 < last ? separator : "") })
    }

    private static func folded(_ name: String, _ words: [String]) -> String {
        var out = name + ":"
        var column = out.utf8.count
        for word in words {
            // RFC 5322 allows 998 octets a line; a longer word is cut into lines of its own.
            for piece in pieces(word, 900) {
                if column + 1 + piece.utf8.count > 76, column > name.utf8.count + 1 {
                    out += "\r\n"
                    column = 0
                }
                out += " " + piece
                column += 1 + piece.utf8.count
            }
        }
        return out + "\r\n"
    }

    private static func pieces(_ word: String, _ limit: Int) -> [String] {
        guard word.utf8.count > limit else { return [word] }
        var pieces: [String] = [""]
        var size = 0
        for scalar in word.unicodeScalars {
            let bytes = String(scalar).utf8.count
            if size + bytes > limit {
                pieces.append("")
                size = 0
            }
            pieces[pieces.count - 1].unicodeScalars.append(scalar)
            size += bytes
        }
        return pieces
    }

    /// RFC 2047 "B" words of at most 75 characters, split between characters. Readers drop the white space between two
    /// of them, so the text's spaces are inside the words.
    static func encodedWords(_ text: String) -> [String] {
        var words: [String] = []
        var chunk: [UInt8] = []
        func flush() {
            if !chunk.isEmpty { words.append("=?UTF-8?B?" + Data(chunk).base64EncodedString() + "?=") }
            chunk = []
        }
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > 45 { flush() }
            chunk += bytes
        }
        flush()
        return words
    }
}

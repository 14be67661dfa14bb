import FoundationEssentials
import Text

/// The readable parts of a mail. Supports folded headers, encoded words, multipart, quoted-printable and base64, in
/// UTF-8 or Latin-1. Source: RFC 5322, RFC 2045–2047.
package struct MIMEMail: Hashable, Sendable {
    /// Header fields in order, unfolded and with encoded words decoded.
    package let headers: [Header]
    /// The first part in plain text; empty if there is none.
    package private(set) var text = ""
    /// The first part in HTML; empty if there is none.
    package private(set) var html = ""

    /// One header field.
    package struct Header: Hashable, Sendable {
        /// The name as received.
        package let name: String
        /// The decoded value.
        package let value: String
    }

    /// The first header of a name, regardless of case; empty if there is none.
    package func header(_ name: String) -> String {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value ?? ""
    }

    /// Parses a mail; never fails.
    package init(_ bytes: [UInt8]) {
        let (fields, body) = MIMEMail.split(bytes)
        headers = fields.map { Header(name: $0.name, value: MIMEMail.decodedWords($0.value)) }
        read(fields, body, depth: 0)
    }

    private mutating func read(_ fields: [Header], _ body: [UInt8], depth: Int) {
        func field(_ name: String) -> String { fields.first { $0.name.lowercased() == name }?.value ?? "" }
        let type = field("content-type")
        let kind = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        if kind.hasPrefix("multipart/"), depth < 5, let boundary = MIMEMail.parameter("boundary", of: type) {
            for part in MIMEMail.parts(body, boundary: boundary) {
                let (inner, content) = MIMEMail.split(part)
                read(inner, content, depth: depth + 1)
            }
            return
        }
        let decoded: [UInt8]
        switch field("content-transfer-encoding").lowercased() {
        case "quoted-printable": decoded = MIMEMail.quotedPrintable(body)
        case "base64":
            decoded = Data(base64Encoded: Data(body), options: .ignoreUnknownCharacters).map(Array.init) ?? []
        default: decoded = body
        }
        let content = MIMEMail.characters(decoded, MIMEMail.parameter("charset", of: type) ?? "utf-8")
        if kind == "text/html" {
            if html.isEmpty { html = content }
        } else if kind.isEmpty || kind == "text/plain" {
            if text.isEmpty { text = content }
        }
    }

    private static func characters(_ bytes: [UInt8], _ charset: String) -> String {
        charset.lowercased() == "iso-8859-1"
            ? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
            : String(decoding: bytes, as: UTF8.self)
    }

    /// Splits a mail into unfolded header fields and the body.
    private static func split(_ bytes: [UInt8]) -> ([Header], [UInt8]) {
        var fields: [Header] = []
        var index = 0
        while index < bytes.count {
            let end = bytes[index...].firstIndex(of: 10) ?? bytes.count
            var line = Array(bytes[index..<end])
            if line.last == 13 { line.removeLast() }
            index = min(end + 1, bytes.count)
            if line.isEmpty { break }
            let text = String(decoding: line, as: UTF8.self)
            if let first = line.first, first == 32 || first == 9, let last = fields.popLast() {
                fields.append(Header(name: last.name, value: last.value + " " + text.drop { $0 == " " || $0 == "\t" }))
            } else if let colon = text.firstIndex(of: ":") {
                let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
                fields.append(Header(name: String(text[..<colon]), value: String(value)))
            }
        }
        return (fields, Array(bytes[index...]))
    }

    private static func parameter(_ name: String, of value: String) -> String? {
        for field in value.split(separator: ";").dropFirst() {
            let sides = field.split(separator: "=", maxSplits: 1)
            guard sides.count == 2, sides[0].lowercased().filter({ $0 != " " && $0 != "\t" }) == name else { continue }
            return sides[1].trimmed.filter { $0 != "\"" }
        }
        return nil
    }

    private static func parts(_ body: [UInt8], boundary: String) -> [[UInt8]] {
        let mark = Array("--\(boundary)".utf8)
        var parts: [[UInt8]] = []
        var current: [UInt8]?
        var index = 0
        while index < body.count {
            let end = body[index...].firstIndex(of: 10).map { $0 + 1 } ?? body.count
            let line = body[index..<end]
            index = end
            if line.starts(with: mark) {
                // The line break before a boundary belongs to the boundary.
                if var part = current {
                    if part.last == 10 { part.removeLast() }
                    if part.last == 13 { part.removeLast() }
                    parts.append(part)
                }
                if line.dropFirst(mark.count).starts(with: Array("--".utf8)) { return parts }
                current = []
            } else {
                current?.append(contentsOf: line)
            }
        }
        return parts
    }

    private static func quotedPrintable(_ body: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var index = 0
        while index < body.count {
            guard body[index] == UInt8(ascii: "=") else {
                out.append(body[index])
                index += 1
                continue
            }
            if index + 1 < body.count, body[index + 1] == 10 {
                index += 2
            } else if index + 2 < body.count, body[index + 1] == 13, body[index + 2] == 10 {
                index += 3
            } else if index + 2 < body.count,
                let byte = UInt8(digits: String(decoding: body[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                out.append(byte)
                index += 3
            } else {
                out.append(body[index])
                index += 1
            }
        }
        return out
    }

    /// Decodes `=?utf-8?q?…?=` and `=?utf-8?b?…?=`; blanks between two encoded words are removed.
    private static func decodedWords(_ value: String) -> String {
        var out = ""
        var rest = Substring(value)
        var afterWord = false
        while let start = rest.firstRange(of: "=?") {
            let fields = rest[start.upperBound...].split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
            guard fields.count == 4, fields[3].first == "=" else {
                out += rest[..<start.upperBound]
                rest = rest[start.upperBound...]
                continue
            }
            let before = rest[..<start.lowerBound]
            if !afterWord || !before.allSatisfy({ $0 == " " || $0 == "\t" }) { out += before }
            let bytes: [UInt8]
            switch fields[1].lowercased() {
            case "b": bytes = Data(base64Encoded: String(fields[2])).map(Array.init) ?? []
            default: bytes = quotedPrintable(fields[2].utf8.map { $0 == UInt8(ascii: "_") ? 32 : $0 })
            }
            out += characters(bytes, String(fields[0]))
            rest = fields[3].dropFirst()
            afterWord = true
        }
        return out + rest
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var slice = drop { $0 == " " || $0 == "\t" }
        while let last = slice.last, last == " " || last == "\t" { slice.removeLast() }
        return String(slice)
    }
}

/// Percent-encoding in URLs and forms. Source: RFC 3986, 2.1; WHATWG URL, application/x-www-form-urlencoded.
package enum PercentCoding {
    /// The maximum number of items in a query or form; further ones are dropped.
    package static let itemLimit = 1000

    /// Decodes a text.
    /// - Parameter plusIsSpace: whether `+` means a space, as in queries and forms.
    /// - Returns: nil if a `%` is not followed by two hexadecimal digits or the result is not UTF-8.
    package static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || (plusIsSpace && $0 == UInt8(ascii: "+")) }) else {
            return String(text)
        }
        return bytes(decoding: text, plusIsSpace: plusIsSpace).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Decodes text to bytes; nil where a `%` is not followed by two hexadecimal digits.
    package static func bytes(decoding text: Substring, plusIsSpace: Bool) -> [UInt8]? {
        let bytes = text.utf8
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var i = bytes.startIndex
        while i < bytes.endIndex {
            let byte = bytes[i]
            i = bytes.index(after: i)
            if byte == UInt8(ascii: "%") {
                guard i < bytes.endIndex, let high = digit(bytes[i]) else { return nil }
                i = bytes.index(after: i)
                guard i < bytes.endIndex, let low = digit(bytes[i]) else { return nil }
                i = bytes.index(after: i)
                out.append(high << 4 | low)
            } else {
                out.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return out
    }

    /// Parses `a=1&b=2` and decodes names and values; invalid encodings are left as they are.
    package static func items(_ text: Substring) -> [(name: String, value: String)] {
        text.utf8.split(separator: UInt8(ascii: "&"), maxSplits: itemLimit).prefix(itemLimit).map { item in
            let item = Substring(item)
            let equals = item.utf8.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
            let value = item[equals...].dropFirst()
            return (
                decode(item[..<equals], plusIsSpace: true) ?? String(item[..<equals]),
                decode(value, plusIsSpace: true) ?? String(value)
            )
        }
    }

    /// Encodes everything but RFC 3986's unreserved characters, so that the result fits in any part of a URL.
    /// - Parameter keepingSlashes: whether `/` is kept, for a path.
    package static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        encode(text.utf8) { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                true
            case UInt8(ascii: "/"): keepingSlashes
            default: false
            }
        }
    }

    /// A query that is encoded already, as a header can carry it: spaces, control characters and what is not ASCII are
    /// encoded.
    package static func visible(_ query: Substring) -> String { encode(query.utf8) { (0x21...0x7e).contains($0) } }

    private static func encode(_ bytes: some Sequence<UInt8>, where isKept: (UInt8) -> Bool) -> String {
        var out: [UInt8] = []
        let hex = Array("0123456789ABCDEF".utf8)
        for byte in bytes {
            out += isKept(byte) ? [byte] : [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}

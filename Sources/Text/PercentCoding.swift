/// Percent-encoding of URLs and forms. Source: RFC 3986, 2.1; WHATWG URL, application/x-www-form-urlencoded.
package enum PercentCoding {
    /// Most items that a query or a form may have; further ones are dropped.
    package static let itemLimit = 1000

    /// Nil where a `%` is not followed by two hex digits, or the bytes are not UTF-8.
    package static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        let bytes = text.utf8
        guard bytes.contains(where: { $0 == UInt8(ascii: "%") || (plusIsSpace && $0 == UInt8(ascii: "+")) }) else {
            return String(text)
        }
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
        return String(validating: out, as: UTF8.self)
    }

    /// `a=1&b=2`, each name and value decoded; broken encodings stay as they came.
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

    /// Everything but RFC 3986's unreserved characters encoded, so that the result fits in any part of a URL.
    package static func encode(_ text: String) -> String {
        var out: [UInt8] = []
        let hex = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out.append(byte)
            default: out += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
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

/// The quoted-printable encoding. Source: RFC 2045, 6.7.
enum QuotedPrintable {
    static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + text.utf8.count / 8)
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if index > 0 { out += [0x0d, 0x0a] }
            let bytes = line.last == 0x0d ? line.dropLast() : line
            var width = 0
            var left = bytes.count
            for byte in bytes {
                left -= 1
                let isPlain = (byte >= 0x21 && byte <= 0x7e && byte != UInt8(ascii: "=")) || (byte == 0x20 && left > 0)
                // A soft break before the line grows over 76, its own `=` counted.
                if width + (isPlain ? 1 : 3) > 75 {
                    out += [UInt8(ascii: "="), 0x0d, 0x0a]
                    width = 0
                }
                if isPlain {
                    out.append(byte)
                    width += 1
                } else {
                    out += [UInt8(ascii: "="), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
                    width += 3
                }
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

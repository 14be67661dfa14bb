/// Percent-encoding as Signature Version 4 wants it. Source: RFC 3986, section 2.3; Amazon S3 API Reference,
/// "Authenticating Requests (AWS Signature Version 4)", UriEncode.
enum S3Encoding {
    /// - Parameter keepingSlashes: for a key in a path; a query encodes them too.
    static func encode(_ text: String, keepingSlashes: Bool = false) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            case UInt8(ascii: "/") where keepingSlashes: out.append(byte)
            default: out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Sorted by encoded name, then value: libcurl 7.88 signs the query as it stands.
    static func query(_ parameters: [(String, String)]) -> String {
        parameters.map { (encode($0.0), encode($0.1)) }
            .sorted {
                Array($0.0.utf8).lexicographicallyPrecedes(Array($1.0.utf8))
                    || ($0.0 == $1.0 && Array($0.1.utf8).lexicographicallyPrecedes(Array($1.1.utf8)))
            }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// A key under `encoding-type=url`, where `+` is a space; nil if it is not encoded well.
    static func decode(_ text: String) -> String? {
        var out: [UInt8] = []
        var bytes = text.utf8.makeIterator()
        func hex(_ byte: UInt8?) -> UInt8? {
            byte.flatMap { Character(UnicodeScalar($0)).hexDigitValue }.map { UInt8($0) }
        }
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "+"): out.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = hex(bytes.next()), let low = hex(bytes.next()) else { return nil }
                out.append(high << 4 | low)
            default: out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}

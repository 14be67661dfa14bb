extension FixedWidthInteger {
    /// A number of digits only: the standard library's `init?(_:radix:)` also accepts a sign, which escapes and
    /// references don't have.
    package init?(digits text: some StringProtocol, radix: Int = 10) {
        guard let first = text.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        self.init(text, radix: radix)
    }
}

extension Sequence<UInt8> {
    /// Two lower-case digits for each byte: `00ff`.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var out: [UInt8] = []
        for byte in self { out += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: out, as: UTF8.self)
    }
}

/// A random UUID, version 4, in lower case: `9b2f1f0e-7d58-4c3a-8b1e-0d7a52b3c611`. Source: RFC 9562, 5.4.
/// - Parameters:
///   - high: 64 random bits.
///   - low: 64 random bits.
package func uuid(_ high: UInt64, _ low: UInt64) -> String {
    let version = high & 0xffff_ffff_ffff_0fff | 0x4000
    let variant = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
    var out = ""
    for (index, digit) in (hexadecimal(version) + hexadecimal(variant)).enumerated() {
        if [8, 12, 16, 20].contains(index) { out += "-" }
        out.append(digit)
    }
    return out
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

#if canImport(Glibc)
    import Glibc
#endif

/// A range of IP addresses in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`, or one address. Sources: RFC
/// 4632, 3.1; RFC 4291, 2.3.
package struct AddressRange: Sendable, Hashable {
    /// 4 or 16 bytes.
    private let bytes: [UInt8]
    /// The number of leading bits that an address must share.
    private let bits: Int

    /// Nil for anything else. The bits after the prefix are ignored. An IPv4 address in IPv6's form, `::ffff:10.0.0.1`, is
    /// the IPv4 address. Source: RFC 4291, 2.5.5.2.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let bytes = AddressRange.bytes(String(first)) else { return nil }
        var bits = 8 * bytes.count
        if parts.count == 2 {
            let digits = parts[1]
            guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let given = Int(digits), given <= bits
            else { return nil }
            bits = given
        }
        let isMapped = bits >= 8 * AddressRange.mapped.count && bytes.starts(with: AddressRange.mapped)
        self.bytes = isMapped ? Array(bytes.dropFirst(AddressRange.mapped.count)) : bytes
        self.bits = isMapped ? bits - 8 * AddressRange.mapped.count : bits
    }

    /// What stands before an IPv4 address in IPv6's form.
    private static let mapped = [UInt8](repeating: 0, count: 10) + [0xff, 0xff]

    /// Whether it contains every address of its family.
    package var isEverything: Bool { bits == 0 }

    /// Whether the address is in the range; false for text that is no address.
    package func contains(_ address: String) -> Bool {
        guard var other = AddressRange.bytes(address) else { return false }
        if other.starts(with: AddressRange.mapped) { other.removeFirst(AddressRange.mapped.count) }
        guard other.count == bytes.count else { return false }
        for index in 0..<(bits / 8) where bytes[index] != other[index] { return false }
        guard bits % 8 > 0 else { return true }
        let mask = UInt8(truncatingIfNeeded: 0xff << (8 - bits % 8))
        return bytes[bits / 8] & mask == other[bits / 8] & mask
    }

    /// inet_pton(3)
    private static func bytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes.prefix(4)) }
        return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil
    }
}

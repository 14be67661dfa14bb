import Glibc

/// Names in messages of the DNS. Source: RFC 1035, 3.1 and 4.1.4.
enum DNSName {
    /// Maximum length in a message, with its length bytes.
    private static let limitBytes = 255
    private static let labelLimitBytes = 63
    /// Pointers that are followed for one name.
    private static let pointerLimit = 64

    /// In lower case, without the final dot.
    static func normal(_ name: String) -> String {
        let lower = name.lowercased()
        return lower.hasSuffix(".") && !lower.hasSuffix("\\.") ? String(lower.dropLast()) : lower
    }

    /// The name's bytes in a message, uncompressed; nil if it can't be a name. The empty name is the root.
    static func encoded(_ name: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        if !name.isEmpty {
            for label in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
                guard (1...labelLimitBytes).contains(label.count),
                    label.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") })
                else { return nil }
                bytes.append(UInt8(truncatingIfNeeded: label.count))
                bytes += label
            }
        }
        bytes.append(0)
        return bytes.count <= limitBytes ? bytes : nil
    }

    /// Reads a name, which may be compressed, and moves the position behind it.
    ///
    /// Each pointer must lead to before the part of the name that it continues, and there is a limit: no chain of them can
    /// be endless, or long enough to matter.
    /// - Returns: in lower case, without the final dot, other bytes than printable ASCII as `\DDD`; nil if malformed.
    static func read(_ message: [UInt8], at position: inout Int) -> String? {
        var text = ""
        var length = 0
        var at = position
        // The beginning of the part that is read, before which a pointer must lead.
        var floor = position
        var end: Int?
        var pointers = 0
        while true {
            guard at >= 0, at < message.count else { return nil }
            let count = Int(message[at])
            if count == 0 {
                position = end ?? at + 1
                return text
            }
            if count & 0xc0 == 0xc0 {
                guard at + 1 < message.count else { return nil }
                let target = (count & 0x3f) << 8 | Int(message[at + 1])
                pointers += 1
                guard target < floor, pointers <= pointerLimit else { return nil }
                if end == nil { end = at + 2 }
                (at, floor) = (target, target)
                continue
            }
            // The other two values of the upper bits were never used.
            guard count <= labelLimitBytes, at + 1 + count <= message.count else { return nil }
            length += count + 1
            guard length < limitBytes else { return nil }
            if !text.isEmpty { text += "." }
            for byte in message[(at + 1)..<(at + 1 + count)] { append(byte, &text) }
            at += 1 + count
        }
    }

    private static func append(_ byte: UInt8, _ text: inout String) {
        switch byte {
        case UInt8(ascii: "."), UInt8(ascii: "\\"):
            text += "\\"
            text.unicodeScalars.append(Unicode.Scalar(byte))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): text.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
        case 0x21...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            let digits = String(byte)
            text += "\\" + String(repeating: "0", count: 3 - digits.count) + digits
        }
    }
}

/// Addresses in the form that comparisons need.
package enum DNSAddress {
    /// The address as inet_ntop(3) writes it; nil if it is none.
    package static func normal(_ text: String) -> String? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 {
            return withUnsafeBytes(of: &v4) { self.text(AF_INET, Array($0)) }
        }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        return withUnsafeBytes(of: &v6) { self.text(AF_INET6, Array($0)) }
    }

    /// - Parameter bytes: 4 for AF_INET, 16 for AF_INET6, in network order.
    static func text(_ family: Int32, _ bytes: [UInt8]) -> String? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard bytes.count == (family == AF_INET ? 4 : 16),
            inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil
        else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

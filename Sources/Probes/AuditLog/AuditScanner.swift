import Text

/// Walks over the JSON of one audit line and hands out the values that are asked for; everything else is skipped without
/// being decoded. Nothing that the line says about itself is trusted: reading ends at the line's end, and nesting costs
/// no stack. Source: RFC 8259.
///
/// `JSONReader` is strict, and decodes each name: here a name with a broken escape must not hide what its owner did, a
/// line may end anywhere, and nearly all of it is skipped.
struct AuditScanner {
    /// Why a line could not be read.
    typealias Fault = AuditEntry.Fault

    private let bytes: [UInt8]
    /// The next byte to read.
    private(set) var at: Int
    private let end: Int
    /// Set once, by the first value that could not be read; then nothing more is read.
    private(set) var fault: Fault?

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    /// - Parameter range: the line within the bytes; what lies outside the bytes is left out.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        let range = range.clamped(to: 0..<bytes.count)
        at = range.lowerBound
        end = range.upperBound
    }

    /// Whether only white space is left.
    var isAtEnd: Bool {
        var rest = self
        rest.skipSpace()
        return rest.at >= end
    }

    // MARK: Values

    /// Reads an object. Any other value is skipped.
    /// - Parameter member: reads the value of a member, whose name has this range; what it leaves is skipped.
    mutating func object(_ member: (inout AuditScanner, Range<Int>) -> Void) {
        guard peek() == UInt8(ascii: "{") else { return skip() }
        at += 1
        guard peek() != UInt8(ascii: "}") else { return at += 1 }
        while fault == nil {
            guard let name = rawString() else { return }
            guard peek() == UInt8(ascii: ":") else { return fail() }
            at += 1
            skipSpace()
            let value = at
            member(&self, name.range)
            if at == value, fault == nil { skip() }
            guard next(until: UInt8(ascii: "}")) else { return }
        }
    }

    /// Reads an array. Any other value is skipped.
    /// - Parameter element: reads an element; one that it leaves is skipped.
    mutating func array(_ element: (inout AuditScanner) -> Void) {
        guard peek() == UInt8(ascii: "[") else { return skip() }
        at += 1
        guard peek() != UInt8(ascii: "]") else { return at += 1 }
        while fault == nil {
            skipSpace()
            let value = at
            element(&self)
            if at == value, fault == nil { skip() }
            guard next(until: UInt8(ascii: "]")) else { return }
        }
    }

    /// Reads a string. Any other value is skipped, and empty.
    /// - Parameter limit: longer strings are cut to so many bytes, before escapes are resolved.
    mutating func string(limit: Int = 256) -> String {
        guard peek() == AuditScanner.quote else {
            skip()
            return ""
        }
        guard let raw = rawString() else { return "" }
        let range = raw.range.prefix(limit)
        guard raw.isEscaped else { return String(decoding: bytes[range], as: UTF8.self) }
        return String(decoding: unescaped(range), as: UTF8.self)
    }

    /// Reads a whole number; nil for any other value, which is skipped.
    mutating func integer() -> Int64? {
        _ = peek()
        let start = at
        skip()
        guard fault == nil, at - start <= 20 else { return nil }
        return Int64(String(decoding: bytes[start..<at], as: UTF8.self))
    }

    /// Skips a value.
    mutating func skip() {
        switch peek() {
        case nil: fail()
        case AuditScanner.quote: _ = rawString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): skipNested()
        default:
            let start = at
            while at < end, !AuditScanner.endsScalar(bytes[at]) { at += 1 }
            if at == start || at >= end { fail() }
        }
    }

    /// Whether the bytes in the range are these.
    func matches(_ range: Range<Int>, _ name: StaticString) -> Bool {
        guard range.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { expected in
            for (index, byte) in expected.enumerated() where bytes[range.lowerBound + index] != byte { return false }
            return true
        }
    }

    // MARK: Steps

    /// The next byte that is not white space; nil at the end, or after a fault.
    private mutating func peek() -> UInt8? {
        skipSpace()
        return fault == nil && at < end ? bytes[at] : nil
    }

    private mutating func skipSpace() {
        while at < end, AuditScanner.isSpace(bytes[at]) { at += 1 }
    }

    /// White space, also what RFC 8259 does not allow; a hole in a file is none.
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }

    private mutating func fail() { if fault == nil { fault = at >= end ? .cut : .form } }

    /// Passes the comma before the next member or element.
    /// - Returns: false at the end of the object or array, or after a fault.
    private mutating func next(until closing: UInt8) -> Bool {
        switch peek() {
        case UInt8(ascii: ","):
            at += 1
            return true
        case closing:
            at += 1
            return false
        default:
            fail()
            return false
        }
    }

    private mutating func rawString() -> (range: Range<Int>, isEscaped: Bool)? {
        guard peek() == AuditScanner.quote else {
            fail()
            return nil
        }
        at += 1
        let start = at
        var isEscaped = false
        while at < end {
            let byte = bytes[at]
            if byte == AuditScanner.quote {
                at += 1
                return (start..<at - 1, isEscaped)
            }
            if byte == AuditScanner.backslash {
                isEscaped = true
                at += 1
            }
            at += 1
        }
        at = end
        fail()
        return nil
    }

    /// Skips an object or array by counting its brackets.
    private mutating func skipNested() {
        var depth = 0
        while at < end {
            switch bytes[at] {
            case AuditScanner.quote:
                guard rawString() != nil else { return }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            at += 1
            if depth == 0 { return }
        }
        fail()
    }

    private static func endsScalar(_ byte: UInt8) -> Bool {
        byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
    }

    // MARK: Escapes

    /// The bytes with escapes resolved; what is no escape stays as it is. Source: RFC 8259, section 7.
    private func unescaped(_ range: Range<Int>) -> [UInt8] {
        var out: [UInt8] = []
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == AuditScanner.backslash, index + 1 < range.upperBound else {
                out.append(bytes[index])
                index += 1
                continue
            }
            index += 2
            switch bytes[index - 1] {
            case UInt8(ascii: "n"): out.append(0x0a)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0d)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0c)
            case UInt8(ascii: "u"):
                let (scalar, length) = scalar(at: index, before: range.upperBound)
                out += String(scalar).utf8
                index += length
            default: out.append(bytes[index - 1])
            }
        }
        return out
    }

    /// The character of `\u`, whose digits begin here, and the number of bytes that it takes; U+FFFD for a half of a pair.
    private func scalar(at index: Int, before end: Int) -> (Unicode.Scalar, length: Int) {
        guard let first = unit(at: index, before: end) else { return ("\u{fffd}", 0) }
        if let scalar = Unicode.Scalar(first) { return (scalar, 4) }
        if (0xd800..<0xdc00).contains(first), index + 6 <= end, bytes[index + 4] == AuditScanner.backslash,
            bytes[index + 5] == UInt8(ascii: "u"), let second = unit(at: index + 6, before: end),
            (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(first) - 0xd800) << 10 + (UInt32(second) - 0xdc00))
        {
            return (scalar, 10)
        }
        return ("\u{fffd}", 4)
    }

    private func unit(at index: Int, before end: Int) -> UInt16? {
        guard index + 4 <= end else { return nil }
        return UInt16(digits: String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    }
}

/// Reads JSON in one pass, without a tree: for documents that come in by the thousand, of which a decoder's tree and its
/// containers take most of the time. Strict: what is not JSON, or not UTF-8, is an error, also in what is skipped.
/// Source: RFC 8259.
package struct JSONReader {
    /// Where a document is not JSON, or not of the expected form.
    package struct Mistake: Error, Hashable {
        /// In bytes.
        package let offset: Int
        /// A mistake at an offset.
        package init(offset: Int) { self.offset = offset }
    }

    private let bytes: [UInt8]
    private var at = 0
    private var depth = 0
    /// As deep as `JSONDecoder` goes, so that nesting costs no more stack than it has.
    private static let depthLimit = 512

    /// A reader at the document's start.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads an object.
    /// - Parameter member: must read or skip the value of the member with this name.
    /// - Throws: `Mistake`, also for any other value.
    package mutating func object(
        _ member: (inout JSONReader, String) throws(Mistake) -> Void
    ) throws(Mistake) {
        try nest(UInt8(ascii: "{"), UInt8(ascii: "}")) { (reader: inout JSONReader) throws(Mistake) in
            let name = try reader.string()
            try reader.expect(UInt8(ascii: ":"))
            try member(&reader, name)
        }
    }

    /// Reads an array.
    /// - Parameter element: must read or skip one element.
    /// - Throws: `Mistake`, also for any other value.
    package mutating func array(_ element: (inout JSONReader) throws(Mistake) -> Void) throws(Mistake) {
        try nest(UInt8(ascii: "["), UInt8(ascii: "]"), element)
    }

    /// Reads an object whose values are strings; of equal names the last one counts.
    /// - Throws: `Mistake`, also for any other value.
    package mutating func strings() throws(Mistake) -> [String: String] {
        var values: [String: String] = [:]
        try object { (reader, name) throws(Mistake) in values[name] = try reader.string() }
        return values
    }

    /// Reads a string.
    /// - Throws: `Mistake`, also for any other value.
    package mutating func string() throws(Mistake) -> String {
        try expect(UInt8(ascii: "\""))
        let start = at
        var isEscaped = false
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
            if bytes[at] == UInt8(ascii: "\\") {
                isEscaped = true
                at += 1
            } else if bytes[at] < 0x20 {
                throw mistake
            }
            at += 1
        }
        guard at < bytes.count else { throw mistake }
        let text = isEscaped ? try unescaped(start..<at) : String(validating: bytes[start..<at], as: UTF8.self)
        guard let text else { throw Mistake(offset: start) }
        at += 1
        return text
    }

    /// Reads null, if it comes next.
    package mutating func null() -> Bool {
        skipSpace()
        return literal("null")
    }

    /// Skips a value.
    package mutating func skip() throws(Mistake) {
        skipSpace()
        guard at < bytes.count else { throw mistake }
        switch bytes[at] {
        case UInt8(ascii: "{"): try object { (reader, _) throws(Mistake) in try reader.skip() }
        case UInt8(ascii: "["): try array { (reader) throws(Mistake) in try reader.skip() }
        case UInt8(ascii: "\""): _ = try string()
        default: if !literal("null"), !literal("true"), !literal("false") { try skipNumber() }
        }
    }

    /// Checks that nothing follows.
    package mutating func end() throws(Mistake) {
        skipSpace()
        if at < bytes.count { throw mistake }
    }

    // MARK: Steps

    private var mistake: Mistake { Mistake(offset: at) }

    private mutating func skipSpace() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x0a, 0x0d, 0x09: at += 1
            default: return
            }
        }
    }

    private mutating func expect(_ byte: UInt8) throws(Mistake) {
        skipSpace()
        guard at < bytes.count, bytes[at] == byte else { throw mistake }
        at += 1
    }

    private mutating func nest(
        _ open: UInt8, _ close: UInt8, _ item: (inout JSONReader) throws(Mistake) -> Void
    ) throws(Mistake) {
        try expect(open)
        depth += 1
        guard depth <= JSONReader.depthLimit else { throw mistake }
        skipSpace()
        if at < bytes.count, bytes[at] == close {
            at += 1
        } else {
            while true {
                try item(&self)
                skipSpace()
                guard at < bytes.count else { throw mistake }
                at += 1
                if bytes[at - 1] == close { break }
                guard bytes[at - 1] == UInt8(ascii: ",") else { throw Mistake(offset: at - 1) }
            }
        }
        depth -= 1
    }

    private mutating func literal(_ text: StaticString) -> Bool {
        let isNext = text.withUTF8Buffer { expected in bytes[at...].starts(with: expected) }
        if isNext { at += text.utf8CodeUnitCount }
        return isNext
    }

    private mutating func skipNumber() throws(Mistake) {
        func isDigit(_ index: Int) -> Bool { index < bytes.count && (0x30...0x39).contains(bytes[index]) }
        func skipDigits() throws(Mistake) {
            guard isDigit(at) else { throw mistake }
            while isDigit(at) { at += 1 }
        }
        if at < bytes.count, bytes[at] == UInt8(ascii: "-") { at += 1 }
        if at < bytes.count, bytes[at] == UInt8(ascii: "0") { at += 1 } else { try skipDigits() }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            try skipDigits()
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            try skipDigits()
        }
    }

    // MARK: Escapes

    /// - Returns: nil if it is not UTF-8.
    private func unescaped(_ range: Range<Int>) throws(Mistake) -> String? {
        var out: [UInt8] = []
        out.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                out.append(bytes[index])
                index += 1
                continue
            }
            // The string ends behind an escaped byte at the earliest.
            let escape = bytes[index + 1]
            index += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(escape)
            case UInt8(ascii: "n"): out.append(0x0a)
            case UInt8(ascii: "t"): out.append(0x09)
            case UInt8(ascii: "r"): out.append(0x0d)
            case UInt8(ascii: "b"): out.append(0x08)
            case UInt8(ascii: "f"): out.append(0x0c)
            case UInt8(ascii: "u"):
                let first = try unit(at: index, before: range.upperBound)
                index += 4
                var units = [first]
                if UTF16.isLeadSurrogate(first) {
                    guard index + 1 < range.upperBound, bytes[index] == UInt8(ascii: "\\"),
                        bytes[index + 1] == UInt8(ascii: "u")
                    else { throw Mistake(offset: index) }
                    units.append(try unit(at: index + 2, before: range.upperBound))
                    index += 6
                }
                guard let text = String(validating: units, as: UTF16.self) else { throw Mistake(offset: index) }
                out += text.utf8
            default: throw Mistake(offset: index - 1)
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    /// The four hexadecimal digits of `\u`.
    private func unit(at index: Int, before end: Int) throws(Mistake) -> UInt16 {
        guard index + 4 <= end,
            let value = UInt16(digits: String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
        else { throw Mistake(offset: index) }
        return value
    }
}

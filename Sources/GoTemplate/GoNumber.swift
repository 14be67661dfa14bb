/// Go's number and string literals. Source: The Go Programming Language Specification, "Lexical elements".
enum GoNumber {
    /// The value of a number literal: an `int` where it has neither point nor exponent, else a `float64`; nil where the
    /// text is not a number.
    static func constant(_ text: String) -> TemplateValue? {
        if let value = integer(text) { return .int(value) }
        let plain = text.lowercased()
        let isHexadecimal = plain.drop { $0 == "+" || $0 == "-" }.hasPrefix("0x")
        guard isHexadecimal ? plain.contains("p") : plain.contains(where: { $0 == "." || $0 == "e" }),
            let cleaned = withoutUnderscores(text)
        else { return nil }
        guard let value = Double(cleaned.hasSuffix(".") ? cleaned + "0" : cleaned), value.isFinite else { return nil }
        return .float(value)
    }

    /// Go's `strconv.ParseFloat`, which also accepts `inf`, `infinity` and `nan`.
    static func float(_ text: String) -> Double? {
        let lower = text.lowercased()
        switch lower.hasPrefix("+") || lower.hasPrefix("-") ? String(lower.dropFirst()) : lower {
        case "inf", "infinity": return lower.hasPrefix("-") ? -.infinity : .infinity
        case "nan": return lower == "nan" ? .nan : nil
        default: break
        }
        guard let last = text.utf8.last, !text.hasPrefix("_") else { return nil }
        return Double(last == UInt8(ascii: ".") ? text + "0" : text)
    }

    /// Go's `strconv.ParseInt(text, 0, 64)`.
    static func integer(_ text: String) -> Int64? {
        guard let cleaned = withoutUnderscores(text) else { return nil }
        let sign = cleaned.hasPrefix("-") ? "-" : ""
        let digits = cleaned.drop { $0 == "+" || $0 == "-" }
        guard cleaned.count - digits.count <= 1 else { return nil }
        let lower = digits.lowercased()
        let (body, radix): (String, Int) =
            lower.hasPrefix("0x")
            ? (String(lower.dropFirst(2)), 16)
            : lower.hasPrefix("0b")
                ? (String(lower.dropFirst(2)), 2)
                : lower.hasPrefix("0o")
                    ? (String(lower.dropFirst(2)), 8)
                    : lower.count > 1 && lower.hasPrefix("0") ? (String(lower.dropFirst()), 8) : (lower, 10)
        guard let first = body.first, first != "+", first != "-" else { return nil }
        return Int64(sign + body, radix: radix)
    }

    private static func withoutUnderscores(_ text: String) -> String? {
        if text.hasPrefix("_") || text.hasSuffix("_") || text.contains("__") { return nil }
        return text.filter { $0 != "_" }
    }

    /// The contents of an interpreted string or character literal, unescaped; nil where an escape is malformed.
    static func unquoted(_ inner: [UInt8], quote: UInt8) -> String? {
        var out: [UInt8] = []
        var i = 0
        func digits(_ from: Int, _ count: Int, _ radix: Int) -> UInt32? {
            guard from + count <= inner.count else { return nil }
            var value: UInt32 = 0
            for byte in inner[from..<from + count] {
                guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, digit < radix else { return nil }
                let (product, overflow) = value.multipliedReportingOverflow(by: UInt32(radix))
                guard !overflow else { return nil }
                value = product + UInt32(digit)
            }
            return value
        }
        while i < inner.count {
            guard inner[i] == UInt8(ascii: "\\") else {
                out.append(inner[i])
                i += 1
                continue
            }
            guard i + 1 < inner.count else { return nil }
            let escape = inner[i + 1]
            i += 2
            switch Character(Unicode.Scalar(escape)) {
            case "a": out.append(7)
            case "b": out.append(8)
            case "f": out.append(12)
            case "n": out.append(10)
            case "r": out.append(13)
            case "t": out.append(9)
            case "v": out.append(11)
            case "\\": out.append(escape)
            case _ where escape == quote: out.append(quote)
            case "x":
                guard let value = digits(i, 2, 16) else { return nil }
                out.append(UInt8(truncatingIfNeeded: value))
                i += 2
            case "0"..."7":
                guard let value = digits(i - 1, 3, 8), value < 256 else { return nil }
                out.append(UInt8(truncatingIfNeeded: value))
                i += 2
            case "u", "U":
                let count = escape == UInt8(ascii: "u") ? 4 : 8
                guard let value = digits(i, count, 16), let scalar = Unicode.Scalar(value) else { return nil }
                out += Array(String(Character(scalar)).utf8)
                i += count
            default: return nil
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}

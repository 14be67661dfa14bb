/// A number in Go's syntax with the shortest digits that parse back to the same value; `+Inf`, `-Inf`, `NaN`.
/// It has an exponent (`1e-05`, `1e+21`) below 1e-4 and from 1e21 on. Go's `strconv.FormatFloat(value, 'g', -1, 64)`
/// differs from 1e6 on, where it already writes an exponent; readers of Prometheus' formats accept both.
public func goFormat(_ value: Double) -> String {
    var bytes: [UInt8] = []
    bytes.append(goFormat: value)
    return String(decoding: bytes, as: UTF8.self)
}

/// A number in the shortest digits that parse back, never with an exponent: Go's
/// `strconv.FormatFloat(value, 'f', -1, 64)`.
public func goFormatPlain(_ value: Double) -> String {
    var bytes: [UInt8] = []
    bytes.append(number: value, exponents: false)
    return String(decoding: bytes, as: UTF8.self)
}

extension [UInt8] {
    /// Appends a number as `goFormat` writes it.
    public mutating func append(goFormat value: Double) { append(number: value, exponents: true) }

    fileprivate mutating func append(number value: Double, exponents: Bool) {
        if value.isNaN { return append(contentsOf: "NaN".utf8) }
        if value.isInfinite { return append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8) }
        if value.sign == .minus { append(UInt8(ascii: "-")) }
        if value == 0 { return append(UInt8(ascii: "0")) }
        let magnitude = value.magnitude
        // Most are whole: counts, states, bytes.
        if magnitude < 1e15, let whole = UInt64(exactly: magnitude) { return append(whole: whole) }
        let (digits, exponent) = shortestDigits(magnitude)
        if exponents, exponent < -4 || exponent >= 21 {
            append(digits[0])
            if digits.count > 1 {
                append(UInt8(ascii: "."))
                append(contentsOf: digits[1...])
            }
            append(contentsOf: (exponent < 0 ? "e-" : "e+").utf8)
            if exponent.magnitude < 10 { append(UInt8(ascii: "0")) }
            append(whole: UInt64(exponent.magnitude))
        } else if exponent < 0 {
            append(contentsOf: "0.".utf8)
            append(contentsOf: repeatElement(UInt8(ascii: "0"), count: -exponent - 1))
            append(contentsOf: digits)
        } else if digits.count <= exponent + 1 {
            append(contentsOf: digits)
            append(contentsOf: repeatElement(UInt8(ascii: "0"), count: exponent + 1 - digits.count))
        } else {
            append(contentsOf: digits[...exponent])
            append(UInt8(ascii: "."))
            append(contentsOf: digits[(exponent + 1)...])
        }
    }

    private mutating func append(whole value: UInt64) {
        let start = count
        var rest = value
        repeat {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        self[start...].reverse()
    }
}

/// Significant digits (no trailing zeros) and the decimal exponent of the first one, of a finite number above 0.
private func shortestDigits(_ magnitude: Double) -> (digits: [UInt8], exponent: Int) {
    // Swift's description has the shortest digits that parse back, the same as Go's: `0.00012`, `1.2e-05`, `12.0`.
    var digits: [UInt8] = []
    digits.reserveCapacity(24)
    var exponent = 0
    var written = 0
    var isNegative = false
    var place = Place.whole
    for byte in magnitude.description.utf8 {
        switch byte {
        case UInt8(ascii: "."): place = .fraction
        case UInt8(ascii: "e"): place = .exponent
        case UInt8(ascii: "-"): isNegative = true
        case UInt8(ascii: "+"): break
        default:
            switch place {
            case .whole:
                digits.append(byte)
                exponent += 1
            case .fraction: digits.append(byte)
            // Checked: the exponent of a Double has three digits.
            case .exponent: written = written * 10 + Int(byte &- UInt8(ascii: "0"))
            }
        }
    }
    exponent += (isNegative ? -written : written) - 1
    let zeros = digits.prefix { $0 == UInt8(ascii: "0") }.count
    digits.removeFirst(Swift.min(zeros, digits.count - 1))
    exponent -= zeros
    while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
    return (digits, exponent)
}

private enum Place { case whole, fraction, exponent }

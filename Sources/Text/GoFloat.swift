/// A number in Go's syntax with the shortest digits that parse back to the same value; `+Inf`, `-Inf`, `NaN`.
/// It has an exponent (`1e-05`, `1e+21`) below 1e-4 and from 1e21 on. Go's `strconv.FormatFloat(value, 'g', -1, 64)`
/// differs from 1e6 on, where it already writes an exponent; readers of Prometheus' formats accept both.
public func goFormat(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    if value == 0 { return value.sign == .minus ? "-0" : "0" }
    let (digits, exponent) = shortestDigits(value.magnitude)
    let sign = value < 0 ? "-" : ""
    if exponent < -4 || exponent >= 21 {
        let mantissa = String(digits.first ?? "0") + (digits.count > 1 ? "." + digits.dropFirst() : "")
        let size = exponent.magnitude
        return sign + mantissa + "e" + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + String(size)
    }
    return sign + plain(digits, exponent)
}

/// A number in the shortest digits that parse back, never with an exponent: Go's
/// `strconv.FormatFloat(value, 'f', -1, 64)`.
public func goFormatPlain(_ value: Double) -> String {
    guard value.isFinite, value != 0 else { return goFormat(value) }
    let (digits, exponent) = shortestDigits(value.magnitude)
    return (value < 0 ? "-" : "") + plain(digits, exponent)
}

/// Significant digits (no trailing zeros) and the decimal exponent of the first one.
private func shortestDigits(_ magnitude: Double) -> (digits: String, exponent: Int) {
    // Swift's description has the shortest digits that parse back, the same as Go's.
    let text = magnitude.description
    let parts = text.split(separator: "e", maxSplits: 1)
    let mantissa = parts.first.map(String.init) ?? "0"
    var exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
    let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    let whole = halves.first ?? "0"
    let fraction = halves.count > 1 ? halves[1] : ""
    var digits = whole + fraction
    exponent += whole.count - 1
    while digits.count > 1, digits.first == "0" {
        digits.removeFirst()
        exponent -= 1
    }
    while digits.count > 1, digits.last == "0" { digits.removeLast() }
    return (digits, exponent)
}

private func plain(_ digits: String, _ exponent: Int) -> String {
    if exponent < 0 { return "0." + String(repeating: "0", count: -exponent - 1) + digits }
    if digits.count <= exponent + 1 { return digits + String(repeating: "0", count: exponent + 1 - digits.count) }
    let point = digits.index(digits.startIndex, offsetBy: exponent + 1)
    return digits[..<point] + "." + digits[point...]
}

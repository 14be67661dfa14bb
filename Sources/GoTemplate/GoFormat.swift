import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// Numbers in the formats of Go's `strconv` and `fmt`.
enum GoFormat {
    /// `strconv.FormatFloat(value, 'g', -1, 64)`, and so `%v` and `{{ .Value }}`: the shortest digits that parse back
    /// to the same value, with an exponent below 1e-4 and from 1e6 on (`1.7179869184e+10`).
    static func shortest(_ value: Double) -> String {
        guard value.isFinite, value.magnitude >= 1e6, value.magnitude < 1e21 else { return goFormat(value) }
        let plain = goFormatPlain(value.magnitude)
        let exponent = plain.prefix { $0 != "." }.count - 1
        var digits = plain.filter { $0 != "." }
        while digits.count > 1, digits.hasSuffix("0") { digits.removeLast() }
        let mantissa = String(digits.prefix(1)) + (digits.count > 1 ? "." + digits.dropFirst() : "")
        return (value < 0 ? "-" : "") + mantissa + "e+" + (exponent < 10 ? "0" : "") + String(exponent)
    }

    /// A number as encoding/json writes it: without an exponent from 1e-6 up to 1e21, else as `1e-9`.
    static func json(_ value: Double) -> String {
        if value == 0 || (value.magnitude >= 1e-6 && value.magnitude < 1e21) { return goFormatPlain(value) }
        return goFormat(value).replacing("e-0", with: "e-")
    }

    /// `%b` (`4503599627370496p-52`) and `%x` (`0x1p+00`).
    static func binary(_ value: Double, verb: Character, precision: Int?) -> String {
        guard value.isFinite else { return float(value, verb: "g", precision: nil) }
        if verb == "b" {
            let bits = value.bitPattern & 0xf_ffff_ffff_ffff
            // Checked: eleven bits.
            let exponent = Int(value.bitPattern >> 52 & 0x7ff)
            let mantissa = exponent == 0 ? bits : bits | 1 << 52
            let power = max(exponent, 1) - 1075
            return "\(value.sign == .minus ? "-" : "")\(mantissa)p\(power < 0 ? "-" : "+")\(power.magnitude)"
        }
        let text = formatted(
            precision == nil ? "%\(verb == "X" ? "A" : "a")" : "%.*\(verb == "X" ? "A" : "a")",
            precision.map { [Int32(clamping: min($0, 400)), value] } ?? [value])
        // Go writes at least two digits of the exponent, C one.
        guard let p = text.lastIndex(where: { $0 == "p" || $0 == "P" }) else { return text }
        let digits = text[text.index(p, offsetBy: 2)...]
        return digits.count < 2 ? text.dropLast(digits.count) + "0" + digits : text
    }

    private static func formatted(_ format: String, _ arguments: [any CVarArg]) -> String {
        withVaList(arguments) { arguments in
            // The longest output is %f of the largest double with 400 decimals.
            var buffer = [CChar](repeating: 0, count: 800)
            let count = Int(vsnprintf(&buffer, buffer.count, format, arguments))
            return String(
                decoding: buffer.prefix(max(0, min(count, buffer.count - 1))).map { UInt8(bitPattern: $0) },
                as: UTF8.self)
        }
    }

    /// `%e`, `%f` and `%g` (or upper case) with a precision, but without width and sign flags; C and Go agree on these.
    /// - Parameter precision: nil for the shortest digits that parse back to the same value.
    static func float(_ value: Double, verb: Character, precision: Int?, alternate: Bool = false) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        guard let precision else { return shortest(value) }
        let format = "%" + (alternate ? "#" : "") + ".*" + String(verb)
        return formatted(format, [Int32(clamping: min(precision, 400)), value])
    }

    /// `%.4g`, the precision of Prometheus' humanizing functions.
    static func fourDigits(_ value: Double) -> String { float(value, verb: "g", precision: 4) }

    /// `time.Duration.String()`: `1h2m3.5s`, `1.5ms`, `0s`.
    static func duration(_ nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let total = nanoseconds.magnitude
        func fraction(_ value: UInt64, _ unit: UInt64) -> String {
            var digits = String(value % unit)
            let width = String(unit).count - 1
            digits = String(repeating: "0", count: width - digits.count) + digits
            while digits.hasSuffix("0") { digits.removeLast() }
            return String(value / unit) + (digits.isEmpty ? "" : "." + digits)
        }
        if total < 1000 { return "\(sign)\(total)ns" }
        if total < 1_000_000 { return sign + fraction(total, 1000) + "µs" }
        if total < 1_000_000_000 { return sign + fraction(total, 1_000_000) + "ms" }
        let minute: UInt64 = 60_000_000_000
        let hours = total / (60 * minute)
        let minutes = total / minute % 60
        let seconds = fraction(total % minute, 1_000_000_000) + "s"
        if hours > 0 { return "\(sign)\(hours)h\(minutes)m\(seconds)" }
        return minutes > 0 ? "\(sign)\(minutes)m\(seconds)" : sign + seconds
    }
}

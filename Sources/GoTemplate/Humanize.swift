import Samples
import Text

/// The humanizing functions of Prometheus' templates, with the same output.
/// Source: prometheus/common, helpers/templates/{convert,time}.go, and prometheus/prometheus, template/template.go.
package enum Humanize {
    /// `humanize`: with a decimal prefix, `1.234k`.
    static func decimal(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return GoFormat.fourDigits(value) }
        return value.magnitude >= 1 ? large(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : small(value)
    }

    /// `humanize1024`: with a binary prefix, `1.234ki`.
    static func binary(_ value: Double) -> String {
        guard value.magnitude > 1, value.isFinite else { return GoFormat.fourDigits(value) }
        return large(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    /// `humanizePercentage`: a ratio as `12.34%`.
    static func percentage(_ ratio: Double) -> String { GoFormat.fourDigits(ratio * 100) + "%" }

    /// `humanizeDuration`: seconds as `1d 2h 3m 4s`.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return GoFormat.fourDigits(seconds) }
        guard seconds != 0 else { return GoFormat.fourDigits(seconds) + "s" }
        guard seconds.magnitude >= 1 else { return small(seconds) + "s" }
        let sign = seconds < 0 ? "-" : ""
        let total = Int64(exactly: seconds.magnitude.rounded(.down)) ?? .max
        let (s, m, h, d) = (total % 60, total / 60 % 60, total / 3600 % 24, total / 86400)
        if d != 0 { return "\(sign)\(d)d \(h)h \(m)m \(s)s" }
        if h != 0 { return "\(sign)\(h)h \(m)m \(s)s" }
        if m != 0 { return "\(sign)\(m)m \(s)s" }
        return sign + GoFormat.fourDigits(seconds.magnitude) + "s"
    }

    private static func large(_ value: Double, _ base: Double, _ prefixes: [String]) -> String {
        var (value, prefix) = (value, "")
        for next in prefixes {
            if value.magnitude < base { break }
            prefix = next
            value /= base
        }
        return GoFormat.fourDigits(value) + prefix
    }

    private static func small(_ value: Double) -> String {
        var (value, prefix) = (value, "")
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if value.magnitude >= 1 { break }
            prefix = next
            value *= 1000
        }
        return GoFormat.fourDigits(value) + prefix
    }

    /// The number that a value is converted to: a number itself, a string parsed as one, a duration in seconds.
    static func number(_ value: TemplateValue) throws(TemplateFailure) -> Double {
        switch value.unwrapped {
        case .float(let number): return number
        case .int(let number): return Double(number)
        case .duration(let nanoseconds): return Double(nanoseconds) / 1e9
        case .string(let text), .html(let text):
            if let number = GoNumber.float(text) { return number }
            throw TemplateFailure("strconv.ParseFloat: parsing \(text.quotedAsInGo): invalid syntax")
        default: throw TemplateFailure("can't convert \(value.typeName) to float")
        }
    }
}

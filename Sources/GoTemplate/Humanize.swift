import Samples
import Text

/// Numbers for people, exactly as Prometheus' template functions of these names write them.
/// Source: prometheus/common, helpers/templates/{convert,time}.go, and prometheus/prometheus, template/template.go.
enum Humanize {
    static func decimal(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return GoFormat.fourDigits(value) }
        return value.magnitude >= 1 ? large(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : small(value)
    }

    static func binary(_ value: Double) -> String {
        guard value.magnitude > 1, value.isFinite else { return GoFormat.fourDigits(value) }
        return large(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"])
    }

    static func percentage(_ ratio: Double) -> String { GoFormat.fourDigits(ratio * 100) + "%" }

    /// - Parameter seconds: a span.
    static func duration(_ seconds: Double) -> String {
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

    /// A float, a whole number, a number in text, or a duration in seconds.
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

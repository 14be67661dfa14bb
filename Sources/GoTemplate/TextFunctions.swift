import Samples
import Text

/// The text functions that Prometheus' and Alertmanager's templates have in common.
enum TextFunctions {
    /// The text of an argument.
    /// - Throws: `TemplateFailure` where it is not a string.
    static func text(_ value: TemplateValue) throws(TemplateFailure) -> String {
        if let text = value.text { return text }
        throw TemplateFailure("wrong type for value; expected string; got \(value.typeName)")
    }

    /// A function from one string to a string.
    static func function(_ body: @escaping @Sendable (String) throws -> String) -> TemplateFunction {
        TemplateFunction(1) { .string(try body(text($0[0]))) }
    }

    static let table: TemplateFunctions = [
        "toUpper": function { $0.uppercased() },
        "toLower": function { $0.lowercased() },
        "title": function(title),
        "match": TemplateFunction(2) { .bool(try RegularExpression(text($0[0])).isFound(in: text($0[1]))) },
        "reReplaceAll": TemplateFunction(running: 3...3) { run, values in
            let (pattern, replacement, subject) = (try text(values[0]), try text(values[1]), try text(values[2]))
            // An upper bound of the result: the pattern may match at every position, between characters too.
            guard
                (subject.utf8.count + 1).multipliedReportingOverflow(by: replacement.utf8.count + 1).partialValue
                    <= max(run.budget, 0)
            else {
                throw TemplateFailure("the result may be too large")
            }
            return .string(try RegularExpression(pattern).replacingAll(in: subject, with: replacement))
        },
        "safeHtml": TemplateFunction(1) { .html(try text($0[0])) },
        "humanizeDuration": TemplateFunction(1) { .string(Humanize.duration(try Humanize.number($0[0]))) },
    ]

    /// Go's `strings.Title`: the first letter of each word in title case, the rest unchanged.
    static func title(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        var start = true
        for scalar in text.unicodeScalars {
            if start {
                out.append(contentsOf: scalar.properties.titlecaseMapping.unicodeScalars)
            } else {
                out.append(scalar)
            }
            let isLetter = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_"
            start = scalar.isASCII ? !isLetter : !isLetter && scalar.properties.isWhitespace
        }
        return String(out)
    }
}

import Samples
import Text

extension Expression: CustomStringConvertible {
    /// The expression as Prometheus prints it, on one line. Parsing it and printing the result gives the same text.
    package var description: String {
        var out = ""
        write(to: &out)
        return out
    }

    private func write(to out: inout String) {
        switch kind {
        case .number(let value, let isDuration):
            if isDuration, let text = Self.duration(value) {
                out += text
            } else {
                out += value.isInfinite ? "Inf" : goFormatPlain(value)
            }
        case .string(let literal): out += literal.quoted
        case .selector(let selector): out += selector.description(range: nil)
        case .range(let selector, let range): out += selector.description(range: range)
        case .subquery(let subquery):
            subquery.body.write(to: &out)
            out += "[\(subquery.range):\(subquery.step?.description ?? "")]\(subquery.modifiers)"
        case .call(let call):
            out += call.function.name.rawValue + "("
            Self.write(call.arguments, to: &out)
            out += ")"
        case .aggregate(let aggregate):
            out += aggregate.operation.rawValue
            if aggregate.grouping.isWithout {
                out += " without (\(quotedNames(aggregate.grouping.labels))) "
            } else if aggregate.hasGrouping {
                out += " by (\(quotedNames(aggregate.grouping.labels))) "
            }
            out += "("
            Self.write((aggregate.parameter.map { [$0] } ?? []) + [aggregate.body], to: &out)
            out += ")"
        case .binary(let binary):
            binary.left.write(to: &out)
            out += " \(binary.operation.rawValue)\(binary.returnsBool ? " bool" : "")\(binary.matching) "
            binary.right.write(to: &out)
        case .negated(let inner):
            out += "-"
            inner.write(to: &out)
        case .plus(let inner):
            out += "+"
            inner.write(to: &out)
        case .paren(let inner):
            out += "("
            inner.write(to: &out)
            out += ")"
        }
    }

    private static func write(_ list: [Expression], to out: inout String) {
        for (index, expression) in list.enumerated() {
            if index > 0 { out += ", " }
            expression.write(to: &out)
        }
    }

    /// The seconds as a duration; nil where they are too large to be parsed back.
    private static func duration(_ seconds: Double) -> String? {
        guard let milliseconds = Int64(exactly: (seconds * 1000).rounded()), milliseconds.magnitude < 9_000_000_000_000
        else { return nil }
        return Duration.milliseconds(milliseconds).prometheusDescription
    }
}

extension VectorSelector {
    fileprivate func description(range: PromQLDuration?) -> String {
        var parts: [String] = []
        var head = ""
        if let name {
            if name.isPlainMetricName { head = name } else { parts.append(name.quotedAsInGo) }
        }
        for matcher in matchers where !(matcher.name == Labels.metricName && name != nil) {
            let label = matcher.name.isLegacyName(colons: false) ? matcher.name : matcher.name.quotedAsInGo
            parts.append(label + matcher.operation.rawValue + matcher.value.quotedAsInGo)
        }
        let braces = parts.isEmpty ? "" : "{" + parts.joined(separator: ",") + "}"
        let window = range.map { "[\($0)]" } ?? ""
        return head + braces + window + modifiers.description
    }
}

extension TimeModifiers: CustomStringConvertible {
    package var description: String {
        var out = ""
        switch anchor {
        case .at(let milliseconds)?:
            let fraction = String(milliseconds.magnitude % 1000)
            out +=
                " @ \(milliseconds < 0 ? "-" : "")\(milliseconds.magnitude / 1000).\(String(repeating: "0", count: 3 - fraction.count))\(fraction)"
        case .start?: out += " @ start()"
        case .end?: out += " @ end()"
        case nil: break
        }
        if offset != .zero { out += " offset \(offset)" }
        return out
    }
}

extension Matching: CustomStringConvertible {
    package var description: String {
        guard isWritten, isOn || !labels.isEmpty || cardinality != .oneToOne else { return "" }
        var out = " \(isOn ? "on" : "ignoring") (\(quotedNames(labels)))"
        if cardinality != .oneToOne {
            out += " \(cardinality == .manyToOne ? "group_left" : "group_right") (\(quotedNames(include)))"
        }
        return out
    }
}

extension StringLiteral {
    /// The literal in quotes with Go's escapes; where it is not UTF-8, all but printable ASCII as `\xff`.
    fileprivate var quoted: String {
        if isText { return text.quotedAsInGo }
        let hex = Array("0123456789abcdef".unicodeScalars)
        var out = "\"".unicodeScalars
        for byte in bytes {
            if byte >= 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                out.append(Unicode.Scalar(byte))
            } else {
                out.append(contentsOf: ["\\", "x", hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            }
        }
        return String(out) + "\""
    }
}

extension String {
    /// Whether this is `[a-zA-Z_:][a-zA-Z0-9_:]*` with a character other than colons, and not a word that the parser
    /// reads as a number or an operator.
    fileprivate var isPlainMetricName: Bool {
        isLegacyName(colons: true) && filter { $0 != ":" }.isLegacyName(colons: false)
            && !["inf", "nan", "bool", "on", "ignoring", "group_left", "group_right", "atan2"].contains(lowercased())
    }
}

private func quotedNames(_ names: [String]) -> String {
    names.map { $0.isLegacyName(colons: false) && !["inf", "nan"].contains($0.lowercased()) ? $0 : $0.quotedAsInGo }
        .joined(separator: ", ")
}

package import Samples
import Text

/// The functions of the templates in Prometheus' rules.
/// Source: prometheus.io/docs/prometheus/latest/configuration/template_reference.
package enum PrometheusFunctions {
    /// The functions by name.
    /// - Parameters:
    ///   - now: the evaluation time.
    ///   - externalURL: the URL under which the agent is reachable from outside, `--web.external-url`.
    ///   - query: evaluates an expression at `now` and returns its instant vector.
    package static func table(
        now: Timestamp, externalURL: String, query: @escaping @Sendable (_ expression: String) throws -> [Sample]
    ) -> TemplateFunctions {
        var table = fixed
        table["query"] = TemplateFunction(1) {
            .list(TemplateList(try query(TextFunctions.text($0[0])).map(sample), typeName: "template.queryResult"))
        }
        table["externalURL"] = TemplateFunction(0) { _ in .string(externalURL) }
        table["pathPrefix"] = TemplateFunction(0) { _ in .string(path(of: externalURL)) }
        table["now"] = TemplateFunction(0) { _ in .float(now.seconds) }
        return table
    }

    /// The functions for checking templates without executing them; `query` returns nothing.
    package static let forChecking = table(now: Timestamp(milliseconds: 0), externalURL: "") { _ in [] }

    /// An element of a query's result, with `.Labels` and `.Value`.
    package static func sample(_ sample: Sample) -> TemplateValue {
        .object(
            TemplateObject(
                typeName: "*template.sample",
                ordered: [("Labels", .labels(sample.labels)), ("Value", .float(sample.value))]))
    }

    private static let fixed: TemplateFunctions = TextFunctions.table.merging([
        "first": TemplateFunction(1) { values in
            guard let first = try vector(values[0]).first else {
                throw TemplateFailure("first() called on vector with no elements")
            }
            return first
        },
        "label": TemplateFunction(2) { .string(try label(TextFunctions.text($0[0]), $0[1])) },
        "value": TemplateFunction(1) { try member("Value", $0[0]) },
        "strvalue": TemplateFunction(1) { .string(try label("__value__", $0[0])) },
        "sortByLabel": TemplateFunction(2) { values in
            let name = try TextFunctions.text(values[0])
            let sorted = try vector(values[1]).map { (try label(name, $0), $0) }.enumerated()
                .sorted { $0.element.0 == $1.element.0 ? $0.offset < $1.offset : $0.element.0 < $1.element.0 }
            return .list(TemplateList(sorted.map(\.element.1), typeName: "template.queryResult"))
        },
        "args": TemplateFunction(0...Int.max) { values in
            .map(
                TemplateMap(
                    // Checked: the offsets differ.
                    Dictionary(uniqueKeysWithValues: values.enumerated().map { ("arg\($0.offset)", $0.element) })))
        },
        "tmpl": TemplateFunction(running: 2...2) { run, values in
            .html(try run.text(of: TextFunctions.text(values[0]), values[1]))
        },
        "graphLink": TextFunctions.function { "/graph?g0.expr=\(Escapes.query($0))&g0.tab=0" },
        "tableLink": TextFunctions.function { "/graph?g0.expr=\(Escapes.query($0))&g0.tab=1" },
        "urlQueryEscape": TextFunctions.function(Escapes.query),
        "stripPort": TextFunctions.function { HostPort($0)?.host ?? $0 },
        "stripDomain": TextFunctions.function(stripDomain),
        "humanize": number(Humanize.decimal),
        "humanize1024": number(Humanize.binary),
        "humanizePercentage": number(Humanize.percentage),
        "humanizeTimestamp": TemplateFunction(1) { values in
            let seconds = try Humanize.number(values[0])
            return .string(seconds.isFinite ? try time(seconds).description : GoFormat.fourDigits(seconds))
        },
        "toTime": TemplateFunction(1) { .time(try time(Humanize.number($0[0]))) },
        "toDuration": TemplateFunction(1) { values in
            guard let nanoseconds = Int64(exactly: (try Humanize.number(values[0]) * 1e9).rounded()) else {
                throw TemplateFailure("the number is out of range for a duration")
            }
            return .duration(nanoseconds: nanoseconds)
        },
        "parseDuration": TemplateFunction(1) { values in
            let text = try TextFunctions.text(values[0])
            let sign: Double = text.hasPrefix("-") ? -1 : 1
            guard let duration = Duration(prometheus: sign < 0 ? String(text.dropFirst()) : text) else {
                throw TemplateFailure("not a valid duration string: \(text.quotedAsInGo)")
            }
            return .float(sign * duration.seconds)
        },
    ]) { _, new in new }

    private static func number(_ body: @escaping @Sendable (Double) -> String) -> TemplateFunction {
        TemplateFunction(1) { .string(body(try Humanize.number($0[0]))) }
    }

    private static func time(_ seconds: Double) throws(TemplateFailure) -> TemplateTime {
        // Go's time in nanoseconds has 64 bits, which covers 1677 to 2262.
        guard seconds.magnitude < 9_223_372_036 else {
            throw TemplateFailure(
                "\(goFormat(seconds)) cannot be represented as a nanoseconds timestamp since it overflows int64")
        }
        return TemplateTime(Timestamp(milliseconds: Int64(saturating: (seconds * 1000).rounded(.down))))
    }

    private static func vector(_ value: TemplateValue) throws(TemplateFailure) -> [TemplateValue] {
        if case .list(let list) = value { return list.items }
        throw TemplateFailure("wrong type for value; expected template.queryResult; got \(value.typeName)")
    }

    private static func member(_ name: String, _ value: TemplateValue) throws(TemplateFailure) -> TemplateValue {
        if case .object(let object) = value, case .value(let found) = object.member(name) { return found }
        throw TemplateFailure("wrong type for value; expected *template.sample; got \(value.typeName)")
    }

    private static func label(_ name: String, _ sample: TemplateValue) throws(TemplateFailure) -> String {
        guard case .map(let labels) = try member("Labels", sample) else { return "" }
        return labels.values[name]?.text ?? ""
    }

    /// The path of an absolute URL.
    private static func path(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return url }
        let rest = url[scheme.upperBound...]
        guard let slash = rest.firstIndex(of: "/") else { return "" }
        return String(rest[slash...].prefix { $0 != "?" && $0 != "#" })
    }

    private static func stripDomain(_ text: String) -> String {
        let parts = HostPort(text)
        let host = parts?.host ?? text
        if isAddress(host) { return text }
        let short = String(host.prefix { $0 != "." })
        guard let port = parts?.port, !port.isEmpty else { return short }
        return "\(short):\(port)"
    }

    /// Whether the host is an IPv4 or IPv6 address. As in Go, no part of an IPv4 address has a sign or a leading zero.
    private static func isAddress(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count == 4, parts.allSatisfy({ part in UInt8(part).map { String($0) == part } ?? false }) {
            return true
        }
        return host.contains(":") && host.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
    }
}

/// Go's `net.SplitHostPort`: `host:port`, `[v6]:port`.
private struct HostPort {
    let host: String
    let port: String

    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let before = text[..<colon]
        if before.hasPrefix("[") {
            guard before.hasSuffix("]") else { return nil }
            host = String(before.dropFirst().dropLast())
        } else {
            guard !before.contains(":") else { return nil }
            host = String(before)
        }
        guard !host.contains("["), !host.contains("]") else { return nil }
        port = String(text[text.index(after: colon)...])
    }
}

package import Samples
import Text

/// The functions of Alertmanager's notification templates.
/// Source: prometheus.io/docs/alerting/latest/notifications, "Functions".
package enum AlertmanagerFunctions {
    /// The functions by name.
    /// - Parameters:
    ///   - now: the time up to which `since` measures.
    ///   - zone: the offset and abbreviation of a time zone at a time, by its name in the tz database; nil for an
    ///     unknown name.
    package static func table(
        now: Timestamp, zone: @escaping @Sendable (_ name: String, _ at: Timestamp) -> TemplateTime.Zone?
    ) -> TemplateFunctions {
        var table = fixed
        table["since"] = TemplateFunction(1) { values in
            .duration(
                nanoseconds: (now - (try time(values[0])).timestamp).milliseconds.multipliedReportingOverflow(
                    by: 1_000_000
                ).partialValue)
        }
        table["tz"] = TemplateFunction(2) { values in
            let (name, time) = (try TextFunctions.text(values[0]), try time(values[1]))
            if name.isEmpty || name == "UTC" { return .time(TemplateTime(time.timestamp)) }
            guard let zone = zone(name, time.timestamp) else { throw TemplateFailure("unknown time zone \(name)") }
            return .time(TemplateTime(time.timestamp, zone: zone))
        }
        return table
    }

    private static let fixed: TemplateFunctions = TextFunctions.table.merging([
        // Unlike Prometheus' `title`, this one also converts the rest of each word to lower case.
        "title": TextFunctions.function { TextFunctions.title($0.lowercased()) },
        "trimSpace": TextFunctions.function(trimmed),
        "join": TemplateFunction(running: 2...2) { run, values in
            // `join sep list`: the separator comes first, so that a list can be piped in.
            let separator = try TextFunctions.text(values[0])
            let items = try list(values[1]).map(TextFunctions.text)
            let size = items.reduce(items.count * separator.utf8.count) { $0 + $1.utf8.count }
            guard size <= run.budget else { throw TemplateFailure("the result is too large") }
            return .string(items.joined(separator: separator))
        },
        "stringSlice": TemplateFunction(0...Int.max) { .strings(try $0.map(TextFunctions.text)) },
        "date": TemplateFunction(2) { .string(try time($0[1]).format(TextFunctions.text($0[0]))) },
        "safeUrl": TemplateFunction(1) { .html(HTMLEscaping.escape(try TextFunctions.text($0[0]))) },
        "urlUnescape": TextFunctions.function { text in
            guard let plain = Escapes.unescaped(text) else {
                throw TemplateFailure("invalid URL escape in \(text.quotedAsInGo)")
            }
            return plain
        },
        "toJson": TemplateFunction(running: 1...1) { run, values in
            .string(try JSONText.encode(values[0], limit: run.budget))
        },
        "list": TemplateFunction(0...Int.max) { .list($0) },
        "append": TemplateFunction(1...Int.max) { .list(try list($0[0]) + $0.dropFirst()) },
        "dict": TemplateFunction(0...Int.max) { values in
            guard values.count.isMultiple(of: 2) else {
                throw TemplateFailure("invalid dict call: keys and values don't pair up")
            }
            var result: [String: TemplateValue] = [:]
            for index in stride(from: 0, to: values.count, by: 2) {
                guard let key = values[index].text else { throw TemplateFailure("dict keys must be strings") }
                result[key] = values[index + 1]
            }
            return .map(TemplateMap(result))
        },
    ]) { _, new in new }

    /// Alertmanager's `KV`: a map of strings with `.SortedPairs`, `.Names`, `.Values` and `.Remove`. `alertname` is the
    /// first of the pairs; the others are sorted by name.
    package static func keyValues(_ values: [String: String]) -> TemplateValue {
        let names = values.keys.sorted()
        let ordered = names.filter { $0 == "alertname" } + names.filter { $0 != "alertname" }
        return .object(
            TemplateObject(typeName: "template.KV", underlying: .strings(values)) { member in
                switch member {
                case "SortedPairs": .value(pairs(ordered.map { ($0, values[$0] ?? "") }))
                case "Names": .value(.strings(ordered))
                case "Values": .value(.strings(ordered.map { values[$0] ?? "" }))
                case "Remove":
                    .method { arguments in
                        guard let keys = arguments.first else {
                            throw TemplateFailure("Remove expects a list of names")
                        }
                        let removed = Set(try list(keys).map(TextFunctions.text))
                        return keyValues(values.filter { !removed.contains($0.key) })
                    }
                default: nil
                }
            })
    }

    /// Alertmanager's `Pairs`: a list whose elements have `.Name` and `.Value`, with `.Names`, `.Values` and `.String`.
    private static func pairs(_ pairs: [(name: String, value: String)]) -> TemplateValue {
        let items = pairs.map { pair in
            TemplateValue.object(
                TemplateObject(
                    typeName: "template.Pair", ordered: [("Name", .string(pair.name)), ("Value", .string(pair.value))]))
        }
        return .object(
            TemplateObject(
                typeName: "template.Pairs", underlying: .list(TemplateList(items, typeName: "template.Pairs"))
            ) { member in
                switch member {
                case "Names": .value(.strings(pairs.map(\.name)))
                case "Values": .value(.strings(pairs.map(\.value)))
                case "String": .value(.string(pairs.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")))
                default: nil
                }
            })
    }

    private static func time(_ value: TemplateValue) throws(TemplateFailure) -> TemplateTime {
        if case .time(let time) = value { return time }
        throw TemplateFailure("wrong type for value; expected time.Time; got \(value.typeName)")
    }

    private static func list(_ value: TemplateValue) throws(TemplateFailure) -> [TemplateValue] {
        if case .list(let list) = value.unwrapped { return list.items }
        throw TemplateFailure("wrong type for value; expected a list; got \(value.typeName)")
    }

    private static func trimmed(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else {
            return ""
        }
        return String(scalars[first...last])
    }
}

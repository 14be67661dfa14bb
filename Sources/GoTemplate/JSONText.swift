/// Encodes template values as JSON for `toJson`, as Go's encoding/json does: keys sorted, `<`, `>` and `&` escaped.
struct JSONText {
    private var out = ""
    private let limit: Int

    /// - Parameter limit: the maximum size of the output in bytes.
    /// - Throws: `TemplateFailure` over the limit, and for a NaN or an infinity.
    static func encode(_ value: TemplateValue, limit: Int) throws(TemplateFailure) -> String {
        var text = JSONText(limit: limit)
        try text.write(value)
        return text.out
    }

    private init(limit: Int) { self.limit = limit }

    private mutating func write(_ value: TemplateValue) throws(TemplateFailure) {
        guard out.utf8.count <= limit else { throw TemplateFailure("more than \(limit) bytes of output") }
        switch value.unwrapped {
        case .null: out += "null"
        case .bool(let bool): out += bool ? "true" : "false"
        case .int(let int): out += String(int)
        case .duration(let nanoseconds): out += String(nanoseconds)
        case .float(let float):
            guard float.isFinite else { throw TemplateFailure("json: unsupported value: \(GoFormat.shortest(float))") }
            out += GoFormat.json(float)
        case .string(let text), .html(let text): quote(text)
        case .time(let time): quote(time.format("2006-01-02T15:04:05.999999999Z07:00"))
        case .object(let object):
            out += "{"
            for (index, field) in object.fields.enumerated() {
                if index > 0 { out += "," }
                quote(field.name)
                out += ":"
                try write(field.value)
            }
            out += "}"
        case .list(let list):
            out += "["
            for (index, item) in list.items.enumerated() {
                if index > 0 { out += "," }
                try write(item)
            }
            out += "]"
        case .map(let map):
            out += "{"
            for (index, key) in map.sortedKeys.enumerated() {
                if index > 0 { out += "," }
                quote(key)
                out += ":"
                try write(map.values[key] ?? map.zero)
            }
            out += "}"
        }
    }

    private mutating func quote(_ text: String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{8}": out += "\\b"
            case "\u{c}": out += "\\f"
            case "<", ">", "&", "\u{2028}", "\u{2029}", "\u{0}"..."\u{1f}":
                let hexadecimal = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}

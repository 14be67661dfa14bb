import Samples
import Text

/// A JSON value to be written, with the members of objects in the given order. Source: RFC 8259.
indirect enum JSON: Sendable {
    case string(String)
    case number(Double)
    case bool(Bool)
    case array([JSON])
    /// In this order; pairs whose value is nil are left out by `object(_:)`.
    case members([(String, JSON)])

    static func object(_ members: [(String, JSON?)]) -> JSON {
        .members(members.compactMap { pair in pair.1.map { (pair.0, $0) } })
    }

    static func map(_ values: [String: String]) -> JSON {
        .members(values.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    /// An object with one more member; any other value unchanged.
    func adding(_ name: String, _ value: JSON) -> JSON {
        if case .members(let members) = self { .members(members + [(name, value)]) } else { self }
    }

    var bytes: [UInt8] { JSONWriter.document { write(&$0) } }

    private func write(_ json: inout JSONWriter) {
        switch self {
        case .string(let text): json.string(text)
        case .number(let value): json.raw(goFormatPlain(value))
        case .bool(let value): json.bool(value)
        case .array(let items): json.array { list in for item in items { item.write(&list) } }
        case .members(let members):
            json.object { object in
                for (name, value) in members {
                    object.key(name)
                    value.write(&object)
                }
            }
        }
    }
}

extension String {
    /// The text cut to so many Unicode scalars (Go's runes); the last one is an ellipsis if something was cut.
    func truncated(toRunes limit: Int) -> String {
        guard unicodeScalars.count > limit else { return self }
        var kept = String.UnicodeScalarView(unicodeScalars.prefix(max(0, limit - 1)))
        kept.append("…")
        return String(kept)
    }
}

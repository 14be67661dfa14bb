import Samples
import Text

/// A JSON value to be written, with the members of objects in a given order. Source: RFC 8259.
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

    /// An object with one more member; anything else as it is.
    func adding(_ name: String, _ value: JSON) -> JSON {
        if case .members(let members) = self { .members(members + [(name, value)]) } else { self }
    }

    var bytes: [UInt8] {
        var out: [UInt8] = []
        write(&out)
        return out
    }

    private func write(_ out: inout [UInt8]) {
        switch self {
        case .string(let text): out.append(json: text)
        case .number(let value): out += goFormatPlain(value).utf8
        case .bool(let value): out += (value ? "true" : "false").utf8
        case .array(let items):
            out.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                item.write(&out)
            }
            out.append(UInt8(ascii: "]"))
        case .members(let members):
            out.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                out.append(json: member.0)
                out.append(UInt8(ascii: ":"))
                member.1.write(&out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }
}

extension String {
    /// The text cut to so many Unicode scalars (Go's runes), the last one an ellipsis where something was cut.
    func truncated(toRunes limit: Int) -> String {
        guard unicodeScalars.count > limit else { return self }
        var kept = String.UnicodeScalarView(unicodeScalars.prefix(max(0, limit - 1)))
        kept.append("…")
        return String(kept)
    }
}

import Samples

/// JSON to write: small, ordered, and without a detour over Codable. Source: RFC 8259.
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
        case .string(let text): JSON.write(text, &out)
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
                JSON.write(member.0, &out)
                out.append(UInt8(ascii: ":"))
                member.1.write(&out)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    private static let hex = Array("0123456789abcdef".utf8)

    private static func write(_ text: String, _ out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): out += [UInt8(ascii: "\\"), byte]
            case 0x0a: out += "\\n".utf8
            case 0..<0x20: out += "\\u00".utf8 + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

extension String {
    /// At most so many characters (runes), an ellipsis for what is cut.
    func truncated(toRunes most: Int) -> String {
        guard unicodeScalars.count > most else { return self }
        var kept = String.UnicodeScalarView(unicodeScalars.prefix(max(0, most - 1)))
        kept.append("…")
        return String(kept)
    }
}

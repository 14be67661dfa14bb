import FoundationEssentials
import Samples

/// Decodes an object's fields one by one: a field of an unexpected type counts as absent, so that additions and changes
/// in a server or a tool do not hide the rest.
struct LenientFields: Decodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private let container: KeyedDecodingContainer<Key>

    /// - Throws: `DecodingError` when the value is not an object.
    init(_ decoder: any Decoder) throws { container = try decoder.container(keyedBy: Key.self) }

    /// An object within another: `let fields: LenientFields? = outer["inner"]`.
    init(from decoder: any Decoder) throws { try self.init(decoder) }

    subscript<Value: Decodable>(name: String) -> Value? {
        try? container.decodeIfPresent(Value.self, forKey: Key(stringValue: name))
    }

    /// A string; nil for an empty one, which Vault writes for unknown or hidden values.
    func text(_ name: String) -> String? {
        let text: String? = self[name]
        return text.nonEmpty
    }

    /// A time in RFC 3339; nil for anything else. Vault writes the year 1 for never.
    func time(_ name: String) -> Timestamp? { text(name).flatMap { Timestamp(rfc3339: $0) } }
}

extension String? {
    /// Nil for an empty string as well.
    var nonEmpty: String? { flatMap { $0.isEmpty ? nil : $0 } }
}

/// A string; any other JSON value decodes as nil.
struct LenientText: Decodable, Sendable, Hashable {
    let text: String?

    init(from decoder: any Decoder) throws {
        text = try? decoder.singleValueContainer().decode(String.self)
    }
}

/// Decodes a JSON object; nil for anything else.
package func decodeJSON<Answer: Decodable>(_ type: Answer.Type, _ body: [UInt8]) -> Answer? {
    try? JSONDecoder().decode(type, from: Data(body))
}

import Synchronization
import Text

/// Collects the errors of a document, so that all of them are reported at once.
package final class ErrorList: Sendable {
    private let found = Mutex<[YAMLError]>([])
    /// The maximum number of errors kept; further ones are dropped.
    private static let limit = 100

    /// An empty list.
    package init() {}

    /// Adds an error at a position.
    package func add(_ position: SourcePosition, _ message: String) {
        found.withLock { if $0.count < ErrorList.limit { $0.append(YAMLError(position, message)) } }
    }

    /// Adds an error.
    package func add(_ error: YAMLError) { add(error.position, error.message) }

    /// The errors in the order of their positions.
    package var errors: [YAMLError] { found.withLock { $0 }.sorted { $0.position < $1.position } }
    /// Whether there are no errors.
    package var isEmpty: Bool { found.withLock { $0.isEmpty } }
}

/// Reads a mapping key by key. Each method reads one key, checks its type and adds mistakes to `errors`; `finish`
/// reports the keys that were not read as unknown.
///
/// ```swift
/// var fields = Fields(node, errors, "a route")
/// let receiver = fields.string("receiver")
/// fields.finish()
/// ```
package struct Fields {
    /// The mapping.
    package let node: Node
    /// Where mistakes are added.
    package let errors: ErrorList
    /// What the mapping describes, for messages: "a route".
    private let what: String
    private var readKeys: Set<String> = []

    /// Starts reading a mapping. Null counts as an empty mapping; anything else is an error and reads as an empty one.
    /// - Parameter what: what the mapping describes, with its article, for messages: "a route".
    package init(_ node: Node, _ errors: ErrorList, _ what: String) {
        self.node = node
        self.errors = errors
        self.what = what
        if node.mapping == nil && !node.isNull {
            errors.add(node.position, "expected \(what) as a mapping, found \(node.kind)")
        }
    }

    /// Where the mapping starts.
    package var position: SourcePosition { node.position }

    /// Reads any value; nil where absent or null.
    package mutating func node(_ key: String) -> Node? {
        readKeys.insert(key)
        guard let value = node[key], !value.isNull else { return nil }
        return value
    }

    /// Reads any value, null included, for keys where an explicit null has a meaning.
    package mutating func nodeOrNull(_ key: String) -> Node? {
        readKeys.insert(key)
        return node[key]
    }

    /// Reads any value; its absence is an error.
    package mutating func required(_ key: String) -> Node? {
        guard let value = node(key) else {
            errors.add(node.position, "\(what) needs \"\(key)\"")
            return nil
        }
        return value
    }

    /// Reads a scalar; nil where absent or null.
    package mutating func string(_ key: String) -> String? { node(key).flatMap { text($0, key) } }
    /// Reads a scalar; its absence is an error.
    package mutating func requiredString(_ key: String) -> String? { required(key).flatMap { text($0, key) } }

    /// Reads a boolean: `true`, `yes`, `on`, `false`, `no` or `off`; nil where absent or null.
    package mutating func bool(_ key: String) -> Bool? {
        guard let value = node(key) else { return nil }
        switch value.scalar {
        case "true", "True", "TRUE", "yes", "on": return true
        case "false", "False", "FALSE", "no", "off": return false
        default:
            errors.add(value.position, "\(key): expected true or false, found \(value.kind)")
            return nil
        }
    }

    /// Reads a whole number within a range; nil where absent or null.
    package mutating func integer(_ key: String, in range: ClosedRange<Int> = Int.min...Int.max) -> Int? {
        guard let value = node(key) else { return nil }
        guard let text = value.scalar, let number = Int(text), range.contains(number) else {
            let bounds =
                range == Int.min...Int.max
                ? "a whole number" : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            errors.add(value.position, "\(key): expected \(bounds), found \(value.kind)")
            return nil
        }
        return number
    }

    /// Reads a number; nil where absent or null.
    package mutating func number(_ key: String) -> Double? {
        guard let value = node(key) else { return nil }
        guard let text = value.scalar, let number = Double(text) else {
            errors.add(value.position, "\(key): expected a number, found \(value.kind)")
            return nil
        }
        return number
    }

    /// Reads one of an enumeration's raw values; nil where absent or null.
    package mutating func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
    where T.RawValue == String {
        guard let value = node(key) else { return nil }
        if let text = value.scalar, let choice = T(rawValue: text) { return choice }
        let words = T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        errors.add(value.position, "\(key): expected one of \(words), found \(value.kind)")
        return nil
    }

    /// Reads a list; an empty one where absent or null. A single scalar is an error, as in Prometheus' files.
    package mutating func list(_ key: String) -> [Node] {
        guard let value = node(key) else { return [] }
        guard let items = value.sequence else {
            errors.add(value.position, "\(key): expected a list, found \(value.kind)")
            return []
        }
        return items
    }

    /// Reads a list of scalars; an empty one where absent or null.
    package mutating func strings(_ key: String) -> [String] {
        list(key).compactMap { text($0, key) }
    }

    /// Reads a mapping of scalars, such as labels; an empty one where absent or null.
    package mutating func stringMap(_ key: String) -> [String: String] {
        guard let value = node(key) else { return [:] }
        guard let pairs = value.mapping else {
            errors.add(value.position, "\(key): expected a mapping, found \(value.kind)")
            return [:]
        }
        var result: [String: String] = [:]
        for (name, value) in pairs { result[name.text] = value.isNull ? "" : text(value, name.text) ?? "" }
        return result
    }

    /// Reads a scalar and parses it; nil where absent or null, or where `parse` returns nil, which is an error.
    /// - Parameter expected: what the parser accepts, for messages: "a duration such as 5m".
    package mutating func parsed<T>(_ key: String, expected: String, _ parse: (String) -> T?) -> T? {
        guard let value = node(key) else { return nil }
        guard let text = value.scalar, let result = parse(text) else {
            errors.add(value.position, "\(key): expected \(expected), found \(value.kind)")
            return nil
        }
        return result
    }

    /// The position of a key, for errors found later; that of the mapping where the key is absent.
    package func position(of key: String) -> SourcePosition {
        node.mapping?.first { $0.key.text == key }?.key.position ?? node.position
    }

    /// Reports each key that was not read as unknown.
    package func finish() {
        for (key, _) in node.mapping ?? [] where !readKeys.contains(key.text) {
            let hint =
                nearest(key.text, in: readKeys).map { "; did you mean \"\($0)\"?" }
                ?? "; expected \(readKeys.sorted().joined(separator: ", "))"
            errors.add(key.position, "unknown key \"\(key.text)\" in \(what)\(hint)")
        }
    }

    private func text(_ value: Node, _ key: String) -> String? {
        guard let text = value.scalar else {
            errors.add(value.position, "\(key): expected text, found \(value.kind)")
            return nil
        }
        return text
    }
}

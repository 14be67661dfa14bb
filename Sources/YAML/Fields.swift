import Synchronization
import Text

/// Errors gathered while a document is read, so that the user sees all of them at once.
package final class ErrorList: Sendable {
    private let found = Mutex<[YAMLError]>([])
    /// More than this many help nobody.
    private static let most = 100

    package init() {}

    package func add(_ position: SourcePosition, _ message: String) {
        found.withLock { if $0.count < ErrorList.most { $0.append(YAMLError(position, message)) } }
    }

    package func add(_ error: YAMLError) { add(error.position, error.message) }

    /// In the order of the file.
    package var errors: [YAMLError] { found.withLock { $0 }.sorted { $0.position < $1.position } }
    package var isEmpty: Bool { found.withLock { $0.isEmpty } }
}

/// A mapping read key by key. Each reader takes a key, checks its type, and notes what is wrong in `errors`;
/// `finish` complains about the keys that nobody asked for.
///
/// ```swift
/// var fields = Fields(node, errors, "a route")
/// let receiver = fields.string("receiver")
/// fields.finish()
/// ```
package struct Fields {
    package let node: Node
    package let errors: ErrorList
    /// What this mapping is, for messages: "a route".
    private let what: String
    private var asked: Set<String> = []

    /// A node that is not a mapping is an error and reads as an empty one; nothing at all is an empty mapping.
    package init(_ node: Node, _ errors: ErrorList, _ what: String) {
        self.node = node
        self.errors = errors
        self.what = what
        if node.mapping == nil && !node.isNull {
            errors.add(node.position, "expected \(what) as a mapping, found \(node.kind)")
        }
    }

    package var position: SourcePosition { node.position }

    /// The raw value of a key; nil where absent or null.
    package mutating func node(_ key: String) -> Node? {
        asked.insert(key)
        guard let value = node[key], !value.isNull else { return nil }
        return value
    }

    /// The value of a key, null included, for keys where an explicit null means something.
    package mutating func nodeOrNull(_ key: String) -> Node? {
        asked.insert(key)
        return node[key]
    }

    /// Like `node`, but its absence is an error.
    package mutating func required(_ key: String) -> Node? {
        guard let value = node(key) else {
            errors.add(node.position, "\(what) needs \"\(key)\"")
            return nil
        }
        return value
    }

    package mutating func string(_ key: String) -> String? { node(key).flatMap { text($0, key) } }
    package mutating func requiredString(_ key: String) -> String? { required(key).flatMap { text($0, key) } }

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

    package mutating func number(_ key: String) -> Double? {
        guard let value = node(key) else { return nil }
        guard let text = value.scalar, let number = Double(text) else {
            errors.add(value.position, "\(key): expected a number, found \(value.kind)")
            return nil
        }
        return number
    }

    /// One of a fixed set of words.
    package mutating func choice<T: RawRepresentable & CaseIterable>(_ key: String, _ type: T.Type) -> T?
    where T.RawValue == String {
        guard let value = node(key) else { return nil }
        if let text = value.scalar, let choice = T(rawValue: text) { return choice }
        let words = T.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        errors.add(value.position, "\(key): expected one of \(words), found \(value.kind)")
        return nil
    }

    /// A list; its absence is an empty one. A lone scalar is an error, as in Prometheus' files.
    package mutating func list(_ key: String) -> [Node] {
        guard let value = node(key) else { return [] }
        guard let items = value.sequence else {
            errors.add(value.position, "\(key): expected a list, found \(value.kind)")
            return []
        }
        return items
    }

    package mutating func strings(_ key: String) -> [String] {
        list(key).compactMap { text($0, key) }
    }

    /// A mapping of strings to strings, e.g. labels.
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

    /// A key read by a parser of its own; `expected` says what it takes: "a duration such as 5m".
    package mutating func parsed<T>(_ key: String, expected: String, _ parse: (String) -> T?) -> T? {
        guard let value = node(key) else { return nil }
        guard let text = value.scalar, let result = parse(text) else {
            errors.add(value.position, "\(key): expected \(expected), found \(value.kind)")
            return nil
        }
        return result
    }

    /// Where a key stands, for complaints that come later.
    package func position(of key: String) -> SourcePosition {
        node.mapping?.first { $0.key.text == key }?.key.position ?? node.position
    }

    /// Complains about keys that nobody asked for.
    package func finish() {
        for (key, _) in node.mapping ?? [] where !asked.contains(key.text) {
            let hint =
                nearest(key.text, in: asked).map { "; did you mean \"\($0)\"?" }
                ?? "; expected \(asked.sorted().joined(separator: ", "))"
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

/// The candidate that is at most two edits away (one for short words), if any: for "did you mean".
package func nearest(_ word: String, in candidates: some Sequence<String>) -> String? {
    let most = word.count < 5 ? 1 : 2
    let a = Array(word.utf8)
    guard a.count <= 64 else { return nil }
    var best: (String, Int)?
    for candidate in candidates.sorted() {
        let b = Array(candidate.utf8)
        guard abs(a.count - b.count) <= most else { continue }
        let distance = editDistance(a, b)
        if distance <= most, distance < best?.1 ?? .max { best = (candidate, distance) }
    }
    return best?.0
}

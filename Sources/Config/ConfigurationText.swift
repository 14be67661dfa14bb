import Synchronization
import Text
import YAML

/// The positions of a file's values that were read as secrets.
final class SecretPositions: Sendable {
    private let found = Mutex<Set<SourcePosition>>([])

    func add(_ position: SourcePosition) { found.withLock { _ = $0.insert(position) } }
    var all: Set<SourcePosition> { found.withLock { $0 } }
}

/// A configuration file without its secrets and comments, for people and for the API.
///
/// What was read as a secret is hidden, and so is whatever may be one: by its key, and URLs that may carry a password
/// or are passwords themselves, as those of webhooks are.
package struct ConfigurationText: Sendable {
    /// YAML; of a very long file only the beginning.
    package private(set) var yaml = ""
    /// Each value with its path: `vault.clusters[prod].nodes[vault-1].url`.
    private var settings: [(path: String, value: String)] = []

    private static let limitBytes = 1 << 20
    private static let hidden = "<secret>"

    /// No configuration.
    package init() {}

    init(_ root: Node, secrets: Set<SourcePosition>) {
        var writer = Writer(secrets: secrets)
        writer.write(root, Writer.Context())
        yaml = writer.lines.joined(separator: "\n").truncated(toBytes: ConfigurationText.limitBytes) + "\n"
        settings = writer.settings
    }

    /// What differs from an earlier one, a line each: `global.poll_interval: 5s → 10s`. The values of secrets are not
    /// compared.
    package func changes(from old: ConfigurationText) -> [String] {
        let before = Dictionary(old.settings.map { ($0.path, $0.value) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(settings.map { ($0.path, $0.value) }, uniquingKeysWith: { first, _ in first })
        let changed = settings.compactMap { path, value -> String? in
            guard let was = before[path] else { return "\(path): \(value), new" }
            return was == value ? nil : "\(path): \(was) → \(value)"
        }
        return changed + old.settings.filter { after[$0.path] == nil }.map { "\($0.path): \($0.value), gone" }
    }

    // MARK: Writing

    private struct Writer {
        /// Where a value stands, and what is hidden there.
        struct Context {
            var depth = 0
            var path = ""
            var key = ""
            /// Whether everything below is hidden.
            var isHidden = false
            /// Whether URLs are secrets here.
            var hidesURLs = false
        }

        let secrets: Set<SourcePosition>
        var lines: [String] = []
        var settings: [(path: String, value: String)] = []

        mutating func write(_ node: Node, _ context: Context) {
            switch node.content {
            case .scalar: break
            case .mapping(let pairs):
                for (key, value) in pairs {
                    var inner = context
                    inner.key = key.text
                    inner.path += (context.path.isEmpty ? "" : ".") + key.text
                    inner.isHidden = Writer.isHidden(value, below: context, key.text)
                    if context.path.isEmpty, key.text == "alerting" { inner.hidesURLs = true }
                    let isWord = key.text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                    line(value, inner, (isWord ? key.text : key.text.quotedInYAML) + ":")
                }
            case .sequence(let items):
                for (index, item) in items.enumerated() {
                    var inner = context
                    inner.path += "[\(item["name"]?.scalar ?? String(index))]"
                    line(item, inner, "-")
                }
            }
        }

        /// Writes a key or a dash, and the value beside it or below.
        private mutating func line(_ node: Node, _ context: Context, _ head: String) {
            let indent = String(repeating: "  ", count: context.depth)
            var inner = context
            inner.depth += 1
            switch node.content {
            case .scalar(let text, let isPlain):
                let shown = self.shown(text, node, context)
                settings.append((context.path, shown))
                let value = shown == text ? Writer.scalar(text, isPlain: isPlain) : Writer.scalar(shown, isPlain: true)
                lines.append(indent + (value.isEmpty ? head : "\(head) \(value)"))
            case .mapping(let pairs) where pairs.isEmpty: lines.append("\(indent)\(head) {}")
            case .sequence(let items) where items.isEmpty: lines.append("\(indent)\(head) []")
            case .mapping where head == "-":
                // The first key stands beside the dash.
                let first = lines.count
                write(node, inner)
                if lines.indices.contains(first) { lines[first] = "\(indent)- " + lines[first].drop { $0 == " " } }
            case .mapping, .sequence:
                lines.append(indent + head)
                write(node, inner)
            }
        }

        private func shown(_ text: String, _ node: Node, _ context: Context) -> String {
            if node.isNull { return text }
            let hidden = ConfigurationText.hidden
            if context.isHidden || secrets.contains(node.position) { return hidden }
            guard let scheme = text.firstRange(of: "://") else { return text }
            if context.hidesURLs { return hidden }
            let host = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
            var rest = text[scheme.upperBound...]
            if let at = host.lastIndex(of: "@") { rest = "\(hidden)\(rest[at...])" }
            if let query = rest.firstIndex(of: "?") { rest = "\(rest[...query])\(hidden)" }
            return String(text[..<scheme.upperBound] + rest)
        }

        /// Keys whose values are hidden however deep they stand.
        private static let hiddenBelow: Set<String> = [
            "users", "tokens", "basic_auth_users", "http_headers", "headers", "proxy_connect_header", "endpoint_params",
            "params",
        ]

        private static func isHidden(_ value: Node, below context: Context, _ key: String) -> Bool {
            // A path says where a secret lies, and is none.
            if key == "files" || ["_file", "_files", "_directory", "_path"].contains(where: { key.hasSuffix($0) }) {
                return false
            }
            if context.isHidden || hiddenBelow.contains(key) { return true }
            // A mapping such as credentials names what is a secret in it.
            guard value.mapping == nil, !key.hasSuffix("_url") else { return false }
            // A TLS configuration's `key` is a private key in PEM.
            return key == "key"
                || ["password", "secret", "token", "credential", "passphrase"].contains { key.contains($0) }
                || ["_key", "dsn", "connection_url"].contains { key.hasSuffix($0) }
        }

        /// A scalar in YAML: as it was if it was plain and fits on a line, otherwise quoted.
        private static func scalar(_ text: String, isPlain: Bool) -> String {
            let isBare =
                isPlain && !text.contains(where: \.isNewline) && !text.contains(": ") && !text.contains(" #")
                && !text.hasSuffix(":") && !text.hasPrefix(" ") && !text.hasSuffix(" ")
            return isBare ? text : text.quotedInYAML
        }
    }
}

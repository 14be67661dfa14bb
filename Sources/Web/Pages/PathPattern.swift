/// A path pattern: `/incidents/:number`, where `:number` is one segment, or `/estate/:kind/*name`, where `*name` is the
/// rest of the path.
package struct PathPattern: Sendable, Hashable {
    private enum Segment: Sendable, Hashable {
        case fixed(String)
        case one(String)
        case rest(String)
    }

    /// The original text; a value of the label `handler`.
    package let text: String
    private let segments: [Segment]

    /// - Parameter text: begins with a slash.
    package init(_ text: String) {
        self.text = text
        segments = PathPattern.split(text).map { part in
            switch part.first {
            case ":": .one(String(part.dropFirst()))
            case "*": .rest(String(part.dropFirst()))
            default: .fixed(String(part))
            }
        }
    }

    /// The values of the named segments; nil if the path does not match. No value is empty.
    /// - Parameter path: decoded, without the prefix of `external_url`.
    func match(_ path: String) -> [String: String]? {
        let parts = PathPattern.split(path)
        var values: [String: String] = [:]
        for (index, segment) in segments.enumerated() {
            guard index < parts.count else { return nil }
            switch segment {
            case .fixed(let text): if parts[index] != text { return nil }
            case .one(let name):
                guard !parts[index].isEmpty else { return nil }
                values[name] = String(parts[index])
            case .rest(let name):
                let rest = parts[index...].joined(separator: "/")
                guard !rest.isEmpty else { return nil }
                values[name] = rest
                return values
            }
        }
        return parts.count == segments.count ? values : nil
    }

    /// `/` has no segments, `/a/` the segments `a` and an empty one.
    private static func split(_ path: String) -> [Substring] {
        let path = path.hasPrefix("/") ? path.dropFirst() : path[...]
        return path.isEmpty ? [] : path.split(separator: "/", omittingEmptySubsequences: false)
    }
}

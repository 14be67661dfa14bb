public import Text

/// One condition on a label, as PromQL selectors, Alertmanager routes and silences write it.
/// An absent label counts as the empty string.
public struct Matcher: Hashable, Sendable, CustomStringConvertible {
    /// The comparison. The raw values are the operators as written in PromQL.
    public enum Operation: String, Hashable, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    /// The label's name.
    public let name: String
    /// How the label's value is compared.
    public let operation: Operation
    /// The text to equal, or the regular expression as written, without anchors.
    public let value: String
    /// For `=~` and `!~`: the value, anchored at both ends, with `.` matching newlines.
    private let expression: RegularExpression?

    /// A matcher of any kind.
    /// - Parameter memoryBytes: see `RegularExpression.init`.
    /// - Throws: `RegularExpression.SyntaxError` where `value` is a regular expression that does not compile.
    public init(
        _ name: String, _ operation: Operation, _ value: String,
        memoryBytes: Int = RegularExpression.defaultMemoryBytes
    ) throws(RegularExpression.SyntaxError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: expression = nil
        case .matches, .notMatches: expression = try RegularExpression(anchored: value, memoryBytes: memoryBytes)
        }
    }

    /// An equality matcher, which has no regular expression to compile and so can't fail.
    public init(_ name: String, equals value: String) {
        self.name = name
        operation = .equal
        self.value = value
        expression = nil
    }

    /// Approximate size of its compiled expression in bytes; 0 without one.
    public var compiledBytes: Int { expression?.compiledBytes ?? 0 }

    /// Whether a label with this value satisfies the condition; pass "" for an absent label.
    public func matches(_ candidate: String) -> Bool {
        switch operation {
        case .equal: candidate == value
        case .notEqual: candidate != value
        case .matches: expression?.matchesWhole(candidate) ?? false
        case .notMatches: !(expression?.matchesWhole(candidate) ?? false)
        }
    }

    /// Whether a label set satisfies the condition.
    public func matches(_ labels: Labels) -> Bool { matches(labels[name] ?? "") }

    public var description: String { "\(name)\(operation.rawValue)\(value.quotedAsInGo)" }

    /// In the notation of Alertmanager, for whatever reads it again.
    package var alertmanagerText: String { Matcher.alertmanagerText(name, operation, value) }

    /// A matcher in the notation of Alertmanager, with the three escapes that both of its parsers read alike; a name
    /// outside the classic character set, which the newer parser alone takes, is quoted.
    /// Source: alertmanager, pkg/labels/parse.go and matcher/parse.
    package static func alertmanagerText(_ name: String, _ operation: Operation, _ value: String) -> String {
        func quoted(_ text: String) -> String {
            "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
        }
        return (name.isLegacyName(colons: true) ? name : quoted(name)) + operation.rawValue + quoted(value)
    }

    public static func == (a: Matcher, b: Matcher) -> Bool {
        a.name == b.name && a.operation == b.operation && a.value == b.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

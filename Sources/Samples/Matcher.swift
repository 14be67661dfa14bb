import Text

/// One condition on a label, as PromQL selectors, Alertmanager routes and silences write it.
/// An absent label counts as the empty string.
public struct Matcher: Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Hashable, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    public let name: String
    public let operation: Operation
    public let value: String
    /// Present for `=~` and `!~`: the value, anchored at both ends, `.` matching newlines too.
    private let expression: RegularExpression?

    /// - Throws: `RegularExpression.SyntaxError` where a regular expression does not compile.
    public init(_ name: String, _ operation: Operation, _ value: String) throws(RegularExpression.SyntaxError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: expression = nil
        case .matches, .notMatches: expression = try RegularExpression(anchored: value)
        }
    }

    /// A matcher that needs no compiling, hence can't fail.
    public init(_ name: String, equals value: String) {
        self.name = name
        operation = .equal
        self.value = value
        expression = nil
    }

    public func matches(_ candidate: String) -> Bool {
        switch operation {
        case .equal: candidate == value
        case .notEqual: candidate != value
        case .matches: expression?.matchesWhole(candidate) ?? false
        case .notMatches: !(expression?.matchesWhole(candidate) ?? false)
        }
    }

    public func matches(_ labels: Labels) -> Bool { matches(labels[name] ?? "") }

    public var description: String { "\(name)\(operation.rawValue)\(value.quotedAsInGo)" }

    public static func == (a: Matcher, b: Matcher) -> Bool {
        a.name == b.name && a.operation == b.operation && a.value == b.value
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

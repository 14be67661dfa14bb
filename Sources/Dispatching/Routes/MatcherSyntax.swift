package import Samples
import Text

/// A matcher that can't be parsed: what is wrong, in Alertmanager's words.
package struct MatcherSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and where.
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Alertmanager's two matcher languages. If both can parse a text the classic result is used, as in Alertmanager's
/// default mode.
/// Source: alertmanager, matcher/compat/parse.go.
package enum MatcherSyntax {
    /// Maximum length in bytes; longer texts are refused.
    package static let limitBytes = 65_536

    /// One or more matchers: `severity="critical", team=~"a
    /// b"`, with optional braces around them.
    package static func parse(_ text: String) throws(MatcherSyntaxError) -> [Matcher] {
        guard text.utf8.count <= limitBytes else { throw MatcherSyntaxError("longer than \(limitBytes) bytes") }
        let classic = attempt(text, ClassicMatcherParser.parse)
        let modern = attempt(text, UTF8MatcherParser.parse)
        switch (modern, classic) {
        case (_, .success(let old)): return old
        case (.success(let new), .failure): return new
        case (.failure, .failure(let error)): throw error
        }
    }

    /// The labels of a label set as `Labels.description` writes it, `{alertname="X", node="vault-1"}`; nil for any other
    /// text, such as one that was truncated, and for the empty set. Its values are quoted as in Go, of which the classic
    /// parser knows three escapes only.
    package static func labels(_ text: String) -> Labels? {
        guard text.hasPrefix("{"), text.utf8.count <= limitBytes, let matchers = try? UTF8MatcherParser.parse(text),
            !matchers.isEmpty,
            matchers.allSatisfy({ $0.operation == .equal })
        else { return nil }
        return Labels(Dictionary(matchers.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }))
    }

    private static func attempt(
        _ text: String, _ parse: (String) throws(MatcherSyntaxError) -> [Matcher]
    ) -> Result<[Matcher], MatcherSyntaxError> {
        do throws(MatcherSyntaxError) { return .success(try parse(text)) } catch { return .failure(error) }
    }

    static func make(_ name: String, _ operation: String, _ value: String) throws(MatcherSyntaxError) -> Matcher {
        guard let operation = Matcher.Operation(rawValue: operation) else {
            throw MatcherSyntaxError("unknown operator \(operation.quotedAsInGo)")
        }
        do {
            return try Matcher(name, operation, value)
        } catch {
            throw MatcherSyntaxError(error.description)
        }
    }
}

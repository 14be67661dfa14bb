import Samples
import Text

/// A matcher's text that can't be read: what is wrong, in Alertmanager's words.
package struct MatcherSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Alertmanager's two matcher languages. A text that both read differently is taken as the classic one
/// reads it, and so is one that only the classic one reads, as Alertmanager's default mode does.
/// Source: alertmanager, matcher/compat/parse.go.
package enum MatcherSyntax {
    /// Longest text taken, bytes: a matcher is a line, not a document.
    static let longest = 65_536

    /// One or more matchers: `severity="critical", team=~"a|b"`, braces around them optional.
    package static func parse(_ text: String) throws(MatcherSyntaxError) -> [Matcher] {
        guard text.utf8.count <= longest else { throw MatcherSyntaxError("longer than \(longest) bytes") }
        let classic = attempt(text, ClassicMatcherParser.parse)
        let modern = attempt(text, UTF8MatcherParser.parse)
        switch (modern, classic) {
        case (_, .success(let old)): return old
        case (.success(let new), .failure): return new
        case (.failure, .failure(let error)): throw error
        }
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

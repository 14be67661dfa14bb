import ArgumentParser
import Dispatching
import Samples
import Text

/// Parses matchers given as arguments: `node=vault-1 'severity=~high|critical'`. A first word without an operator is an
/// alert name.
enum MatcherWords {
    /// - Throws: `ValidationError` naming the word.
    static func parse(_ words: [String]) throws -> [Matcher] {
        var matchers: [Matcher] = []
        for (position, word) in words.enumerated() {
            if position == 0, !word.contains(where: { "=~!{".contains($0) }) {
                matchers.append(Matcher("alertname", equals: word))
                continue
            }
            do {
                let parsed = try MatcherSyntax.parse(word)
                // amtool would take the second character of the operator for the value's first one.
                if !word.contains("\"="),
                    let matcher = parsed.first(where: {
                        [.equal, .notEqual].contains($0.operation) && $0.value.hasPrefix("=")
                    })
                {
                    let start = matcher.name + matcher.operation.rawValue
                    let value = matcher.value.dropFirst().drop { $0 == " " }
                    throw ValidationError(
                        "bad matcher \"\(word)\": equality is one sign, '\(start)\(value)'; a value that begins with one must be quoted, '\(start)\"\(matcher.value)\"'"
                    )
                }
                matchers += parsed
            } catch let error as ValidationError {
                throw error
            } catch {
                throw ValidationError(
                    "bad matcher \"\(word)\": \(error); expected one such as node=vault-1 or 'severity=~high|critical'")
            }
        }
        return matchers
    }

    /// The matchers as `filter` parameters of the API.
    static func query(_ words: [String]) throws -> String {
        try parse(words).map { "&filter=" + PercentCoding.encode($0.description) }.joined()
    }
}

extension Timestamp {
    /// In amtool's format: `2026-11-24 07:13:39 UTC`.
    var amtoolText: String {
        let text = Timestamp(milliseconds: milliseconds / 1000 * 1000).rfc3339
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8) + " UTC"
    }

    /// Converts RFC 3339 to amtool's format; other text is returned unchanged.
    static func amtoolText(_ text: String) -> String { Timestamp(rfc3339: text)?.amtoolText ?? text }
}

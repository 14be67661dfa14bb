@testable import Rules
import Samples
import Testing
import YAML

/// An error in PromQL has the position of the character in the file, whichever YAML style the expression is written in.
struct ScalarPositionTests {
    /// Expressions with `nope` at the position of the error, after different text.
    @Test(arguments: [
        "expr: nope(x)",
        "expr:   nope(x)",
        "expr: sum(x) + nope(x)",
        "expr: 'sum(x) + nope(x)'",
        "expr: 'x{a=''b''} + nope(x)'",
        "expr: \"x{a=\\\"b\\\"} + nope(x)\"",
        "expr: \"sum(x)\\n + nope(x)\"",
        "expr: \"sum(x)\\t+\\x20nope(x)\"",
        "expr: \"sum(x) \\\n          + nope(x)\"",
        "expr: \"x{a=\\\"\\u00e9\\\"} + nope(x)\"",
        "expr: \"x{a=\\\"\\\\\\\\\\\"} + nope(x)\"",
        "expr: |\n          sum(x)\n            + nope(x)",
        "expr: >-\n          sum(x)\n\n          + nope(x)",
        "expr: |2-\n            sum(x) + nope(x)",
        "expr: | # a comment with sum in it\n          sum(x) + nope(x)",
        "expr: |\n          # PromQL's own comment\n          sum(x) + nope(x)",
        "expr: sum(x)\n          + nope(x)",
        "expr: x{a=\"é\"} + nope(x)",
    ])
    func pointsAtTheCharacter(expr: String) throws {
        let text = "groups:\n  - name: g\n    rules:\n      - alert: A\n        \(expr)\n"
        let errors = ErrorList()
        _ = RuleFile.parse(Array(text.utf8), file: "r.yml", errors: errors)
        let position = try #require(errors.errors.first?.position, "no complaint")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("nope") })
        let before = try #require(lines[line].firstRange(of: "nope")).lowerBound
        #expect(errors.errors.count == 1)
        #expect(
            position
                == SourcePosition(
                    file: "r.yml", line: line + 1, column: lines[line][..<before].unicodeScalars.count + 1),
            "\(errors.errors)")
    }

    /// `\x+9` is no tab, which would be as invisible as a space.
    @Test func anEscapeHasNoSign() {
        let source = ScalarPosition(Array("\"\\x+9b\"".utf8))
        let start = SourcePosition(file: "r.yml", line: 1, column: 1)
        #expect(source.position(of: 1, in: "ab", startingAt: start).column == 6)
    }

    @Test func anEndThatCameTooSoonStandsInTheLastCharacter() {
        let errors = ErrorList()
        _ = RuleFile.parse(
            Array("groups: [{name: g, rules: [{alert: A, expr: 'sum(x'}]}]\n".utf8), file: "r.yml", errors: errors)
        #expect(errors.errors.map(\.position.description) == ["r.yml:1:50"], "\(errors.errors)")
    }
}

import Samples
import Testing

struct RegularExpressionTests {
    @Test func matchersAreAnchoredAndDotMatchesNewlines() throws {
        let matcher = try Matcher("a", .matches, "x.*z|q")
        #expect(matcher.matches("x\nz"))
        #expect(matcher.matches("q"))
        #expect(!matcher.matches("qq"))
        #expect(!matcher.matches("axz"))
        #expect(try Matcher("a", .notMatches, "b|").matches(["a": "c"]))
        #expect(try !Matcher("a", .notMatches, "b|").matches(Labels.empty))
    }

    @Test func anInvalidPatternIsReportedWithItsReason() {
        #expect { try Matcher("a", .matches, "a(") } throws: { error in
            "\(error)" == #"invalid regular expression "a(": missing ): ^(?s:a()$"#
        }
    }

    /// A backtracking engine would need 2^40 steps here.
    @Test func matchingIsLinear() throws {
        let pattern = try RegularExpression(anchored: "(a|a)*(a|a)*(a|a)*b")
        #expect(!pattern.matchesWhole(String(repeating: "a", count: 20_000)))
    }

    /// Expected values are what Go's regexp.ReplaceAllString prints.
    @Test(arguments: [
        ("a(x*)b", "-ab-axxb-", "T", "-T-T-"),
        ("a(x*)b", "-ab-axxb-", "$1", "--xx-"),
        ("a(x*)b", "-ab-axxb-", "${1}W", "-W-xxW-"),
        ("a(x*)b", "-ab-axxb-", "$1W", "---"),
        ("(?P<n>x+)", "axxb", "<${n}>", "a<xx>b"),
        ("", "añb", "-", "-a-ñ-b-"),
        ("b*", "abc", "-", "-a-c-"),
        ("a", "aaa", "$$", "$$$"),
    ])
    func replacement(pattern: String, text: String, template: String, expected: String) throws {
        #expect(try RegularExpression(pattern).replacingAll(in: text, with: template) == expected)
    }
}

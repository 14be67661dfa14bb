import Testing
import Text

struct RegularExpressionTests {
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

import Testing
import Text

struct TruncationTests {
    @Test func aTextIsCutToItsLimit() {
        #expect("x".truncated(toBytes: 20) == "x")
        #expect(String(repeating: "x", count: 20).truncated(toBytes: 20) == String(repeating: "x", count: 20))
        #expect(String(repeating: "x", count: 21).truncated(toBytes: 20) == String(repeating: "x", count: 12) + "…")
    }

    /// A character that the limit divides still leaves valid text within the limit.
    @Test(arguments: 20...24) func aDividedCharacter(_ limit: Int) {
        let text = String(repeating: "😀", count: 10).truncated(toBytes: limit)
        #expect(text.utf8.count <= limit && text.hasSuffix("…") && text.hasPrefix("😀😀😀"))
    }

    @Test func controlCharactersBecomeSpaces() {
        #expect("a\u{1b}[2J\r\nb\u{85}\u{7f}é".withoutControls() == "a [2J  b  é")
        #expect("a\tb\nc\r".withoutControls(keepsLines: true) == "a b\nc ")
    }
}

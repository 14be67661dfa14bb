import Testing
import Text

struct MarkdownTextTests {
    @Test func markupIsEscaped() {
        #expect(MarkdownText.escape("a_b <c> `d`\n# e") == "a\\_b \\<c\\> \\`d\\`\n\\# e")
        #expect(MarkdownText.cell("a|b\nc") == "a\\|b c")
    }

    /// `vaultwatch report` prints what alerts and histories say, and those say what strangers wrote.
    @Test func nothingActsOnATerminal() {
        #expect(MarkdownText.escape("a\u{1b}]0;x\u{7}b\tc") == "a \\]0;x b c")
        #expect(MarkdownText.cell("a\r\nb\u{9b}c") == "a  b c")
    }

    /// A combining character makes one Character of it and the markup.
    @Test func combiningCharactersHideNoMarkup() {
        #expect(MarkdownText.cell("a|\u{301}b<\u{301}") == "a\\|\u{301}b\\<\u{301}")
    }
}

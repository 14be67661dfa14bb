import Testing

@testable import Console

/// Lists end when the page is full, and say how much is left out.
struct ListTests {
    private func text(_ page: HTML) -> String { String(decoding: page.bytes, as: UTF8.self) }

    @Test func aListEndsAtItsLimitOrItsShare() {
        var page = HTML()
        let three = page.items(0..<10, limit: 3) { item, page in page.number(item) }
        #expect(three == 3 && text(page) == "012")
        let long = String(repeating: "x", count: 100)
        let ten = page.items(0..<100, limit: 100, share: 1000) { _, page in page.text(long) }
        #expect(ten == 10)
        // A full page takes nothing more.
        page.text(String(repeating: "x", count: HTML.fullBytes))
        let none = page.items(0..<10, limit: 10) { item, page in page.number(item) }
        let last = page.lastItems(0..<10, limit: 10) { item, page in page.number(item) }
        #expect(none == 0 && last == 0)
    }

    @Test func theLastItemsKeepTheirOrderAndTheirIcons() {
        var page = HTML()
        let shown = page.lastItems(0..<10, limit: 3) { item, page in
            page.number(item)
            if item == 9 { page.icon(.disk) }
        }
        #expect(shown == 3 && text(page).hasPrefix("789<svg") && page.icons == [.disk])
        var other = HTML()
        let one = other.lastItems(0..<10, limit: 10, share: 1) { item, page in page.number(item) }
        #expect(one == 1 && text(other) == "9")
    }

    @Test func whatIsLeftOutIsCounted() {
        var page = HTML()
        page.rest(5, shown: 5)
        #expect(page.bytes.isEmpty)
        page.rest(1505, shown: 500, ": narrow it down above", json: Address("api", "v1", "targets"))
        #expect(
            text(page)
                == "<p class=quiet>and 1,005 more: narrow it down above · <a href=\"/api/v1/targets\">all as JSON</a></p>"
        )
    }

    @Test func theSelectedChoiceIsNeverLeftOut() {
        var page = HTML()
        page.choice("receiver", "Receiver", "r99", (0..<100).map { "r\($0)" }, share: 100)
        #expect(text(page).contains(">r1<") && !text(page).contains(">r98<"))
        #expect(text(page).contains("<option selected>r99</option></select>"))
    }

    /// Texts without markup are copied, all others escaped.
    @Test(arguments: [
        ("plain text 1", "plain text 1"), ("a<b", "a&lt;b"), ("\"'&>", "&quot;&#39;&amp;&gt;"), ("ä", "ä"),
        ("a\u{0}b", "a\u{fffd}b"), ("a\nb", "a\nb"), ("\u{202e}x", "\u{fffd}x"), ("", ""),
    ])
    func textIsEscaped(_ given: String, _ made: String) {
        var page = HTML()
        page.text(given)
        #expect(text(page) == made)
        var short = HTML()
        short.text(given, limit: 100)
        #expect(text(short) == made)
    }

    @Test func longTextsAreTruncated() {
        var page = HTML()
        page.text("äöüäöüäöü", limit: 5)
        #expect(text(page) == "äöüä…")
    }
}

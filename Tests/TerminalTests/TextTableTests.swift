import Testing

@testable import vaultwatch

/// The one layout of tables: no line is wider than the terminal, and nothing is lost.
struct TextTableTests {
    private static func display(_ width: Int?) -> Display {
        var display = Display.plain
        display.width = width
        return display
    }

    private static let rows = [
        ["2026-11-28 02:11:08 UTC", "critical", "VaultSealed", "It is sealed"],
        [
            "2026-11-28 02:11:09 UTC", "high", String(repeating: "long", count: 40),
            #"{a="b, c", path="/very/long/without/a/space/\#(String(repeating: "x/", count: 60))end"}"#,
        ],
        ["2026-11-28 02:11:10 UTC", "low", "界面界面界面界面界面界面界面界面界面 🙂🙂🙂", "e\u{301}\u{301} fin"],
    ]
    private static let table = TextTable(
        [.rigid("Starts At"), .rigid("Severity"), "Alertname", "Summary"], texts: rows)

    @Test(arguments: [10, 11, 20, 33, 40, 60, 79, 80, 81, 120, 160, 400])
    func noLineIsWiderThanTheTerminal(width: Int) {
        let lines = TextTableTests.table.lines(TextTableTests.display(width))
        for line in lines { #expect(line.columns <= width, "\(line)") }
        // Breaks leave out spaces alone.
        let shown = lines.joined().filter { $0 != " " }
        for word in ["critical", "VaultSealed"] where width >= 40 { #expect(shown.contains(word)) }
        #expect(shown.count { $0 == "界" } == 9 && shown.count { $0 == "🙂" } == 3)
        #expect(shown.count { $0 == "x" } == 60 && shown.count { $0 == "g" } >= 40)
    }

    /// For programs: one line a row, however long.
    @Test func withoutAWidthARowIsALine() {
        let lines = TextTableTests.table.lines(.plain)
        #expect(lines.count == 4)
        #expect(lines[2].contains(TextTableTests.rows[1][3]))
        // A very long cell does not push those of other rows away.
        #expect(lines[1].columns < 130, "\(lines[1])")
        var all = TextTableTests.table
        all.paddingLimit = nil
        #expect(all.lines(.plain)[1].columns > 190)
    }

    @Test func columnsStandSideBySideWhereTheyFit() {
        let table = TextTable(["A", .rigid("Bee")], texts: [["one", "1"], ["three", "2"]])
        #expect(table.render(.plain) == "A      Bee\none    1\nthree  2")
        #expect(table.render(TextTableTests.display(10)) == "A      Bee\none    1\nthree  2")
    }

    @Test func longCellsGoOnBelowThemselves() {
        let table = TextTable(
            [.rigid("Time"), "What"], texts: [["02:11", "a sentence of several words"], ["02:12", "b"]])
        #expect(
            table.lines(TextTableTests.display(24)) == [
                "Time   What", "02:11  a sentence of", "       several words", "02:12  b",
            ])
    }

    @Test func whatCannotStandSideBySideIsAListOfFields() {
        let table = TextTable(
            [.rigid("Time"), "What", "Why"],
            texts: [["02:11:08 UTC", "an alert", "nobody knows it"], ["02:12", "b", ""]])
        #expect(
            table.lines(TextTableTests.display(30)) == [
                "Time  02:11:08 UTC", "What  an alert", "Why   nobody knows it", "", "Time  02:12", "What  b",
            ])
    }

    /// Labels and errors come from outside: they neither move the cursor nor change colours nor add lines.
    @Test func nothingFromOutsideSteersTheTerminal() {
        let evil = "a\u{1b}[2J\u{7}b\nc\td\u{202e}e\u{9b}f\u{2028}g"
        let line = TextTable(["X"], texts: [[evil]]).lines(.plain)[1]
        #expect(line == "a\u{fffd}[2J\u{fffd}b c d\u{fffd}e\u{fffd}f g")
        #expect(Paragraph(evil).lines(.plain) == [line])
    }

    @Test func aParagraphIsIndentedBelowItsLead() {
        let paragraph = Paragraph("one two three four", lead: ["  ", "CRIT", "  "])
        #expect(paragraph.lines(TextTableTests.display(18)) == ["  CRIT  one two", "        three four"])
        // Too little is left beside it.
        #expect(paragraph.lines(TextTableTests.display(12)) == ["  CRIT", "   one two", "   three", "   four"])
    }

    @Test func textIsBrokenAtSpacesAndKeepsItsWords() {
        #expect("a  b".wrapped(to: 10) == ["a  b"])
        #expect("aaa bbb ccc".wrapped(to: 7) == ["aaa bbb", "ccc"])
        #expect("aaaaaaaaaa b".wrapped(to: 4) == ["aaaa", "aaaa", "aa b"])
        #expect("界界界".wrapped(to: 4) == ["界界", "界"])
        #expect("".wrapped(to: 4) == [""])
        #expect("abc def".wrapped(to: nil) == ["abc def"])
    }
}

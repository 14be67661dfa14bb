import Testing

@testable import vaultwatch

/// When lines are broken, and when there are colours.
struct DisplayTests {
    @Test func aTerminalSetsTheWidth() {
        #expect(Display(isTerminal: true, columns: 132, rows: 50).width == 132)
        #expect(Display(isTerminal: true, columns: 132, rows: 50).height == 50)
        // One that does not know its size.
        #expect(Display(isTerminal: true, environment: ["COLUMNS": "100"]).width == 100)
        #expect(Display(isTerminal: true).width == 80)
        // COLUMNS may be older than the window.
        #expect(Display(isTerminal: true, columns: 60, rows: 9, environment: ["COLUMNS": "200"]).width == 60)
        #expect(Display(isTerminal: true, columns: 60, rows: 9, environment: ["COLUMNS": "40"]).width == 40)
        #expect(Display(isTerminal: true, columns: 1, rows: 1).width == 10)
    }

    @Test(arguments: ["", "wide", "0", "-5", "1e9", "99999999999999999999"])
    func aWrongWidthIsNone(columns: String) {
        #expect(Display(isTerminal: false, environment: ["COLUMNS": columns]).width == nil)
        #expect(Display(isTerminal: true, columns: 70, environment: ["COLUMNS": columns]).width == 70)
    }

    @Test func otherOutputIsBrokenOnlyOnDemand() {
        #expect(Display(isTerminal: false).width == nil)
        #expect(Display(isTerminal: false).asPage.width == 160)
        #expect(Display(isTerminal: false, environment: ["COLUMNS": "72"]).asPage.width == 72)
    }

    @Test func coloursAreForTerminalsThatWantThem() {
        func hasColour(_ isTerminal: Bool, _ environment: [String: String] = [:]) -> Bool {
            let display = Display(isTerminal: isTerminal, columns: 80, environment: environment)
            #expect(display.hasColour == (display.styled("x", .red) != "x"))
            return display.hasColour
        }
        #expect(hasColour(true) && hasColour(true, ["TERM": "xterm", "NO_COLOR": ""]))
        #expect(!hasColour(true, ["NO_COLOR": "1"]) && !hasColour(true, ["TERM": "dumb"]))
        #expect(!hasColour(false) && !hasColour(false, ["COLUMNS": "80"]))
    }
}

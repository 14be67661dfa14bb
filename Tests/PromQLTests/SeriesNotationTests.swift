import PromQL
import Testing

struct SeriesNotationTests {
    /// promtool rejects all but the last, which exceeds the limit.
    @Test(arguments: ["1x+5", "1x-5", "1x", "1+1x+2", "_x-1", "_x+1", "1x1000000000"])
    func malformedRepetitionsAreErrors(text: String) {
        #expect(throws: SeriesNotation.Problem.self) { try SeriesNotation.values(text) }
    }

    @Test func repetitionsAreExpanded() throws {
        #expect(
            try SeriesNotation.values("1x1 0+10x2 5-1x1 _x2 stale -Inf") == [
                .value(1), .value(1), .value(0), .value(10), .value(20), .value(5), .value(4), .missing, .missing,
                .stale, .value(-.infinity),
            ])
    }
}

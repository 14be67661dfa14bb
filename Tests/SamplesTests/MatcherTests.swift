import Samples
import Testing

struct MatcherTests {
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
}

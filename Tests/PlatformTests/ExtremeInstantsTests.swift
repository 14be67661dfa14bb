import Platform
import Samples
import Testing
import Text

struct ExtremeInstantsTests {
    private static let extremes: [Int64] = [.min, -1, 0, 1, .max]

    /// A deadline 292 years ahead must lie in the future, not in the past.
    @Test(arguments: extremes, extremes)
    func arithmeticSaturates(_ a: Int64, _ b: Int64) {
        let (sum, isOver) = a.addingReportingOverflow(b)
        #expect((Instant(nanoseconds: a) + .nanoseconds(b)).nanoseconds == (isOver ? (a < 0 ? .min : .max) : sum))
        let (difference, isBelow) = a.subtractingReportingOverflow(b)
        #expect(
            Instant(nanoseconds: a) - Instant(nanoseconds: b)
                == .nanoseconds(isBelow ? (a < 0 ? .min : .max) : difference))
        #expect((Instant(nanoseconds: 1) + .seconds(Int64.max)).nanoseconds == .max)
        #expect((Instant(nanoseconds: -1) + .seconds(Int64.min)).nanoseconds == .min)
    }
}

import Samples
import Testing
import Text

/// Times and durations come from targets, files and the journal too: no value of them may trap.
struct ExtremeTimesTests {
    private static let extremes: [Int64] = [.min, .min + 1, -86_400_000, -1, 0, 1, .max - 1, .max]

    @Test(arguments: extremes, extremes)
    func arithmeticSaturates(_ a: Int64, _ b: Int64) {
        let (first, second) = (Timestamp(milliseconds: a), Timestamp(milliseconds: b))
        let (difference, isOver) = a.subtractingReportingOverflow(b)
        #expect((first - second).milliseconds == (isOver ? (a < 0 ? .min : .max) : difference))
        let (sum, isOverSum) = a.addingReportingOverflow(b)
        #expect((first + .milliseconds(b)).milliseconds == (isOverSum ? (a < 0 ? .min : .max) : sum))
        #expect((first - .milliseconds(b)) == Timestamp(milliseconds: isOver ? (a < 0 ? .min : .max) : difference))
    }

    @Test(arguments: extremes)
    func datesAndTextsOfAnyTime(_ milliseconds: Int64) {
        let time = Timestamp(milliseconds: milliseconds)
        let civil = time.civil
        #expect((1...12).contains(civil.month) && (1...31).contains(civil.day) && (0...6).contains(civil.weekday))
        #expect((0..<24).contains(civil.hour) && (0..<1000).contains(civil.millisecond))
        #expect(time.rfc3339.hasSuffix("Z"))
        let text = Duration.milliseconds(milliseconds).prometheusDescription
        #expect(text.hasPrefix("-") == (milliseconds < 0))
    }

    @Test(arguments: [Int64.min, -300_000_000, 0, 300_000_000, .max])
    func datesOfAnyYear(_ year: Int64) {
        for part in [Int.min, 0, Int.max] {
            let time = Timestamp(
                year: year, month: 1, day: part, hour: part, minute: part, second: part, millisecond: part)
            #expect(time.civil.month >= 1)
        }
    }

    @Test func durationsBeyondMilliseconds() {
        #expect(Duration.seconds(Int64.max).milliseconds == .max)
        #expect(Duration.seconds(Int64.min).milliseconds == .min)
        #expect((Duration.seconds(Int64.max) * 2).milliseconds == .max)
        #expect((Duration.seconds(Int64.min) * 2).milliseconds == .min)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e308, -1e308, 9.3e15, 0])
    func timesOfAnyNumber(_ seconds: Double) {
        #expect(Timestamp(seconds: seconds).rfc3339.hasSuffix("Z"))
    }
}

import Foundation
import Platform
import Samples
import Testing

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

    /// A zone that a damaged journal holds: refused, or usable at any time.
    @Test(arguments: [
        #"{"name":"X","transitions":[0],"offsets":[9223372036854775807],"firstOffset":-9223372036854775808}"#,
        #"{"name":"X","transitions":[],"offsets":[],"firstOffset":0,"rule":{"standard":9223372036854775807,"daylight":-9223372036854775808,"start":{"day":{"monthly":{"month":13,"week":9223372036854775807,"weekday":-9223372036854775808}},"second":9223372036854775807},"end":{"day":{"julian":{"_0":-9223372036854775808}},"second":-9223372036854775808}}}"#,
        #"{"name":"X","transitions":[],"offsets":[],"firstOffset":0,"rule":{"standard":0,"daylight":3600,"start":{"day":{"monthly":{"month":3,"week":5,"weekday":0}},"second":7200},"end":{"day":{"ordinal":{"_0":280}},"second":7200}}}"#,
    ])
    func zonesOfADamagedJournal(_ text: String) {
        guard let zone = try? JSONDecoder().decode(TimeZoneData.self, from: Data(text.utf8)) else { return }
        for milliseconds in [Int64.min, 0, 1_800_000_000_000, .max] {
            let time = Timestamp(milliseconds: milliseconds)
            #expect(zone.offset(at: time).magnitude < 700_000)
            #expect(!zone.abbreviation(at: time).isEmpty)
        }
    }
}

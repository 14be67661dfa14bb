import Foundation
import Samples
import Testing
import TimeZones

struct DamagedZonesTests {
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

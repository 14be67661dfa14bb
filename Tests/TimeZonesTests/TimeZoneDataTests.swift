import Foundation
import Platform
import Samples
import Testing

@testable import TimeZones

struct TimeZoneDataTests {
    /// Offsets around changes, within the table and after its end. Expected values from zdump(8).
    @Test(arguments: [
        ("Europe/Berlin", "2026-03-29T00:59:59Z", 3600), ("Europe/Berlin", "2026-03-29T01:00:00Z", 7200),
        ("Europe/Berlin", "2026-10-25T00:59:59Z", 7200), ("Europe/Berlin", "2026-10-25T01:00:00Z", 3600),
        ("Europe/Berlin", "2090-07-01T00:00:00Z", 7200), ("America/New_York", "2026-03-08T06:59:59Z", -18000),
        ("America/New_York", "2026-03-08T07:00:00Z", -14400), ("Australia/Sydney", "2060-01-01T00:00:00Z", 39600),
        ("Australia/Sydney", "2060-07-01T00:00:00Z", 36000), ("Asia/Kolkata", "2050-01-01T00:00:00Z", 19800),
        ("UTC", "2026-01-01T00:00:00Z", 0), ("America/Sao_Paulo", "2018-12-01T00:00:00Z", -7200),
    ])
    func offsets(_ name: String, _ text: String, _ offset: Int) throws {
        let zone = try TimeZoneData.named(name, SystemFiles())
        #expect(zone.offset(at: try #require(Timestamp(rfc3339: text))) == offset)
    }

    /// Expected values from `TZ=… date +%Z`.
    @Test(arguments: [
        ("Europe/Berlin", "2026-01-01T00:00:00Z", "CET"), ("Europe/Berlin", "2026-07-01T00:00:00Z", "CEST"),
        ("Europe/Berlin", "2090-07-01T00:00:00Z", "CEST"), ("America/New_York", "2026-03-08T06:59:59Z", "EST"),
        ("Asia/Dubai", "2026-01-01T00:00:00Z", "+04"), ("Asia/Kolkata", "2050-01-01T00:00:00Z", "IST"),
        ("Asia/Kathmandu", "2026-01-01T00:00:00Z", "+0545"), ("America/Sao_Paulo", "2018-12-01T00:00:00Z", "-02"),
        ("Europe/Berlin", "1850-01-01T00:00:00Z", "LMT"), ("UTC", "2026-01-01T00:00:00Z", "UTC"),
    ])
    func abbreviations(_ name: String, _ text: String, _ abbreviation: String) throws {
        let zone = try TimeZoneData.named(name, SystemFiles())
        #expect(zone.abbreviation(at: try #require(Timestamp(rfc3339: text))) == abbreviation)
    }

    /// A zone as stored by versions without abbreviations.
    @Test func zonesStoredWithoutAbbreviationsAreRead() throws {
        let old = #"{"name":"X","transitions":[0],"offsets":[3600],"firstOffset":0}"#
        let zone = try JSONDecoder().decode(TimeZoneData.self, from: Data(old.utf8))
        #expect(zone.abbreviation(at: Timestamp(milliseconds: 1000)) == "+01")
        #expect(zone.offset(at: Timestamp(milliseconds: 1000)) == 3600)
    }

    @Test func invalidNames() {
        for name in ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "Europe//Berlin", "zone.tab"] {
            #expect(throws: TimeZoneError.self) { try TimeZoneData.named(name, SystemFiles()) }
        }
    }

    @Test func malformedFilesAreRejected() throws {
        let good = try SystemFiles().read("/usr/share/zoneinfo/Europe/Berlin", limit: 1 << 20)
        for cut in stride(from: 0, to: good.count, by: 7) { _ = TimeZoneData(name: "x", tzif: Array(good[..<cut])) }
        var random: UInt64 = 7
        func next() -> Int {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(random >> 33)
        }
        for _ in 0..<2000 {
            var bad = good
            for _ in 0..<4 { bad[next() % bad.count] = UInt8(next() & 255) }
            if let zone = TimeZoneData(name: "x", tzif: bad) {
                _ = zone.offset(at: Timestamp(milliseconds: 1_800_000_000_000))
            }
        }
        #expect(TimeZoneData(name: "x", tzif: Array("TZif".utf8)) == nil)
    }
}

import Foundation
import Platform
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

    /// What a file's zone says is stored with a silence's schedule, and must be readable after a restart.
    @Test(arguments: [Int32.min, -604_801, 604_801, .max])
    func filesWithOffsetsThatNoZoneHas(_ offset: Int32) throws {
        let counts: [UInt32] = [0, 0, 0, 0, 1, 2]
        let bigEndian = { (number: UInt32) in withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        let bytes =
            Array("TZif".utf8) + [UInt8](repeating: 0, count: 16) + counts.flatMap(bigEndian)
            + bigEndian(UInt32(bitPattern: offset)) + [0, 0] + Array("X\0".utf8)
        let folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-zones-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(bytes).write(to: folder.appending(path: "X"))
        #expect(throws: TimeZoneError.self) { try TimeZoneData.named("X", SystemFiles(), root: folder.path) }
    }
}

import Samples
import Testing

@testable import Recovery

struct BackupCatalogueTests {
    private let now = Timestamp(milliseconds: 1_795_671_000_000)

    private func backup(_ key: String, _ age: Duration, set: String = "daily") -> StoredBackup {
        StoredBackup(key: key, set: set, time: now - age, size: 1)
    }

    /// An object that somebody dated years ahead would be the one that is restored, tested and verified, for years.
    @Test func theFutureIsNotTheNewest() {
        let good = backup("good", .seconds(3600))
        let found = BackupCatalogue.newest(
            [backup("future", .seconds(-86_400)), good, backup("old", .seconds(90_000))], now: now)
        #expect(found == good)
        #expect(BackupCatalogue.newest([backup("future", .seconds(-86_400))], now: now) == nil)
    }

    /// Clocks differ by seconds.
    @Test func aClockALittleAheadIsNoFuture() {
        #expect(BackupCatalogue.newest([backup("a", .seconds(-60))], now: now)?.key == "a")
    }

    @Test func ofTheSameTimeTheFirstSetCounts() {
        let both = [backup("daily/a", .seconds(1)), backup("monthly/a", .seconds(1), set: "monthly")]
        #expect(BackupCatalogue.newest(both, now: now)?.set == "daily")
    }
}

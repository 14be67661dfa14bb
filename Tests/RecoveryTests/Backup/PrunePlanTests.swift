import Probes
import Samples
import Testing

@testable import Recovery

struct PrunePlanTests {
    private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

    private func set(_ schedule: BackupSchedule, retention: Int, floor: Int) -> RecoverySet {
        RecoverySet(
            options: BackupSetOptions(name: "s", prefix: "p/", schedule: schedule, retention: retention), floor: floor)
    }

    private func backup(_ text: String) -> StoredBackup {
        StoredBackup(key: "p/\(text)", set: "s", time: time(text), size: 1)
    }

    private func deleted(
        _ set: RecoverySet, _ times: [String], now: String
    ) -> [String] {
        PrunePlan(set, times.map(backup), now: time(now)).deletions.map { String($0.key.dropFirst(2)) }
    }

    /// A backup at 02:00 of each of the last days.
    private func days(_ count: Int, until last: String) -> [String] {
        (0..<count).map { (time(last) - .seconds(86_400 * Int64($0))).rfc3339 }
    }

    @Test func thirtyDaysAreKeptByTheCalendar() {
        let all = days(33, until: "2026-11-30T02:00:00Z")
        let set = set(.day, retention: 30, floor: 7)
        #expect(
            deleted(set, all, now: "2026-11-30T03:00:00Z") == [
                "2026-10-29T02:00:00Z", "2026-10-30T02:00:00Z", "2026-10-31T02:00:00Z",
            ])
        // Before today's backup is made there are thirty as well.
        #expect(deleted(set, Array(all.dropFirst()), now: "2026-11-30T01:00:00Z").count == 2)
    }

    @Test func twelveMonthsAreKeptWhateverTheirLength() {
        let all = [
            "2026-12-01T02:00:00Z", "2026-11-01T02:00:00Z", "2026-10-01T02:00:00Z", "2026-09-01T02:00:00Z",
            "2026-08-01T02:00:00Z", "2026-07-01T02:00:00Z", "2026-06-01T02:00:00Z", "2026-05-01T02:00:00Z",
            "2026-04-01T02:00:00Z", "2026-03-01T02:00:00Z", "2026-02-01T02:00:00Z", "2026-01-01T02:00:00Z",
            "2025-12-01T02:00:00Z", "2025-11-01T02:00:00Z",
        ]
        #expect(
            deleted(set(.month, retention: 12, floor: 3), all, now: "2026-12-02T00:00:00Z") == [
                "2025-11-01T02:00:00Z", "2025-12-01T02:00:00Z",
            ])
    }

    /// Whatever stopped the backups must not let retention delete the last ones.
    @Test func nothingIsDeletedWhileTheNewestIsOverdue() {
        let set = set(.day, retention: 2, floor: 1)
        let plan = PrunePlan(
            set, days(5, until: "2026-11-20T02:00:00Z").map(backup), now: time("2026-11-30T03:00:00Z"))
        #expect(plan.deletions.isEmpty)
        #expect(plan.refusal?.contains("overdue") == true)
        #expect(plan.items.filter { $0.reason.hasPrefix("due, but kept") }.count == 3)
    }

    @Test func floorIsKeptWhereGapsLeaveFewPeriods() {
        // One today and six from half a year ago.
        let all = ["2026-11-30T02:00:00Z"] + days(6, until: "2026-05-30T02:00:00Z")
        #expect(
            deleted(set(.day, retention: 5, floor: 4), all, now: "2026-11-30T03:00:00Z") == [
                "2026-05-25T02:00:00Z", "2026-05-26T02:00:00Z", "2026-05-27T02:00:00Z",
            ])
    }

    /// A clock that is ahead must not make all others look old.
    @Test func backupFromTheFutureCountsForNothing() {
        let all = ["2031-01-01T02:00:00Z"] + days(3, until: "2026-11-30T02:00:00Z")
        let plan = PrunePlan(
            set(.day, retention: 3, floor: 1), all.map(backup), now: time("2026-11-30T03:00:00Z"))
        #expect(plan.deletions.isEmpty)
        #expect(plan.items.first?.reason == "dated in the future: a clock is wrong")
    }

    @Test func severalOfADayStayTogether() {
        let all = ["2026-11-30T02:00:00Z", "2026-11-30T01:00:00Z", "2026-11-29T02:00:00Z"]
        #expect(
            deleted(set(.day, retention: 1, floor: 1), all, now: "2026-11-30T03:00:00Z") == ["2026-11-29T02:00:00Z"])
    }

    @Test func emptySetHasNothingToDelete() {
        #expect(PrunePlan(set(.day, retention: 1, floor: 1), [], now: time("2026-11-30T03:00:00Z")).items.isEmpty)
    }

    @Test func damagedNewestKeepsAll() {
        var plan = PrunePlan(
            set(.day, retention: 1, floor: 1), days(3, until: "2026-11-30T02:00:00Z").map(backup),
            now: time("2026-11-30T03:00:00Z"))
        #expect(plan.deletions.count == 2)
        plan.refuse("the newest backup is no good")
        #expect(plan.deletions.isEmpty && plan.refusal == "the newest backup is no good")
    }

    @Test func lockedOneStays() {
        var plan = PrunePlan(
            set(.day, retention: 1, floor: 1), days(3, until: "2026-11-30T02:00:00Z").map(backup),
            now: time("2026-11-30T03:00:00Z"))
        plan.keep("p/2026-11-28T02:00:00Z", "locked")
        #expect(plan.deletions.map(\.key) == ["p/2026-11-29T02:00:00Z"])
    }
}

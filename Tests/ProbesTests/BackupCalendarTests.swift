import Samples
import Testing
import TimeZones

@testable import Probes

struct BackupCalendarTests {
    private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: 0) }

    private func calendar(_ schedule: BackupSchedule, _ now: String, retention: Int? = nil, newest: String? = nil)
        -> BackupCalendar
    {
        BackupCalendar(
            options: BackupSetOptions(name: "s", prefix: "", schedule: schedule, retention: retention), now: time(now),
            newest: newest.map(time))
    }

    @Test func aBackupIsRequiredAfterItsTimeAndGrace() {
        #expect(calendar(.day, "2025-11-26T02:59:59Z").newestRequired.description == "2025-11-25")
        #expect(calendar(.day, "2025-11-26T03:00:00Z").newestRequired.description == "2025-11-26")
        #expect(calendar(.month, "2025-12-01T02:30:00Z").newestRequired.description == "2025-11")
        #expect(calendar(.month, "2025-12-02T00:00:00Z").newestRequired.description == "2025-12")
        #expect(calendar(.day, "2025-11-26T01:00:00Z").nextDue.rfc3339 == "2025-11-26T02:00:00Z")
        #expect(calendar(.day, "2025-11-26T02:00:00Z").nextDue.rfc3339 == "2025-11-27T02:00:00Z")
    }

    /// A grace longer than a period lets several periods be without a backup.
    @Test func aGraceOfDays() {
        var calendar = calendar(.day, "2025-11-26T12:00:00Z")
        calendar = BackupCalendar(
            options: {
                var options = calendar.options
                options.grace = .seconds(2 * 86_400)
                return options
            }(), now: calendar.now)
        #expect(calendar.newestRequired.description == "2025-11-24")
    }

    @Test func monthsAndLeapYears() {
        func oldest(_ schedule: BackupSchedule, _ now: String, _ retention: Int) -> String? {
            calendar(schedule, now, retention: retention).missing([]).last?.description
        }
        #expect(oldest(.month, "2024-03-15T00:00:00Z", 4) == "2023-12")
        #expect(oldest(.day, "2024-03-01T12:00:00Z", 2) == "2024-02-29")
        #expect(oldest(.day, "2023-03-01T12:00:00Z", 2) == "2023-02-28")
        #expect(
            calendar(.day, "1970-01-02T00:00:00Z").period(of: time("1969-12-31T23:00:00Z")).description == "1969-12-31")
    }

    @Test func gapsCountFromTheOldestBackupOn() {
        let calendar = calendar(.day, "2025-11-26T12:00:00Z")
        func days(_ texts: [String]) -> Set<BackupPeriod> {
            Set(texts.map { calendar.period(of: time("2025-11-\($0)T02:00:00Z")) })
        }
        #expect(
            calendar.missing(days(["20", "21", "24", "26"])).map(\.description) == [
                "2025-11-25", "2025-11-23", "2025-11-22",
            ])
        #expect(calendar.missing(days(["26"])).isEmpty)
        #expect(calendar.missing(days(["24"])).count == 2)
        #expect(calendar.missing([]).count == 30)
        #expect(calendar.coveredCount(days(["20", "21", "24", "26"])) == 4)
    }

    @Test func weeksBeginOnTheirDay() {
        // 2025-11-26 is a Wednesday.
        let calendar = calendar(.week(from: 0), "2025-11-26T12:00:00Z", retention: 4)
        #expect(calendar.newestRequired.description == "2025-11-23")
        #expect(calendar.nextDue.rfc3339 == "2025-11-30T02:00:00Z")
        #expect(
            calendar.missing([calendar.period(of: time("2025-11-09T02:00:03Z"))]).map(\.description) == [
                "2025-11-23", "2025-11-16",
            ])
        #expect(calendar.retentionAge == .seconds(28 * 86_400) && calendar.allowedAge == .seconds(7 * 86_400 + 3600))
        #expect(self.calendar(.week(from: 3), "2025-11-26T12:00:00Z").newestRequired.description == "2025-11-26")
        #expect(self.calendar(.week(from: 3), "2025-11-26T02:59:00Z").newestRequired.description == "2025-11-19")
    }

    /// Runs that take now more, now less time do not make gaps, whatever minute they begin at.
    @Test func intervalsAreCountedFromTheNewestBackup() {
        let now = "2025-11-26T12:40:00Z"
        let calendar = calendar(.every(.seconds(6 * 3600)), now, retention: 28, newest: "2025-11-26T09:07:00Z")
        func covered(_ texts: [String]) -> Set<BackupPeriod> {
            Set(texts.map { calendar.period(of: time("2025-11-\($0):00Z")) })
        }
        let regular = ["26T09:07", "26T03:01", "25T21:09", "25T14:55"]
        #expect(calendar.missing(covered(regular)).isEmpty && calendar.coveredCount(covered(regular)) == 4)
        #expect(
            calendar.missing(covered([regular[0], regular[2], "25T09:00"])).map(\.description) == [
                "2025-11-26T03:07Z", "2025-11-25T15:07Z",
            ])
        #expect(calendar.nextDue.rfc3339 == "2025-11-26T15:07:00Z")
        #expect(calendar.allowedAge == .seconds(7 * 3600))
        let late = self.calendar(.every(.seconds(3600)), now, retention: 24, newest: "2025-11-26T09:07:00Z")
        #expect(late.missing([late.period(of: time("2025-11-26T09:07:00Z"))]).count == 3)
        #expect(late.options.grace == .seconds(900))
    }

    /// From Friday to Monday nothing is missing, and no backup is late.
    @Test func workingDays() throws {
        let schedule = BackupSchedule.cron(try CronSchedule("30 2 * * 1-5"))
        // 2025-11-24 is a Monday.
        let sunday = calendar(schedule, "2025-11-23T12:00:00Z", retention: 10)
        #expect(sunday.newestRequired.description == "2025-11-21T02:30Z")
        #expect(sunday.nextDue.rfc3339 == "2025-11-24T02:30:00Z")
        let monday = calendar(schedule, "2025-11-24T12:00:00Z", retention: 10)
        #expect(monday.allowedAge == .seconds(3 * 86_400 + 3600))
        #expect(monday.options.schedule.interval == .seconds(3 * 86_400))
        let friday = monday.period(of: time("2025-11-21T02:29:58Z"))
        #expect(friday.description == "2025-11-21T02:30Z", "clocks differ by some seconds")
        #expect(monday.missing([friday]).map(\.description) == ["2025-11-24T02:30Z"])
        #expect(monday.retentionAge == time("2025-11-24T12:00:00Z") - time("2025-11-11T02:30:00Z"))
        let dated = BackupKey("vault-2025-11-21.dump", prefix: "").map { monday.periods(of: $0) }
        #expect(dated == [friday], "a key with a date alone")
    }
}

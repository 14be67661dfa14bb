import Platform
import Samples
import Testing

@testable import TimeZones

struct CronScheduleTests {
    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text)) }

    private func next(_ text: String, after start: String, count: Int, zone: String = "UTC") throws -> [String] {
        let cron = try CronSchedule(text, zone: TimeZoneData.named(zone, SystemFiles()))
        var times: [Timestamp] = []
        var time = try self.time(start)
        for _ in 0..<count {
            time = try #require(cron.next(after: time))
            times.append(time)
        }
        // What comes next is what was there before.
        for (index, later) in times.enumerated().dropFirst() {
            #expect(cron.previous(atOrBefore: later - .milliseconds(1)) == times[index - 1], "\(text)")
            #expect(cron.previous(atOrBefore: later) == later, "\(text)")
        }
        return times.map(\.rfc3339)
    }

    @Test(arguments: [
        ("30 2 * * 1-5", ["2025-11-28T02:30:00Z", "2025-12-01T02:30:00Z", "2025-12-02T02:30:00Z"]),
        ("30 2 * * mon-Fri", ["2025-11-28T02:30:00Z", "2025-12-01T02:30:00Z", "2025-12-02T02:30:00Z"]),
        ("0 */8 * * *", ["2025-11-27T16:00:00Z", "2025-11-28T00:00:00Z", "2025-11-28T08:00:00Z"]),
        ("5,35 22-23 * * *", ["2025-11-27T22:05:00Z", "2025-11-27T22:35:00Z", "2025-11-27T23:05:00Z"]),
        ("10-50/20 3 * * *", ["2025-11-28T03:10:00Z", "2025-11-28T03:30:00Z", "2025-11-28T03:50:00Z"]),
        ("0 4 * * 7", ["2025-11-30T04:00:00Z", "2025-12-07T04:00:00Z"]),
        ("0 4 * * 5-7", ["2025-11-28T04:00:00Z", "2025-11-29T04:00:00Z", "2025-11-30T04:00:00Z"]),
        ("0 4 1 jan,JUL *", ["2026-01-01T04:00:00Z", "2026-07-01T04:00:00Z", "2027-01-01T04:00:00Z"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"]),
        ("0 0 31 * *", ["2025-12-31T00:00:00Z", "2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z"]),
        // A day of the month or a day of the week, as crontab(5) has it; with `*` both.
        (
            "0 0 13 * 5",
            ["2025-11-28T00:00:00Z", "2025-12-05T00:00:00Z", "2025-12-12T00:00:00Z", "2025-12-13T00:00:00Z"]
        ),
        ("0 0 */2 * 5", ["2025-12-05T00:00:00Z", "2025-12-19T00:00:00Z", "2026-01-09T00:00:00Z"]),
        ("@hourly", ["2025-11-27T14:00:00Z", "2025-11-27T15:00:00Z"]),
        ("@daily", ["2025-11-28T00:00:00Z"]), ("@midnight", ["2025-11-28T00:00:00Z"]),
        ("@weekly", ["2025-11-30T00:00:00Z"]), ("@Monthly", ["2025-12-01T00:00:00Z"]),
        ("@yearly", ["2026-01-01T00:00:00Z"]), ("@annually", ["2026-01-01T00:00:00Z"]),
    ]) func timesThatFollow(text: String, expected: [String]) throws {
        // A Thursday.
        #expect(try next(text, after: "2025-11-27T13:59:59Z", count: expected.count) == expected)
    }

    /// In Berlin the clock jumps from 02:00 to 03:00 on 2026-03-29 and back from 03:00 on 2026-10-25.
    @Test func aTimeThatIsSkippedComesAfterTheGap() throws {
        #expect(
            try next("30 2 * * *", after: "2026-03-27T12:00:00Z", count: 3, zone: "Europe/Berlin") == [
                "2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z",
            ])
        #expect(
            try next("0,30 2-3 * * *", after: "2026-03-28T12:00:00Z", count: 3, zone: "Europe/Berlin") == [
                "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:00:00Z",
            ])
    }

    @Test func aTimeThatOccursTwiceComesOnce() throws {
        #expect(
            try next("30 2 * * *", after: "2026-10-24T12:00:00Z", count: 2, zone: "Europe/Berlin") == [
                "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z",
            ])
    }

    /// What runs each hour has no hour without a run and none with two.
    @Test(arguments: ["2026-03-28T22:10:00Z", "2026-10-24T22:10:00Z"])
    func eachHourHasARunWhateverTheClockDoes(start: String) throws {
        let first = try time(start) - .seconds(600)
        #expect(
            try next("0 * * * *", after: start, count: 8, zone: "Europe/Berlin")
                == (1...8).map { (first + .seconds($0 * 3600)).rfc3339 })
    }

    /// Samoa had no 30 December 2011.
    @Test func aDayThatIsSkipped() throws {
        #expect(
            try next("0 5 * * *", after: "2011-12-29T12:00:00Z", count: 3, zone: "Pacific/Apia") == [
                "2011-12-29T15:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T15:00:00Z",
            ])
    }

    @Test(arguments: [
        (
            "",
            "expected five fields (minute, hour, day of the month, month, day of the week) such as 30 2 * * 1-5, found 0"
        ),
        (
            "* * * *",
            "expected five fields (minute, hour, day of the month, month, day of the week) such as 30 2 * * 1-5, found 4"
        ),
        (
            "@reboot",
            "\"@reboot\" is no schedule; write five fields, or one of @annually, @daily, @hourly, @midnight, @monthly, @weekly, @yearly"
        ),
        ("60 * * * *", "minute: \"60\" is none; write 0 to 59, a range such as 1-5, a list such as 1,3, or */2"),
        (
            "0 0 0 * *",
            "day of the month: \"0\" is none; write 1 to 31, a range such as 1-5, a list such as 1,3, or */2"
        ),
        (
            "0 0 * * funday",
            "day of the week: \"funday\" is none; write 0 to 7, or sun to sat, a range such as 1-5, a list such as 1,3, or */2"
        ),
        ("0 22-4 * * *", "hour: \"22-4\" runs backwards; write the smaller value first, or a list"),
        ("5/15 * * * *", "minute: a step needs a range; write 5-59/15 in place of \"5/15\""),
        ("*/0 * * * *", "minute: \"*/0\" has no step above 0; write */5"),
        ("0 0 30 2 *", "\"0 0 30 2 *\" never comes: no such day of the month exists; write a day that does"),
        ("0 0 31 4,6 *", "\"0 0 31 4,6 *\" never comes: no such day of the month exists; write a day that does"),
    ]) func whatIsNoScheduleIsRefused(text: String, complaint: String) {
        #expect(throws: CronError(complaint)) { try CronSchedule(text) }
    }

    @Test func intervals() throws {
        func interval(_ text: String) throws -> [Duration] {
            let cron = try CronSchedule(text)
            return [cron.shortestInterval, cron.longestInterval]
        }
        let day = Duration.seconds(86_400)
        #expect(try interval("30 2 * * 1-5") == [day, day * 3])
        #expect(
            try interval("*/5 8-17 * * 1-5") == [
                .seconds(300), .seconds(300) * 3 * 12 * 24 - .seconds(9 * 3600 + 3300),
            ])
        #expect(try interval("0 0 29 2 *") == [day * 1461, day * 1461])
    }

    /// Whatever is written is refused or has a next time, and no search is endless.
    @Test func randomTextsDoNoHarm() {
        let parts = [
            "*", "/", "-", ",", " ", " ", " ", "0", "7", "31", "59", "2", "mon", "feb", "99999999999", "@", "é",
        ]
        var state: UInt64 = 7
        for _ in 0..<5000 {
            var text = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += parts[Int(state >> 33) % parts.count]
            }
            guard let cron = try? CronSchedule(text) else { continue }
            #expect(cron.next(after: Timestamp(milliseconds: 1_795_671_000_000)) != nil, "\(text)")
            for extreme in [Int64.min, .max] {
                _ = cron.next(after: Timestamp(milliseconds: extreme))
                _ = cron.previous(atOrBefore: Timestamp(milliseconds: extreme))
            }
        }
    }
}

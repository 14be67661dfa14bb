import Alerts
import Platform
import Samples
import Simulation
import Testing
import Text
import TimeZones

@testable import Dispatching

struct TimeWindowTests {
    private func time(_ text: String) -> Timestamp { Timestamp(rfc3339: text) ?? Timestamp(milliseconds: .min) }

    @Test func officeHours() throws {
        let window = TimeWindow(
            times: [try TimeWindow.times(start: "09:00", end: "17:00")],
            weekdays: [try TimeWindow.weekdays("Monday:friday")])
        #expect(window.contains(time("2020-07-08T09:00:00Z")))
        #expect(window.contains(time("2020-07-08T16:59:59Z")))
        #expect(!window.contains(time("2020-07-08T17:00:00Z")))
        #expect(!window.contains(time("2020-07-08T08:59:00Z")))
        #expect(!window.contains(time("2020-07-05T10:00:00Z")))
    }

    @Test func endsOfMonths() throws {
        let last = TimeWindow(daysOfMonth: [try TimeWindow.daysOfMonth("-3:-1")])
        #expect(last.contains(time("2020-02-27T00:00:00Z")))
        #expect(last.contains(time("2020-02-29T23:59:59Z")))
        #expect(!last.contains(time("2020-02-26T23:59:59Z")))
        let cut = TimeWindow(daysOfMonth: [try TimeWindow.daysOfMonth("31")])
        #expect(!cut.contains(time("2020-04-30T12:00:00Z")))
        #expect(cut.contains(time("2020-05-31T12:00:00Z")))
    }

    @Test func monthsAndYears() throws {
        let window = TimeWindow(
            months: [try TimeWindow.months("november:12"), try TimeWindow.months("1")],
            years: [try TimeWindow.years("2020:2021")])
        #expect(window.contains(time("2020-11-01T00:00:00Z")))
        #expect(window.contains(time("2021-01-31T00:00:00Z")))
        #expect(!window.contains(time("2021-02-01T00:00:00Z")))
        #expect(!window.contains(time("2022-12-01T00:00:00Z")))
    }

    @Test func wrongTexts() {
        for (start, end) in [
            ("9:00", "17:00"), ("09:00", "24:01"), ("17:00", "09:00"), ("09:00", "09:00"), ("ab:cd", "17:00"),
        ] {
            #expect(throws: TimeWindowError.self) { try TimeWindow.times(start: start, end: end) }
        }
        for text in ["mondays", "friday:monday", "", "monday:tuesday:friday"] {
            #expect(throws: TimeWindowError.self) { try TimeWindow.weekdays(text) }
        }
        for text in ["0", "32", "-32", "5:3", "-1:5", "-1:-3", "a"] {
            #expect(throws: TimeWindowError.self) { try TimeWindow.daysOfMonth(text) }
        }
        for text in ["13", "0", "march:january", "smarch"] {
            #expect(throws: TimeWindowError.self) { try TimeWindow.months(text) }
        }
        for text in ["2022:2020", "x"] { #expect(throws: TimeWindowError.self) { try TimeWindow.years(text) } }
    }

    @Test func zonesMoveTheWindow() throws {
        let berlin = try TimeZoneData.named("Europe/Berlin", SystemFiles())
        let window = TimeWindow(times: [try TimeWindow.times(start: "09:00", end: "10:00")], zone: berlin)
        #expect(window.contains(time("2026-01-15T08:30:00Z")))
        #expect(!window.contains(time("2026-01-15T07:30:00Z")))
        #expect(window.contains(time("2026-07-15T07:30:00Z")))
    }
}

struct SilencesTests {
    private func silence(_ from: Double, _ to: Double, _ text: String = "a=b", id: String = "") -> Silence {
        Silence(
            id: id, matchers: [matcher(text)], startsAt: at(from).wall, endsAt: at(to).wall, createdBy: "me",
            comment: "why")
    }

    @Test func makeChangeReplaceExpire() throws {
        var silences = Silences(limit: 10, retention: .seconds(100))
        let made = try silences.set(silence(0, 100), random: SeededRandom(seed: 1), now: at(0).wall)[0]
        #expect(made.id.count == 36)
        // The end can be moved in place.
        #expect(
            try silences.set(silence(0, 200, id: made.id), random: SeededRandom(seed: 2), now: at(10).wall).map(\.id)
                == [
                    made.id
                ])
        // Other matchers make a new one and end the old one.
        let replaced = try silences.set(
            silence(0, 200, "a=c", id: made.id), random: SeededRandom(seed: 3), now: at(20).wall)
        #expect(replaced.count == 2 && replaced[0].id != made.id && replaced[1].id == made.id)
        #expect(replaced[1].state(at: at(20).wall) == .expired)
        #expect(throws: SilenceError.alreadyExpired(made.id)) { try silences.expire(made.id, now: at(30).wall) }
        #expect(throws: SilenceError.notFound("x")) { try silences.expire("x", now: at(30).wall) }
        _ = try silences.expire(replaced[0].id, now: at(40).wall)
        #expect(silences.refresh(at(50).wall).isEmpty)
        #expect(silences.refresh(at(141).wall).count == 2)
        #expect(silences.all.isEmpty)
    }

    @Test func invalidOnes() {
        var silences = Silences(limit: 2, retention: .seconds(100))
        let random = SeededRandom(seed: 1)
        #expect(throws: SilenceError.self) { try silences.set(silence(10, 10), random: random, now: at(0).wall) }
        #expect(throws: SilenceError.self) { try silences.set(silence(0, 10), random: random, now: at(20).wall) }
        #expect(throws: SilenceError.self) {
            try silences.set(silence(0, 10, "a=~\".*\""), random: random, now: at(0).wall)
        }
        #expect(throws: SilenceError.self) {
            try silences.set(
                Silence(matchers: [], startsAt: at(0).wall, endsAt: at(9).wall), random: random, now: at(0).wall)
        }
        #expect(throws: SilenceError.tooMany(2)) {
            for _ in 0..<3 { _ = try silences.set(silence(0, 10), random: random, now: at(0).wall) }
        }
    }

    @Test func survivesItsEncoding() throws {
        var kept = silence(0, 100, "a=~\"x|y\"", id: "1")
        kept.schedule = [
            TimeWindow(times: [.init(0, 60)], zone: try TimeZoneData.named("Europe/Berlin", SystemFiles()))
        ]
        let back = try Silence(encoded: try kept.encoded())
        #expect(back == kept)
        #expect(back.schedule[0].zone.offset(at: at(0).wall) == 3600)
        let record = NotificationLogEntry(
            destination: Destination(receiver: "r", integration: .init(.email, 0), groupKey: "{}:{}"),
            groupLabels: ["a": "b"],
            lastFiring: [1, .max],
            notified: [1, 2, .max], possiblyNotified: [5], notifiedAt: at(1).wall)
        #expect(try NotificationLogEntry(encoded: record.encoded()) == record)
        // As the version before this one wrote it.
        let old = """
            {"destination":{"receiver":"r","integration":"email/0","groupKey":"{}:{}"},"groupLabels":{"a":"b"},\
            "firing":[1,18446744073709551615],"told":[1,2,18446744073709551615],"maybeFiring":[5],"maybeResolved":[],\
            "since":\(at(1).wall.milliseconds)}
            """
        #expect(try NotificationLogEntry(encoded: Array(old.utf8)) == record)
        let escalation =
            #"{"groupKey":"g","receiver":"r","fallback":"f","waiting":[{"fingerprint":1,"since":5}],"handedOver":[7]}"#
        #expect(try EscalationRecord(encoded: Array(escalation.utf8)).escalated == [7])
    }
}

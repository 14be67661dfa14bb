import Alerts
import Foundation
import Platform
import Samples
import Testing

@testable import Dispatching

/// What a client posts and what a damaged journal holds must not trap the process.
struct ExtremeValuesTests {
    @Test(arguments: [
        "-9223372036854775808", "9223372036854775807", "-9223372036854775808:9223372036854775807", "0", "32", "-32",
        "1:-9223372036854775808", "99999999999999999999", "", ":", "1:2:3", "１",
    ])
    func daysOfMonthOutOfRange(_ text: String) {
        #expect(throws: TimeWindowError.self) { try TimeWindow.daysOfMonth(text) }
    }

    @Test func otherFieldsOutOfRange() {
        let wrong = ["-9223372036854775808", "9223372036854775807", "", ":", String(repeating: "9", count: 65_536)]
        for text in wrong {
            #expect(throws: TimeWindowError.self) { try TimeWindow.months(text) }
            #expect(throws: TimeWindowError.self) { try TimeWindow.years(text) }
            #expect(throws: TimeWindowError.self) { try TimeWindow.weekdays(text) }
            #expect(throws: TimeWindowError.self) { try TimeWindow.times(start: text, end: "24:00") }
        }
    }

    /// Spans are read from the journal as they are.
    @Test func windowsOfADamagedJournal() {
        let spans = [TimeWindow.Span(.min, .max), TimeWindow.Span(-1, .min), TimeWindow.Span(.max, .min)]
        let window = TimeWindow(times: spans, weekdays: spans, daysOfMonth: spans, months: spans, years: spans)
        for milliseconds in [Int64.min, 0, .max] { _ = window.contains(Timestamp(milliseconds: milliseconds)) }
        #expect(window.weekdayTexts.count == 3 && window.timeTexts.count == 3)
        #expect(window.dayOfMonthTexts.count == 3 && window.monthTexts.count == 3 && window.yearTexts.count == 3)
    }

    /// Numbers and times at their ends are taken up, and messages go on getting numbers of their own.
    @Test(arguments: [Int64.min, 0, .max])
    func restoresWhatADamagedJournalHolds(_ milliseconds: Int64) {
        let time = Timestamp(milliseconds: milliseconds)
        let alert = Alert(labels: Labels(["alertname": "A"]), startsAt: time, endsAt: time, updatedAt: time)
        let notification = Notification(
            receiver: "ops", integration: .init(.email, 0), groupKey: "{}:{}", groupLabels: .empty, alerts: [alert],
            reason: .first, decidedAt: time)
        var dispatcher = Dispatcher(oneReceiver())
        _ = dispatcher.restore(
            Dispatcher.Saved(
                alerts: [alert],
                logEntries: [
                    NotificationLogEntry(
                        destination: Destination(notification), groupLabels: [:], lastFiring: [1], notified: [1],
                        notifiedAt: time)
                ],
                outbox: [Outgoing(id: .max, notification: notification)]),
            now: at(0))
        _ = dispatcher.receive([firing(["alertname": "B"], 1)], now: at(1))
        for second in [40.0, 400, 4000] { _ = dispatcher.step(second) }
    }
}

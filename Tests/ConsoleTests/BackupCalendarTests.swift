import Foundation
import Samples
import Testing
import Web

@testable import Console

/// Each day stands under its weekday, whatever is missing or kept for longer.
struct BackupCalendarTests {
    private func html(_ dates: [String]) -> String {
        let set = BackupCalendarView(
            set: "daily",
            days: dates.map {
                .init(date: $0, start: Fixtures.now, state: $0.hasSuffix("-01") ? .missing : .present)
            })
        var page = HTML()
        BackupCalendar(set: set, chosen: nil).render(&page)
        return String(decoding: page.bytes, as: UTF8.self)
    }

    /// `-` for an empty cell, the day for the others.
    private func cells(_ html: String) -> [String] {
        html.components(separatedBy: "class=\"day ").dropFirst().map { cell in
            cell.hasPrefix("out")
                ? "-" : cell.components(separatedBy: "<span class=num><span>")[1].prefix { $0 != "<" }.description
        }
    }

    @Test func daysStandUnderTheirWeekday() {
        // 2026-11-26 is a Thursday, 2026-11-30 a Monday.
        let html = html(["2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01"])
        #expect(cells(html) == ["-", "-", "-", "26 Nov", "27", "-", "-", "30", "1 Dec"])
        #expect(!html.contains("Kept from before"))
    }

    @Test func whatIsKeptForLongerIsListedApart() {
        let html = html(["2026-09-01", "2026-10-02", "2026-11-26"])
        #expect(cells(html) == ["-", "-", "-", "26 Nov"])
        #expect(html.contains("Kept from before:") && html.contains(">2026-09-01</a> (missing)"))
        #expect(html.contains(">2026-10-02</a></p>"))
    }
}

import Samples
import Text
import Web

/// The backups of one set as a calendar: weeks from Monday for daily ones, a row of months for monthly ones. A cell
/// shows its day, an icon, a word and the size.
struct BackupCalendar {
    let set: BackupCalendarView
    /// The day shown in detail beside it; nil for none.
    let chosen: BackupCalendarView.Day?
    /// Maximum number of cells; earlier backups are listed above the calendar, or are in the JSON.
    var limit = 120

    private typealias Day = BackupCalendarView.Day

    /// The kind of period.
    enum Form: Sendable, Hashable { case days, months, other }

    /// Determined by the form of its dates: `2025-11-26`, `2025-11`, or with times of day.
    var form: Form {
        let lengths = Set(set.days.map(\.date.utf8.count))
        return lengths == [10] ? .days : lengths == [7] ? .months : .other
    }

    func render(_ page: inout HTML) {
        guard !set.days.isEmpty else { return page.markup("<p class=quiet>Nothing is known of it yet.</p>") }
        switch form {
        case .days: days(&page)
        case .months, .other: row(&page)
        }
        legend(&page)
    }

    /// Empty cells that stand for days without an entry; a longer gap begins the calendar anew.
    private static let gapLimit: Int64 = 14
    /// Maximum number of days listed above the calendar.
    private static let olderLimit = 24

    private func days(_ page: inout HTML) {
        let periods = BackupCalendar.periods(set.days)
        // Copies kept for longer, such as those of each month's first day, would not stand under their weekday.
        var start =
            periods.indices.dropFirst().last { index in
                BackupCalendar.days(from: periods[index - 1].date, to: periods[index].date) > BackupCalendar.gapLimit
            } ?? 0
        start = max(start, periods.count - limit)
        older(periods[..<start], &page)
        page.markup(
            "<div class=cal><span class=dow>Mon</span><span class=dow>Tue</span><span class=dow>Wed</span><span class=dow>Thu</span><span class=dow>Fri</span><span class=dow>Sat</span><span class=dow>Sun</span>"
        )
        if let civil = BackupCalendar.civil(periods[start].date) {
            // Sunday is 0.
            blanks(Int64((civil.weekday + 6) % 7), &page)
        }
        var (month, last) = (0, periods[start].date)
        for day in periods[start...] {
            blanks(BackupCalendar.days(from: last, to: day.date) - 1, &page)
            last = day.date
            let civil = BackupCalendar.civil(day.date)
            let isNewMonth = civil?.month != month
            month = civil?.month ?? month
            let label = civil.map { isNewMonth ? "\($0.day) \(BackupCalendar.month($0.month))" : "\($0.day)" }
            cell(day, label ?? day.date, &page)
        }
        page.markup("</div>")
    }

    private func blanks(_ count: Int64, _ page: inout HTML) {
        for _ in 0..<max(0, min(count, BackupCalendar.gapLimit)) { page.markup("<span class=\"day out\"></span>") }
    }

    private func older(_ days: ArraySlice<Day>, _ page: inout HTML) {
        guard !days.isEmpty else { return }
        page.markup("<p class=quiet>Kept from before:")
        for day in days.suffix(BackupCalendar.olderLimit) {
            page.markup(" <a href=\"")
            page.href(Address("backups", set.set, day.date))
            page.markup("\">")
            page.text(day.date)
            page.markup("</a>")
            if day.state != .present { page.text(" (\(day.state.rawValue))") }
        }
        let omitted = days.count - BackupCalendar.olderLimit
        if omitted > 0 { page.text(" and \(omitted) more") }
        page.markup("</p>")
    }

    /// The days from one date to another; 1 if either is not a date, so that the cells follow each other.
    private static func days(from first: String, to second: String) -> Int64 {
        guard let first = Timestamp(rfc3339: first + "T00:00:00Z"),
            let second = Timestamp(rfc3339: second + "T00:00:00Z")
        else { return 1 }
        return second.milliseconds / 86_400_000 - first.milliseconds / 86_400_000
    }

    private func row(_ page: inout HTML) {
        page.markup(form == .months ? "<div class=mon>" : "<div class=cal>")
        for day in BackupCalendar.periods(set.days).suffix(form == .months ? min(limit, 36) : limit) {
            let civil = BackupCalendar.civil(day.date + "-01")
            let label = civil.map { $0.month == 1 ? "Jan \($0.year)" : BackupCalendar.month($0.month) }
            cell(day, form == .months ? label ?? day.date : day.date, &page)
        }
        page.markup("</div>")
    }

    /// One per period: its best backup.
    private static func periods(_ days: [Day]) -> [Day] {
        var result: [Day] = []
        let order: [BackupCalendarView.State] = [.verified, .present, .archived, .corrupt, .empty, .missing, .due]
        func rank(_ day: Day) -> Int { order.firstIndex(of: day.state) ?? order.count }
        for day in days {
            if let last = result.last, last.date == day.date {
                if rank(day) < rank(last) { result[result.count - 1] = day }
            } else {
                result.append(day)
            }
        }
        return result
    }

    private func cell(_ day: Day, _ label: String, _ page: inout HTML) {
        page.markup("<a class=\"day ")
        page.text(day.state.className)
        page.markup("\" href=\"")
        page.href(Address("backups", set.set, day.date))
        page.markup("\"")
        if day.date == chosen?.date { page.markup(" aria-current=date") }
        page.markup("><span class=num><span>")
        page.text(label, limit: 20)
        page.markup("</span><span>")
        page.icon(day.state.icon)
        page.markup("</span></span><span class=w>")
        page.text(day.state.rawValue)
        page.markup("</span><br><span class=sz>")
        page.text(day.size.map { Words.size(Double($0)) } ?? "")
        page.markup("</span></a>")
    }

    private func legend(_ page: inout HTML) {
        page.markup("<p class=key>")
        for state in BackupCalendarView.State.allCases where set.days.contains(where: { $0.state == state }) {
            page.markup("<span>")
            page.icon(state.icon, "\(state.rawValue): \(state.meaning)", limit: 120)
            page.markup("</span>")
        }
        page.markup("</p>")
    }

    private static func month(_ number: Int) -> String {
        let names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return names.indices.contains(number - 1) ? names[number - 1] : "?"
    }

    /// The calendar fields of `2025-11-26`; nil if it is not a date.
    private static func civil(_ date: String) -> Timestamp.Civil? { Timestamp(rfc3339: date + "T00:00:00Z")?.civil }
}

extension BackupCalendarView.State {
    /// An empty backup looks like a corrupt one: neither can be restored.
    var className: String { self == .empty ? "corrupt" : rawValue }

    /// Its icon, distinguishable by shape alone.
    var icon: Icon {
        switch self {
        case .verified: .good
        case .present: .standby
        case .missing: .cross
        case .corrupt, .empty: .critical
        case .archived: .archived
        case .due: .clock
        }
    }

    /// The description of a backup.
    var meaning: String {
        switch self {
        case .verified: "read whole, checksum and encryption right"
        case .present: "listed, not read"
        case .missing: "nothing is there"
        case .corrupt: "read whole, and not to be restored"
        case .archived: "to be thawed first, which takes hours"
        case .empty: "has no bytes"
        case .due: "not expected yet"
        }
    }

    /// Its gravity.
    var gravity: Gravity {
        switch self {
        case .verified, .archived: .good
        case .present: .standby
        case .missing, .corrupt, .empty: .critical
        case .due: .unknown
        }
    }
}

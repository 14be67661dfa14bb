/// A window's fields as a configuration file writes them.
extension TimeWindow {
    /// `("22:00", "24:00")`
    package var timeTexts: [(start: String, end: String)] {
        times.map { (TimeWindow.clock($0.first), TimeWindow.clock($0.last)) }
    }
    /// `monday:friday`
    package var weekdayTexts: [String] { weekdays.map { TimeWindow.text($0) { TimeWindow.weekdayName($0) } } }
    /// `1:7`, `-3:-1`
    package var dayOfMonthTexts: [String] { daysOfMonth.map { TimeWindow.text($0) { String($0) } } }
    /// `1:3`
    package var monthTexts: [String] { months.map { TimeWindow.text($0) { String($0) } } }
    /// `2026:2028`
    package var yearTexts: [String] { years.map { TimeWindow.text($0) { String($0) } } }

    private static func text(_ span: Span, _ word: (Int) -> String) -> String {
        span.first == span.last ? word(span.first) : word(span.first) + ":" + word(span.last)
    }

    private static func clock(_ minute: Int) -> String {
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return two(minute / 60) + ":" + two(minute % 60)
    }
}

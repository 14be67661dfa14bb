import Samples
import Text

/// A field of a time interval that can't be parsed, in Alertmanager's words.
package struct TimeWindowError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, and what was expected.
    package let description: String
    init(_ description: String) { self.description = description }
}

extension TimeWindow {
    private static let weekdayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
    private static let monthNames = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    /// - Parameter index: 0 is Sunday; an invalid number, as from a damaged journal, is shown as it is.
    static func weekdayName(_ index: Int) -> String {
        weekdayNames.indices.contains(index) ? weekdayNames[index] : String(index)
    }

    /// `HH:MM` to `HH:MM`, the end after the start; `24:00` is the end of the day.
    package static func times(start: String, end: String) throws(TimeWindowError) -> Span {
        let first = try minute(start)
        let last = try minute(end)
        guard first < last else { throw TimeWindowError("start time cannot be equal or greater than end time") }
        return Span(first, last)
    }

    /// `monday`, `monday:friday`; any case.
    package static func weekdays(_ text: String) throws(TimeWindowError) -> Span {
        try range(text) { (word) throws(TimeWindowError) in
            guard let index = weekdayNames.firstIndex(of: word) else {
                throw TimeWindowError("\(word.quotedAsInGo) is not a valid weekday")
            }
            return index
        }
    }

    /// `1`, `1:7`, `-3:-1`.
    package static func daysOfMonth(_ text: String) throws(TimeWindowError) -> Span {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, let firstText = parts.first, let first = Int(firstText),
            let last = Int(parts.last ?? firstText)
        else {
            throw TimeWindowError("\(text.quotedAsInGo) is not a day of the month or a range of them")
        }
        for day in [first, last] where !(1...31).contains(day.magnitude) {
            throw TimeWindowError("\(day) is not a valid day of the month: out of range")
        }
        if first < 0, last > 0 { throw TimeWindowError("end day must be negative if start day is negative") }
        // Compared as in a month of 31 days, so that 1:-1 is a valid range and -1:1 is not.
        if (first < 0 ? 32 + first : first) > (last < 0 ? 32 + last : last) {
            throw TimeWindowError("end day must be after start day")
        }
        return Span(first, last)
    }

    /// `january`, `1`, `january:3`; any case.
    package static func months(_ text: String) throws(TimeWindowError) -> Span {
        try range(text) { (word) throws(TimeWindowError) in
            if let index = monthNames.firstIndex(of: word) { return index + 1 }
            guard let number = Int(word), (1...12).contains(number) else {
                throw TimeWindowError("\(word.quotedAsInGo) is not a valid month")
            }
            return number
        }
    }

    /// `2026`, `2026:2028`.
    package static func years(_ text: String) throws(TimeWindowError) -> Span {
        try range(text) { (word) throws(TimeWindowError) in
            guard let year = Int(word), (1...9999).contains(year) else {
                throw TimeWindowError("\(word.quotedAsInGo) is not a valid year")
            }
            return year
        }
    }

    private static func range(
        _ text: String, _ read: (String) throws(TimeWindowError) -> Int
    ) throws(TimeWindowError) -> Span {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let firstText = parts.first else {
            throw TimeWindowError("\(text.quotedAsInGo) is not a range")
        }
        let first = try read(firstText)
        let last = try read(parts.last ?? firstText)
        guard first <= last else { throw TimeWindowError("start of \(text.quotedAsInGo) cannot be after its end") }
        return Span(first, last)
    }

    private static func minute(_ text: String) throws(TimeWindowError) -> Int {
        let bytes = Array(text.utf8)
        let wrong = TimeWindowError("couldn't parse timestamp \(text.quotedAsInGo), invalid format; expected HH:MM")
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { throw wrong }
        func digits(_ at: Int) -> Int? { Int(String(decoding: bytes[at..<at + 2], as: UTF8.self)) }
        guard bytes.allSatisfy({ (0x30...0x3a).contains($0) }), let hour = digits(0), let minute = digits(3),
            minute < 60,
            hour < 24 || (hour == 24 && minute == 0)
        else { throw wrong }
        return hour * 60 + minute
    }
}

package import Samples
import Text

/// A time in a time zone: Go's `time.Time` as templates see it.
package struct TemplateTime: Sendable, Hashable {
    /// The time.
    package let timestamp: Timestamp
    /// The zone in which it is printed.
    package let zone: Zone

    /// The offset and abbreviation of a time zone at one time.
    package struct Zone: Sendable, Hashable {
        /// Seconds east of UTC.
        package let offsetSeconds: Int
        /// Such as `UTC` or `CET`.
        package let abbreviation: String

        /// A zone from its offset and abbreviation.
        package init(offsetSeconds: Int, abbreviation: String) {
            self.offsetSeconds = offsetSeconds
            self.abbreviation = abbreviation
        }

        /// UTC.
        package static let utc = Zone(offsetSeconds: 0, abbreviation: "UTC")
    }

    /// A time in a zone.
    package init(_ timestamp: Timestamp, zone: Zone = .utc) {
        self.timestamp = timestamp
        self.zone = zone
    }

    /// Go's zero time, 0001-01-01T00:00:00Z.
    package static let zero = TemplateTime(Timestamp(year: 1, month: 1, day: 1))

    private var civil: Timestamp.Civil { (timestamp + .seconds(zone.offsetSeconds)).civil }

    /// Go's `time.Time.String`: `2026-01-02 03:04:05.678 +0000 UTC`.
    package var description: String { format("2006-01-02 15:04:05.999999999 -0700 MST") }

    /// Go's `time.Time.Format`. Source: pkg.go.dev/time, "Layout".
    package func format(_ layout: String) -> String {
        let civil = self.civil
        var out = ""
        var rest = Substring(layout)
        while !rest.isEmpty {
            if let (element, piece) = Self.elements.lazy.compactMap({ Self.match($0, rest) }).first {
                out += text(element, civil)
                rest = rest.dropFirst(piece)
            } else if let (digits, trims) = fraction(rest) {
                let milliseconds = pad(civil.millisecond, 3) + String(repeating: "0", count: max(0, digits - 3))
                var shown = String(milliseconds.prefix(digits))
                if trims { while shown.hasSuffix("0") { shown.removeLast() } }
                if !shown.isEmpty { out += String(rest.prefix(1)) + shown }
                rest = rest.dropFirst(digits + 1)
            } else {
                out.append(rest.removeFirst())
            }
        }
        return out
    }

    /// The layout elements; where one is a prefix of another, the longer one comes first.
    private static let elements = [
        "January", "Jan", "Monday", "Mon", "MST", "2006", "-07:00:00", "-07:00", "-070000", "-0700", "-07", "Z07:00:00",
        "Z07:00", "Z070000",
        "Z0700", "Z07", "002", "__2", "_2006", "_2", "01", "02", "03", "04", "05", "06", "15", "PM", "pm", "1", "2",
        "3", "4", "5",
    ]

    private static func match(_ element: String, _ rest: Substring) -> (String, Int)? {
        guard rest.hasPrefix(element) else { return nil }
        // As in Go, "Jan" and "Mon" are not elements where a lower-case letter follows.
        if element == "Jan" || element == "Mon", let next = rest.dropFirst(3).first, next.isLowercase { return nil }
        // `_2006` is an underscore and a year, not `_2` and `006`.
        return element == "_2006" ? ("_year", 5) : (element, element.count)
    }

    /// `.000` or `,999`, not followed by a digit: the number of digits, and whether trailing zeros are removed.
    private func fraction(_ rest: Substring) -> (Int, Bool)? {
        guard let point = rest.first, point == "." || point == ",", let digit = rest.dropFirst().first,
            digit == "0" || digit == "9"
        else { return nil }
        let count = rest.dropFirst().prefix { $0 == digit }.count
        if let next = rest.dropFirst(count + 1).first, next.isASCII, next.isNumber { return nil }
        return (count, digit == "9")
    }

    private func pad(_ number: Int, _ width: Int, _ fill: Character = "0") -> String {
        let text = String(number)
        return String(repeating: fill, count: max(0, width - text.count)) + text
    }

    private func text(_ element: String, _ c: Timestamp.Civil) -> String {
        let months = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November", "December",
        ]
        let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
        let hour12 = c.hour % 12 == 0 ? 12 : c.hour % 12
        switch element {
        case "January": return months[c.month - 1]
        case "Jan": return String(months[c.month - 1].prefix(3))
        case "Monday": return days[c.weekday]
        case "Mon": return String(days[c.weekday].prefix(3))
        case "MST": return zone.abbreviation
        case "2006": return pad(Int(c.year), 4)
        case "_year": return "_" + pad(Int(c.year), 4)
        case "06": return pad(Int(c.year % 100), 2)
        case "01": return pad(c.month, 2)
        case "1": return String(c.month)
        case "02": return pad(c.day, 2)
        case "_2": return pad(c.day, 2, " ")
        case "2": return String(c.day)
        case "002": return pad(c.dayOfYear, 3)
        case "__2": return pad(c.dayOfYear, 3, " ")
        case "15": return pad(c.hour, 2)
        case "03": return pad(hour12, 2)
        case "3": return String(hour12)
        case "04": return pad(c.minute, 2)
        case "4": return String(c.minute)
        case "05": return pad(c.second, 2)
        case "5": return String(c.second)
        case "PM": return c.hour < 12 ? "AM" : "PM"
        case "pm": return c.hour < 12 ? "am" : "pm"
        default: return offset(element)
        }
    }

    private func offset(_ element: String) -> String {
        if element.hasPrefix("Z"), zone.offsetSeconds == 0 { return "Z" }
        let size = Int(clamping: zone.offsetSeconds.magnitude)
        let parts = [pad(size / 3600, 2), pad(size / 60 % 60, 2), pad(size % 60, 2)]
        let form = element.dropFirst()
        let shown = form.filter { $0 != ":" }.count / 2
        return (zone.offsetSeconds < 0 ? "-" : "+")
            + parts.prefix(shown).joined(separator: form.contains(":") ? ":" : "")
    }

    /// A method of Go's `time.Time` by its name; nil for one that is not supported.
    func member(_ name: String) -> TemplateObject.Member? {
        let civil = self.civil
        // Checked: Int has 64 bits.
        func integer(_ value: Int) -> TemplateObject.Member { .value(.int(Int64(value))) }
        switch name {
        case "Format":
            return .method { arguments in
                guard arguments.count == 1, let layout = arguments[0].text else {
                    throw TemplateFailure("Format expects one layout")
                }
                return .string(format(layout))
            }
        case "String": return .value(.string(description))
        case "UTC": return .value(.time(TemplateTime(timestamp)))
        // The agent's local zone is UTC, so that messages are the same on every machine.
        case "Local": return .value(.time(TemplateTime(timestamp)))
        case "IsZero": return .value(.bool(timestamp == Self.zero.timestamp))
        case "Unix": return integer(Int(saturating: (Double(timestamp.milliseconds) / 1000).rounded(.down)))
        case "UnixMilli": return integer(Int(clamping: timestamp.milliseconds))
        case "UnixNano":
            return .value(.int(timestamp.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue))
        case "Year": return integer(Int(civil.year))
        case "Month": return .value(.string(text("January", civil)))
        case "Day": return integer(civil.day)
        case "Hour": return integer(civil.hour)
        case "Minute": return integer(civil.minute)
        case "Second": return integer(civil.second)
        case "YearDay": return integer(civil.dayOfYear)
        case "Weekday": return .value(.string(text("Monday", civil)))
        case "Add":
            return .method { arguments in
                guard arguments.count == 1, let nanoseconds = arguments[0].nanoseconds else {
                    throw TemplateFailure("Add expects one duration")
                }
                return .time(TemplateTime(timestamp + .nanoseconds(nanoseconds), zone: zone))
            }
        case "Sub", "Before", "After", "Equal":
            return .method { arguments in
                guard arguments.count == 1, case .time(let other) = arguments[0] else {
                    throw TemplateFailure("\(name) expects one time")
                }
                switch name {
                case "Before": return .bool(timestamp < other.timestamp)
                case "After": return .bool(timestamp > other.timestamp)
                case "Equal": return .bool(timestamp == other.timestamp)
                default:
                    return .duration(
                        nanoseconds: (timestamp - other.timestamp).milliseconds.multipliedReportingOverflow(
                            by: 1_000_000
                        ).partialValue)
                }
            }
        default: return nil
        }
    }
}

extension TemplateValue {
    /// A duration, or an int converted to one as Go converts constants, in nanoseconds.
    var nanoseconds: Int64? {
        switch self {
        case .duration(let value), .int(let value): value
        default: nil
        }
    }

    /// A method of Go's `time.Duration` by its name; nil for one that is not supported.
    static func durationMember(_ name: String, _ nanoseconds: Int64) -> TemplateObject.Member? {
        switch name {
        case "String": .value(.string(GoFormat.duration(nanoseconds)))
        case "Seconds": .value(.float(Double(nanoseconds) / 1e9))
        case "Minutes": .value(.float(Double(nanoseconds) / 6e10))
        case "Hours": .value(.float(Double(nanoseconds) / 3.6e12))
        case "Milliseconds": .value(.int(nanoseconds / 1_000_000))
        case "Microseconds": .value(.int(nanoseconds / 1000))
        case "Nanoseconds": .value(.int(nanoseconds))
        default: nil
        }
    }
}

package import Samples

/// Dates in HTTP's headers. Source: RFC 9110 §5.6.7.
package enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, and the two obsolete forms that a parser must accept too.
    package static func parse(_ text: String) -> Timestamp? {
        let parts = text.split { $0 == " " || $0 == "," }.map(String.init)
        // asctime: Sun Nov  6 08:49:37 1994
        if parts.count == 5, parts[3].contains(":") {
            return make(day: parts[2], month: parts[1], year: parts[4], time: parts[3])
        }
        if parts.count == 6, parts[5] == "GMT" {
            return make(day: parts[1], month: parts[2], year: parts[3], time: parts[4])
        }
        // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
        let date = parts.count == 4 && parts[3] == "GMT" ? parts[1].split(separator: "-").map(String.init) : []
        guard date.count == 3, let short = Int64(date[2]), (0..<100).contains(short) else { return nil }
        return make(
            day: date[0], month: date[1], year: String(short < 70 ? 2000 + short : 1900 + short), time: parts[2])
    }

    /// A timestamp from the parts of a date, for the years 1970 to 9999; nil if it is invalid.
    static func make(day: String, month: String, year: String, time: String) -> Timestamp? {
        let clock = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard let day = Int(day), (1...31).contains(day), let month = months.firstIndex(of: month),
            let year = Int64(year), (1970...9999).contains(year), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2],
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        return Timestamp(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }
}

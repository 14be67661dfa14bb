import Samples
import Text

/// The calendar functions, in UTC.
enum Calendar {
    /// The field of a date that a function names; NaN where the time is not finite or too far away for the calendar.
    /// - Parameter seconds: seconds since the epoch; a fraction is cut off.
    static func part(_ name: Function.Name, _ seconds: Double) -> Double {
        guard seconds.isFinite, seconds.magnitude < 1e14 else { return .nan }
        let civil = Timestamp(milliseconds: Int64(saturating: seconds) * 1000).civil
        switch name {
        case .day_of_month: return Double(civil.day)
        case .day_of_week: return Double(civil.weekday)
        case .day_of_year: return Double(civil.dayOfYear)
        case .days_in_month: return Double(Timestamp.days(inMonth: civil.month, of: civil.year))
        case .hour: return Double(civil.hour)
        case .minute: return Double(civil.minute)
        case .month: return Double(civil.month)
        case .year: return Double(civil.year)
        default: return .nan
        }
    }
}

/// Natural sort order: `node2` before `node10`.
/// Source: github.com/facette/natsort, which Prometheus' sort_by_label uses.
enum NaturalOrder {
    static func precedes(_ a: String, _ b: String) -> Bool {
        let (x, y) = (chunks(a), chunks(b))
        for (p, q) in zip(x, y) where p != q {
            if let m = Int(p), let n = Int(q), m != n { return m < n }
            return p < q
        }
        return x.count < y.count
    }

    private static func chunks(_ text: String) -> [String] {
        var result: [String] = []
        for character in text {
            let isDigit = character.isASCII && character.isNumber
            if let last = result.last?.last, (last.isASCII && last.isNumber) == isDigit {
                result[result.count - 1].append(character)
            } else {
                result.append(String(character))
            }
        }
        return result
    }
}

import Samples

/// Parts of a date in UTC.
enum Calendar {
    /// - Parameter seconds: since the epoch, fractions cut off.
    static func part(_ name: Function.Name, _ seconds: Double) -> Double {
        guard seconds.isFinite, seconds.magnitude < 1e14 else { return .nan }
        let civil = Timestamp(milliseconds: Int64(saturating: seconds) * 1000).civil
        switch name {
        case .day_of_month: return Double(civil.day)
        case .day_of_week: return Double(civil.weekday)
        case .day_of_year:
            let midnight = Timestamp(year: civil.year, month: civil.month, day: civil.day)
            return Double(
                (midnight.milliseconds - Timestamp(year: civil.year, month: 1, day: 1).milliseconds) / 86_400_000 + 1)
        case .days_in_month:
            let next =
                civil.month == 12
                ? Timestamp(year: civil.year + 1, month: 1, day: 1)
                : Timestamp(year: civil.year, month: civil.month + 1, day: 1)
            return Double(
                (next.milliseconds - Timestamp(year: civil.year, month: civil.month, day: 1).milliseconds) / 86_400_000)
        case .hour: return Double(civil.hour)
        case .minute: return Double(civil.minute)
        case .month: return Double(civil.month)
        case .year: return Double(civil.year)
        default: return .nan
        }
    }
}

/// Text with numbers in it in the order that people expect: `node2` before `node10`.
/// Source: github.com/facette/natsort, which sort_by_label uses.
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

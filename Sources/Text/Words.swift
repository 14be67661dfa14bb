/// Human-readable numbers in one consistent format: durations, sizes, counts, ratios.
package enum Words {
    // MARK: Durations

    /// `5 ms`, `8 s`, `2 min 33 s`, `4 h 35 min`, `1 d 4 h`, `13 d`: two units, and days only from ten days on.
    /// Truncated, not rounded, so that a duration is never shown before it has elapsed; negative ones have a minus
    /// sign.
    /// - Parameter seconds: `unknown` if not finite.
    package static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return unknown }
        let sign = seconds < 0 ? "−" : ""
        let size = seconds.magnitude
        guard size >= 1 else {
            let ms = Int64(saturating: (size * 1000).rounded())
            return ms == 0 ? (size == 0 ? "0 s" : "under 1 ms") : sign + (ms == 1000 ? "1 s" : "\(ms) ms")
        }
        return sign + whole(Int64(saturating: size))
    }

    /// See `duration(_: Double)`.
    package static func duration(_ duration: Duration) -> String { Words.duration(duration.seconds) }

    /// Like `duration`, with tenths below ten seconds: `1.0 s`, for measured rather than counted durations.
    package static func measured(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude >= 0.9995, seconds.magnitude < 9.95 else { return duration(seconds) }
        return decimal(seconds, digits: 1, keepsZeros: true) + " s"
    }

    private static func whole(_ seconds: Int64) -> String {
        let (s, m, h, d) = (seconds % 60, seconds / 60 % 60, seconds / 3600 % 24, seconds / 86400)
        if d >= 10 { return "\(d) d" }
        if d > 0 { return h == 0 ? "\(d) d" : "\(d) d \(h) h" }
        if h > 0 { return m == 0 ? "\(h) h" : "\(h) h \(m) min" }
        if m > 0 { return s == 0 ? "\(m) min" : "\(m) min \(s) s" }
        return "\(s) s"
    }

    // MARK: Numbers

    /// Shown in place of an unknown number.
    package static let unknown = "unknown"

    /// `0 B`, `48 KiB`, `20.6 KiB`, `1.5 GiB`; `unknown` if not finite.
    package static func size(_ bytes: Double) -> String {
        guard bytes.isFinite else { return unknown }
        var (value, unit) = (bytes, "B")
        for next in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
            if value.magnitude < 1023.5 { break }
            value /= 1024
            unit = next
        }
        return number(value) + " " + unit
    }

    /// At most three significant digits, without an exponent and with a comma between thousands: `0.25`, `99.8`,
    /// `1,204`. `unknown` for NaN, `∞` for infinity.
    package static func number(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? unknown : value < 0 ? "−∞" : "∞" }
        let size = value.magnitude
        switch size {
        case 0: return "0"
        case ..<0.001: return value < 0 ? "−0.001" : "under 0.001"
        case ..<1: return decimal(value, digits: 3)
        case ..<10: return decimal(value, digits: 2)
        case ..<100: return decimal(value, digits: 1)
        case ..<1e15: return thousands(Int64(saturating: value.rounded()))
        default: return goFormat(value)
        }
    }

    /// `1,204`
    package static func thousands(_ number: Int64) -> String {
        let digits = String(number.magnitude)
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "−" : "") + text
    }

    /// A ratio as `99.8 %`.
    package static func percent(_ ratio: Double) -> String {
        ratio.isFinite ? number((ratio * 1000).rounded() / 10) + " %" : unknown
    }

    /// `1 backup`, `2 backups`, `no backups`.
    /// - Parameter plural: if it is not the noun with an `s`.
    package static func count(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        if count == 1 { return "1 \(noun)" }
        return (count == 0 ? "no" : thousands(Int64(count))) + " " + (plural ?? noun + "s")
    }

    /// `a`, `a and b`, `a, b and c`; over the limit, the first ones and the number of others.
    package static func list(_ items: [String], limit: Int = 5) -> String {
        var items = items
        if items.count > limit {
            let rest = items.count - limit
            items = items.prefix(limit) + [Words.thousands(Int64(rest)) + " more"]
        }
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// Rounded to the given number of decimals, 1 to 3.
    private static func decimal(_ value: Double, digits: Int, keepsZeros: Bool = false) -> String {
        let scale: Double = digits == 1 ? 10 : digits == 2 ? 100 : 1000
        let whole = Int64(saturating: (value.magnitude * scale).rounded())
        let unit = Int64(saturating: scale)
        let padded = String(whole % unit + unit).dropFirst()
        var fraction = String(padded)
        while fraction.last == "0", !keepsZeros { fraction.removeLast() }
        return (value < 0 ? "−" : "") + String(whole / unit) + (fraction.isEmpty ? "" : "." + fraction)
    }
}

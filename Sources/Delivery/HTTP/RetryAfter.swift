import Samples
import Text
import Transport

/// `Retry-After`: seconds or an HTTP date. Source: RFC 9110 §10.2.3.
enum RetryAfter {
    /// Longer delays are capped: one header must not delay a page by a day.
    static let maxDelay: Duration = .seconds(3600)

    static func read(_ value: String?, now: Timestamp) -> Duration? {
        guard let value, !value.isEmpty else { return nil }
        if value.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            // A number too large for Int64 still means a long delay.
            // Checked: a text, not a number.
            return Int64(value).map { .seconds(min($0, maxDelay.components.seconds)) } ?? maxDelay
        }
        guard let date = HTTPDate.parse(value) else { return nil }
        return min(max(date - now, .zero), maxDelay)
    }
}

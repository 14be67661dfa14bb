import Platform
import Samples

/// The wall clock, for `Date` headers only; the simulation gets its time passed in.
enum SystemWall {
    static func now() -> Timestamp { SystemTime().wall() }
}

/// `Mon, 23 Nov 2026 20:50:02 GMT`, RFC 9110 §5.6.7.
func httpDate(_ time: Timestamp) -> String {
    let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    let c = time.civil
    return
        "\(days[c.weekday]), \(two(c.day)) \(months[c.month - 1]) \(c.year) \(two(c.hour)):\(two(c.minute)):\(two(c.second)) GMT"
}

func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

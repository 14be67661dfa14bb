extension Timestamp {
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, for HTTP's headers. Source: RFC 9110, 5.6.7.
    public var httpDate: String { rfc5322("GMT") }

    /// `Sun, 06 Nov 1994 08:49:37 +0000`, for a mail's `Date` header. Source: RFC 5322, 3.3.
    public var mailDate: String { rfc5322("+0000") }

    private func rfc5322(_ zone: String) -> String {
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let c = civil
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let time = "\(two(c.hour)):\(two(c.minute)):\(two(c.second))"
        return "\(days[c.weekday % 7]), \(two(c.day)) \(months[(c.month - 1) % 12]) \(c.year) \(time) \(zone)"
    }
}

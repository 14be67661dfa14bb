import Text

extension Duration {
    /// Parses a duration as Prometheus and Alertmanager write it: `1h30m`, `15s`, `500ms`, `0`.
    /// Units come in descending order, each at most once: y (365 d), w, d, h, m, s, ms. Nil for anything else and on
    /// overflow.
    /// Source: prometheus/common, model.ParseDuration.
    public init?(prometheus text: String) {
        if text == "0" {
            self = .zero
            return
        }
        let units: [(String, Int64)] = [
            ("y", 31_536_000_000), ("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000),
            ("ms", 1),
        ]
        var total: Int64 = 0
        var nextUnit = 0
        var rest = Substring(text)
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isASCII && $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let amount = Int64(digits), let index = units.firstIndex(where: { $0.0 == name }), index >= nextUnit
            else { return nil }
            let (product, overflowed) = amount.multipliedReportingOverflow(by: units[index].1)
            let (sum, overflowedSum) = total.addingReportingOverflow(product)
            guard !overflowed, !overflowedSum, sum <= Int64.max / 1_000_000 else { return nil }
            total = sum
            nextUnit = index + 1
        }
        self = .milliseconds(total)
    }

    /// The duration as prometheus/common's `model.Duration.String` writes it; parts below a millisecond are dropped.
    public var prometheusDescription: String {
        // `Int64.min` has no positive counterpart in `Int64`.
        var rest = milliseconds.magnitude
        if rest == 0 { return "0s" }
        var out = milliseconds < 0 ? "-" : ""
        func take(_ unit: String, _ size: UInt64, exact: Bool) {
            if exact && rest % size != 0 { return }
            let amount = rest / size
            if amount > 0 {
                out += "\(amount)\(unit)"
                rest -= amount * size
            }
        }
        // Years, weeks and days are used only where nothing remains: `1w`, but `169h`.
        take("y", 31_536_000_000, exact: true)
        take("w", 604_800_000, exact: true)
        take("d", 86_400_000, exact: true)
        take("h", 3_600_000, exact: false)
        take("m", 60_000, exact: false)
        take("s", 1000, exact: false)
        take("ms", 1, exact: false)
        return out
    }
}

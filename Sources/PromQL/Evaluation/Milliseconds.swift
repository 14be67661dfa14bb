extension Int64 {
    /// The difference, saturating: `@` and `offset` accept any time.
    func minus(_ other: Int64) -> Int64 {
        let (difference, overflowed) = subtractingReportingOverflow(other)
        return overflowed ? (other > 0 ? .min : .max) : difference
    }
}

/// The times at which an expression is evaluated: milliseconds, in ascending order.
typealias Times = [Int64]

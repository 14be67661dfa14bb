extension Int64 {
    /// The difference, or the end of the range that it would run over: `@` and `offset` may ask for any time.
    func minus(_ other: Int64) -> Int64 {
        let (difference, isOver) = subtractingReportingOverflow(other)
        return isOver ? (other > 0 ? .min : .max) : difference
    }
}

/// The times at which an expression is evaluated: milliseconds, in ascending order.
typealias Times = [Int64]

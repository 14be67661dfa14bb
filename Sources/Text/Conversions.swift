/// Conversions and arithmetic for numbers of external origin: from Vault, PostgreSQL, S3, a page, a file, the API, the
/// journal or the configuration. The standard library's own, such as `Int(_: Double)` and `+`, trap on values that the
/// type can't represent, and a trap ends the process. If only an exact value makes sense, use the standard library's
/// `init?(exactly:)` and reject the rest.
extension FixedWidthInteger {
    /// The integer part of a number, clamped to the type's range; 0 for NaN.
    @inlinable public init(saturating value: Double) {
        let whole = value.rounded(.towardZero)
        self = Self(exactly: whole) ?? (whole.isNaN ? 0 : whole < 0 ? .min : .max)
    }

    /// The sum, clamped to the type's range.
    @inlinable public func addingSaturated(_ other: Self) -> Self {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, clamped to the type's range.
    @inlinable public func subtractingSaturated(_ other: Self) -> Self {
        let (difference, isOver) = subtractingReportingOverflow(other)
        return isOver ? (other < 0 ? .max : .min) : difference
    }

    /// The product, clamped to the type's range.
    @inlinable public func multipliedSaturated(by other: Self) -> Self {
        let (product, isOver) = multipliedReportingOverflow(by: other)
        return isOver ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; clamped at 292 million years.
    @inlinable public var milliseconds: Int64 { whole(attoseconds: 1_000_000_000_000_000) }

    /// Whole nanoseconds, rounded towards zero; clamped at 292 years.
    @inlinable public var nanoseconds: Int64 { whole(attoseconds: 1_000_000_000) }

    /// Seconds with their fraction, the unit of metrics.
    @inlinable public var seconds: Double {
        let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
        return Double(whole) + Double(rest) * 1e-18
    }

    /// The number of whole units of so many attoseconds. `components` would trap beyond `Int64` seconds.
    @usableFromInline func whole(attoseconds unit: Int128) -> Int64 {
        Int64(clamping: attoseconds / unit)
    }
}

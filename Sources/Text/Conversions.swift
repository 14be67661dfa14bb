/// Conversions and arithmetic for numbers that come from outside: from Vault, PostgreSQL, S3, a page, a file, the API,
/// the journal or the configuration. The standard library's own, such as `Int(_: Double)` and `+`, trap on what the type
/// can't hold, and a trap ends the process. Where only an exact value makes sense, use the standard library's
/// `init?(exactly:)` and refuse the rest.
extension FixedWidthInteger {
    /// The integer part of a number; the type's nearest bound where it lies beyond, 0 for NaN.
    @inlinable public init(saturating value: Double) {
        let whole = value.rounded(.towardZero)
        self = Self(exactly: whole) ?? (whole.isNaN ? 0 : whole < 0 ? .min : .max)
    }

    /// The sum, or the bound that it would pass.
    @inlinable public func addingSaturated(_ other: Self) -> Self {
        let (sum, isOver) = addingReportingOverflow(other)
        return isOver ? (other < 0 ? .min : .max) : sum
    }

    /// The difference, or the bound that it would pass.
    @inlinable public func subtractingSaturated(_ other: Self) -> Self {
        let (difference, isOver) = subtractingReportingOverflow(other)
        return isOver ? (other < 0 ? .max : .min) : difference
    }

    /// The product, or the bound that it would pass.
    @inlinable public func multipliedSaturated(by other: Self) -> Self {
        let (product, isOver) = multipliedReportingOverflow(by: other)
        return isOver ? ((self < 0) == (other < 0) ? .max : .min) : product
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero; `Int64`'s bounds beyond 292 million years.
    @inlinable public var milliseconds: Int64 { whole(attoseconds: 1_000_000_000_000_000) }

    /// Whole nanoseconds, rounded towards zero; `Int64`'s bounds beyond 292 years.
    @inlinable public var nanoseconds: Int64 { whole(attoseconds: 1_000_000_000) }

    /// Seconds with their fraction, as metrics have them.
    @inlinable public var seconds: Double {
        let (whole, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000_000)
        return Double(whole) + Double(rest) * 1e-18
    }

    /// How many units of so many attoseconds it holds. `components` would trap beyond `Int64`'s seconds.
    @usableFromInline func whole(attoseconds unit: Int128) -> Int64 {
        Int64(clamping: attoseconds / unit)
    }
}

#if canImport(Glibc)
    import Glibc
#endif

/// Functions of Go's math package where they differ from Glibc's, and the functions of one number.
enum GoMath {
    /// Go's `math.Max`: +Inf where either is +Inf, else NaN where either is NaN.
    static func larger(_ a: Double, _ b: Double) -> Double {
        if a == .infinity || b == .infinity { return .infinity }
        return a.isNaN || b.isNaN ? .nan : max(a, b)
    }

    /// Go's `math.Min`: -Inf where either is -Inf, else NaN where either is NaN.
    static func smaller(_ a: Double, _ b: Double) -> Double {
        if a == -.infinity || b == -.infinity { return -.infinity }
        return a.isNaN || b.isNaN ? .nan : min(a, b)
    }

    /// Go's `math.Log2` to the last bit, since floor() and count_values make differences visible.
    private static func log2(_ x: Double) -> Double {
        // Swift's frexp drops the sign.
        if x < 0 { return .nan }
        let (fraction, exponent) = frexp(x)
        if fraction == 0.5 { return Double(exponent - 1) }
        return Glibc.log(fraction) * 1.44269504088896340735992468100189214 + Double(exponent)
    }

    /// The implementation of a function of one number; nil for any other function.
    static func plain(_ name: Function.Name) -> ((Double) -> Double)? {
        switch name {
        case .abs: { $0.magnitude }
        case .ceil: { $0.rounded(.up) }
        case .floor: { $0.rounded(.down) }
        case .exp: { Glibc.exp($0) }
        case .sqrt: { $0.squareRoot() }
        case .ln: { Glibc.log($0) }
        case .log2: { log2($0) }
        case .log10: { Glibc.log10($0) }
        case .sin: { Glibc.sin($0) }
        case .cos: { Glibc.cos($0) }
        case .tan: { Glibc.tan($0) }
        case .asin: { Glibc.asin($0) }
        case .acos: { Glibc.acos($0) }
        case .atan: { Glibc.atan($0) }
        case .sinh: { Glibc.sinh($0) }
        case .cosh: { Glibc.cosh($0) }
        case .tanh: { Glibc.tanh($0) }
        case .asinh: { Glibc.asinh($0) }
        case .acosh: { Glibc.acosh($0) }
        case .atanh: { Glibc.atanh($0) }
        case .rad: { $0 * .pi / 180 }
        case .deg: { $0 * 180 / .pi }
        case .sgn: { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        default: nil
        }
    }
}

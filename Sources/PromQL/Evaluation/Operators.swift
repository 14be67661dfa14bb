import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// Arithmetic and comparison of two numbers, with Go's semantics.
enum Operators {
    @inline(__always) static func compute(_ operation: Binary.Operator, _ a: Double, _ b: Double) -> Double {
        switch operation {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .modulo: fmod(a, b)
        case .power: pow(a, b)
        case .atan2: Glibc.atan2(a, b)
        default: .nan
        }
    }

    @inline(__always) static func compares(_ operation: Binary.Operator, _ a: Double, _ b: Double) -> Bool {
        switch operation {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        default: false
        }
    }
}

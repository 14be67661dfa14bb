import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A shared source of randomness. Tests seed it, so that every run can be had again.
package protocol RandomSource: Sendable {
    func next() -> UInt64
}

extension RandomSource {
    /// Uniform in `0..<1`.
    package func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A random UUID, version 4.
    package func uuid() -> String { Text.uuid(next(), next()) }
}

/// The system's cryptographic generator.
package struct SystemRandom: RandomSource {
    package init() {}
    package func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

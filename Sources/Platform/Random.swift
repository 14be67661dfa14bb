import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A source of random numbers. Tests pass a seeded one, so that every run is reproducible.
package protocol RandomSource: Sendable {
    /// The next number, uniform over all 64-bit values.
    func next() -> UInt64
}

extension RandomSource {
    /// The next number, uniform in `0..<1`.
    package func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// A random UUID, version 4.
    package func uuid() -> String { Text.uuid(next(), next()) }
}

/// The system's cryptographic random generator.
package struct SystemRandom: RandomSource {
    /// The generator; it has no state of its own.
    package init() {}
    /// A random number from `SystemRandomNumberGenerator`.
    package func next() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}

import Platform
import Synchronization

/// Reproducible randomness from a seed: Vigna's splitmix64.
package final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    /// A generator whose numbers are determined by the seed.
    package init(seed: UInt64) { state = Mutex(seed) }

    /// The next number. Source: splitmix64.
    package func next() -> UInt64 {
        let z0 = state.withLock { state -> UInt64 in
            state &+= 0x9e37_79b9_7f4a_7c15
            return state
        }
        var z = (z0 ^ (z0 >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// Uniform in `0..<count`.
    package func below(_ count: Int) -> Int { count > 0 ? Int(next() % UInt64(count)) : 0 }

    /// True in `percent` of 100 calls.
    package func chance(_ percent: Int) -> Bool { below(100) < percent }
}

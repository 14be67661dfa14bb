import Probes

/// How many unseal keys a copy has and needs.
package struct SealNumbers: Sendable, Hashable, Encodable {
    /// The number of keys.
    package var shares: Int
    /// The number of keys needed.
    package var threshold: Int

    /// From `core/seal-config`, as Vault stores it; nil for anything else than Shamir's seal.
    package init?(_ bytes: [UInt8]) {
        struct Kind: Decodable { let type: String }
        guard decodeJSON(Kind.self, bytes)?.type == "shamir", let seal = decodeJSON(SnapshotFacts.Seal.self, bytes),
            (1...255).contains(seal.shares), (1...seal.shares).contains(seal.threshold)
        else { return nil }
        self.init(shares: seal.shares, threshold: seal.threshold)
    }

    /// Known numbers.
    package init(shares: Int, threshold: Int) {
        self.shares = shares
        self.threshold = threshold
    }
}

import CCrypto
import Platform

/// SHA-256 of credentials, prefixed with a random key: the stored hashes reveal nothing about passwords and tokens, and
/// an attacker can't choose credentials by their hash.
struct CredentialHash: Sendable {
    private let key: [UInt8]

    init(random: any RandomSource) {
        key = (0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    /// - Returns: nil when memory has run out. Source: EVP_Digest(3).
    func callAsFunction(_ credentials: [UInt8]) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let bytes = key + credentials
        return EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1 ? digest : nil
    }
}

import CCrypto
import Text

/// Hex SHA-256, EVP_Digest(3).
enum Digest {
    static func sha256(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let bytes = Array(text.utf8)
        // It only fails when memory has run out; the text itself is an equally stable key.
        guard EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1 else { return text }
        return digest.hexadecimal
    }
}

/// Identifies a group at receivers: PagerDuty's `dedup_key`, and the value of Slack's buttons.
package enum GroupDigest {
    /// A digest of the group key: stable over restarts and the same for two agents, so that repeats update the same
    /// incident.
    package static func of(_ groupKey: String) -> String { Digest.sha256(groupKey) }
}

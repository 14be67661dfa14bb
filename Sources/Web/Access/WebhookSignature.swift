import CCrypto
import Text

/// The signature of PagerDuty's webhooks: `v1=` and the hexadecimal HMAC-SHA-256 of the body. The header has one for
/// each secret while secrets are rotated. Source: developer.pagerduty.com/docs/verifying-webhook-signatures.
enum WebhookSignature {
    /// Maximum number of signatures that are checked.
    private static let limit = 8

    /// Whether one of the header's signatures is that of the body, in a time that depends neither on which one nor on
    /// where they differ.
    static func isValid(_ header: String, of body: [UInt8], secret: String) -> Bool {
        var expected = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let key = Array(secret.utf8)
        guard !key.isEmpty, key.count <= 4096,
            HMAC(EVP_sha256(), key, Int32(key.count), body, body.count, &expected, &length) != nil, length == 32
        else { return false }
        let text = Array("v1=\(expected.hexadecimal)".utf8)
        var isFound = false
        for one in header.split(separator: ",").prefix(limit) {
            let given = Array(String(one.filter { $0 != " " }).lowercased().utf8)
            guard given.count == text.count else { continue }
            let difference = zip(given, text).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
            if difference == 0 { isFound = true }
        }
        return isFound
    }
}

import CCrypto
package import Platform
import Text

/// What a form carries to show that one of our pages has made it for this user and this action: HMAC-SHA-256 over user,
/// action and hour. A page of another site can't read it, and a second tab or a restart breaks nothing.
package enum FormToken {
    /// How many hours after its own one it is taken: as long as a page may lie open.
    private static let lifetime: Int64 = 12

    /// 32 bytes that nobody can guess.
    package static func key(_ random: any RandomSource) -> [UInt8] {
        (0..<4).flatMap { _ in withUnsafeBytes(of: random.next()) { Array($0) } }
    }

    /// - Parameters:
    ///   - user: who is to send the form.
    ///   - action: the form's path.
    ///   - hour: since the epoch.
    /// - Returns: empty where memory has run out.
    static func make(key: [UInt8], user: String, action: String, hour: Int64) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        // The length tells where the action ends.
        let text = Array("\(hour)\n\(action.utf8.count)\n\(action)\n\(user)".utf8)
        // Checked: a key has 32 bytes.
        guard HMAC(EVP_sha256(), key, Int32(key.count), text, text.count, &digest, &length) != nil, length == 32 else {
            return ""
        }
        return digest.hexadecimal
    }

    /// Whether the token is that of this user and action, made in this hour or one of the twelve before.
    static func isValid(_ token: String, key: [UInt8], user: String, action: String, hour: Int64) -> Bool {
        let given = Array(token.utf8.prefix(65))
        var isFound = false
        for past in 0...lifetime {
            let expected = Array(make(key: key, user: user, action: action, hour: hour - past).utf8)
            guard expected.count == 64 else { return false }
            if ConstantTime.isSame(given, expected) { isFound = true }
        }
        return isFound
    }
}

import CCrypt
import Dispatch
import FoundationEssentials
import Synchronization

/// Basic authentication against bcrypt hashes. Source: RFC 7617; crypt(5).
///
/// bcrypt is slow on purpose, so checks run one at a time on a queue of their own, and the last correct password of
/// each user is cached.
final class BasicAuthentication: Sendable {
    private let users: [String: String]
    private let known = Mutex<[String: [UInt8]]>([:])
    private let thread = DispatchQueue(label: "vaultwatch.bcrypt")

    init(users: [String: String]) { self.users = users }

    /// Whether the `Authorization` header has the credentials of a user; true when no users are configured.
    func allows(_ header: String?) async -> Bool {
        guard !users.isEmpty else { return true }
        guard let (user, password) = BasicAuthentication.credentials(header) else { return false }
        let hash = users[user]
        if hash != nil, let remembered = known.withLock({ $0[user] }), BasicAuthentication.isSame(remembered, password)
        {
            return true
        }
        // For an unknown user some hash is checked all the same, so that the time does not tell whether the user
        // exists.
        guard let tried = hash ?? users.values.first else { return false }
        let isRight = await withCheckedContinuation { continuation in
            thread.async { continuation.resume(returning: Bcrypt.verify(password, tried)) }
        }
        guard isRight, hash != nil else { return false }
        known.withLock { $0[user] = password }
        return true
    }

    private static func credentials(_ header: String?) -> (user: String, password: [UInt8])? {
        guard let header, header.utf8.count <= 4096, header.lowercased().hasPrefix("basic "),
            let data = Data(base64Encoded: String(header.dropFirst(6)))
        else { return nil }
        let bytes = Array(data)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), !bytes.contains(0) else { return nil }
        return (String(decoding: bytes[..<colon], as: UTF8.self), Array(bytes[(colon + 1)...]))
    }

    /// Compares in a time that does not depend on where the arrays differ.
    static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a, b) { difference |= x ^ y }
        return difference == 0
    }
}

/// bcrypt of the system's libcrypt. Source: crypt(5), crypt_rn(3).
enum Bcrypt {
    /// Whether the password has this hash. Takes as long as the hash's cost says.
    static func verify(_ password: [UInt8], _ hash: String) -> Bool {
        guard isHash(hash) else { return false }
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
        // A bcrypt hash has 60 characters.
        var output = [CChar](repeating: 0, count: 64)
        guard vw_crypt(phrase, hash, &output, output.count) == 0 else { return false }
        let result = output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return BasicAuthentication.isSame(result, Array(hash.utf8))
    }

    /// Whether the text is a bcrypt hash: `$2y$10$` (or another variant) and 53 characters.
    static func isHash(_ text: String) -> Bool {
        let b = Array(text.utf8)
        return b.count == 60 && b[0] == UInt8(ascii: "$") && b[1] == UInt8(ascii: "2") && b[3] == UInt8(ascii: "$")
            && b[6] == UInt8(ascii: "$")
    }
}

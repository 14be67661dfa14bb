import CCrypt

/// bcrypt from the system's libcrypt. Source: crypt(5), crypt_rn(3).
package enum Bcrypt {
    /// Whether the password matches this hash. The time it takes depends on the hash's cost.
    static func verify(_ password: [UInt8], _ hash: String) -> Bool {
        guard isHash(hash) else { return false }
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
        // A bcrypt hash has 60 characters.
        var output = [CChar](repeating: 0, count: 64)
        guard vw_crypt(phrase, hash, &output, output.count) == 0 else { return false }
        let result = output.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return ConstantTime.isSame(result, Array(hash.utf8))
    }

    /// Whether the text is a bcrypt hash: `$2y$10$` (or another variant) and 53 characters.
    package static func isHash(_ text: String) -> Bool {
        let b = Array(text.utf8)
        return b.count == 60 && b[0] == UInt8(ascii: "$") && b[1] == UInt8(ascii: "2") && b[3] == UInt8(ascii: "$")
            && b[6] == UInt8(ascii: "$")
    }

    /// The cost of a check, as a base-2 logarithm; nil if the text is not a hash.
    package static func cost(_ hash: String) -> Int? {
        isHash(hash) ? Int(String(decoding: Array(hash.utf8)[4..<6], as: UTF8.self)) : nil
    }
}

/// Comparisons in constant time.
enum ConstantTime {
    /// Compares in a time that does not depend on where the arrays differ.
    static func isSame(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        var difference: UInt8 = 0
        for (x, y) in zip(a, b) { difference |= x ^ y }
        return difference == 0
    }
}

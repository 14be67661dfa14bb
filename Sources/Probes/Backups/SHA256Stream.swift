import CCrypto
import Text

/// A SHA-256 of bytes that arrive in pieces. Source: EVP_DigestInit(3).
final class SHA256Stream {
    private let context = EVP_MD_CTX_new()
    private var isBroken: Bool

    init() { isBroken = context == nil || EVP_DigestInit_ex(context, EVP_sha256(), nil) != 1 }

    deinit { EVP_MD_CTX_free(context) }

    func take(_ piece: UnsafeBufferPointer<UInt8>) {
        if EVP_DigestUpdate(context, piece.baseAddress, piece.count) != 1 { isBroken = true }
    }

    /// 64 hexadecimal digits, lower case; nil if libcrypto failed.
    func finish() -> String? {
        var digest = [UInt8](repeating: 0, count: 32)
        guard !isBroken, EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return nil }
        return digest.hexadecimal
    }
}

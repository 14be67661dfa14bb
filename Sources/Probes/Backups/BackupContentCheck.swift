import CCrypto
import Synchronization
import Text

/// Computes a backup's SHA-256 and verifies its AES-256-GCM tag as the object streams through, in constant memory.
///
/// A backup is IV (16 bytes) ‖ tag (16) ‖ ciphertext; GCM allows a 16-byte IV. The plaintext is overwritten at once.
/// Source: EVP_DigestInit(3), EVP_EncryptInit(3) "GCM and OCB Modes", NIST SP 800-38D.
final class BackupContentCheck: Sendable {
    /// The outcome for a whole object.
    struct Result: Sendable, Hashable {
        /// 64 hexadecimal digits, lower case.
        var sha256: String
        /// Whether the GCM tag matches; nil without a key.
        var isEncryptionValid: Bool?
        var bytes: Int64
    }

    private struct State: ~Copyable {
        let digest = EVP_MD_CTX_new()
        let cipher: OpaquePointer?
        let key: [UInt8]?
        /// IV and tag as far as they have arrived.
        var header: [UInt8] = []
        var plain: [UInt8] = []
        var bytes: Int64 = 0
        var isDecrypting = false
        var isBroken = false

        init(key: [UInt8]?) {
            self.key = key
            cipher = key == nil ? nil : EVP_CIPHER_CTX_new()
            isBroken =
                digest == nil || (key != nil && cipher == nil) || EVP_DigestInit_ex(digest, EVP_sha256(), nil) != 1
        }

        deinit {
            EVP_MD_CTX_free(digest)
            EVP_CIPHER_CTX_free(cipher)
        }
    }

    private static let ivSize = 16
    private static let tagSize = 16
    private let state: Mutex<State>

    /// - Parameter key: 32 bytes, or nil to compute the checksum alone.
    init(key: [UInt8]?) { state = Mutex(State(key: key)) }

    /// Processes the next bytes; pieces must arrive in order.
    func take(_ piece: [UInt8]) {
        state.withLock { state in
            state.bytes += Int64(piece.count)
            if EVP_DigestUpdate(state.digest, piece, piece.count) != 1 { state.isBroken = true }
            guard let key = state.key else { return }
            let missing = BackupContentCheck.ivSize + BackupContentCheck.tagSize - state.header.count
            state.header += piece.prefix(missing)
            if missing > piece.count { return }
            if !state.isDecrypting { BackupContentCheck.begin(&state, key) }
            BackupContentCheck.decrypt(&state, piece.dropFirst(max(0, missing)))
        }
    }

    private static func begin(_ state: inout State, _ key: [UInt8]) {
        state.isDecrypting = true
        let iv = Array(state.header.prefix(ivSize))
        var tag = Array(state.header.suffix(tagSize))
        let begun =
            EVP_DecryptInit_ex(state.cipher, EVP_aes_256_gcm(), nil, nil, nil) == 1
            && EVP_CIPHER_CTX_ctrl(state.cipher, EVP_CTRL_AEAD_SET_IVLEN, Int32(ivSize), nil) == 1
            && EVP_DecryptInit_ex(state.cipher, nil, nil, key, iv) == 1
            && EVP_CIPHER_CTX_ctrl(state.cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tagSize), &tag) == 1
        if !begun { state.isBroken = true }
    }

    private static func decrypt(_ state: inout State, _ piece: ArraySlice<UInt8>) {
        guard !piece.isEmpty else { return }
        if state.plain.count < piece.count { state.plain = [UInt8](repeating: 0, count: piece.count) }
        var written: Int32 = 0
        let count = Int32(truncatingIfNeeded: piece.count)
        let cipher = state.cipher
        let done = piece.withUnsafeBufferPointer { input in
            state.plain.withUnsafeMutableBufferPointer { output in
                defer { output.update(repeating: 0) }
                return EVP_DecryptUpdate(cipher, output.baseAddress, &written, input.baseAddress, count)
            }
        }
        if done != 1 { state.isBroken = true }
    }

    /// Ends the check after the last piece.
    /// - Returns: nil when libcrypto failed, which says nothing about the backup.
    func finish() -> Result? {
        state.withLock { state in
            var digest = [UInt8](repeating: 0, count: 32)
            guard !state.isBroken, EVP_DigestFinal_ex(state.digest, &digest, nil) == 1 else { return nil }
            var isValid: Bool?
            if state.key != nil {
                var rest = [UInt8](repeating: 0, count: 16)
                var written: Int32 = 0
                // An object shorter than IV and tag holds no ciphertext and is invalid.
                isValid = state.isDecrypting && EVP_DecryptFinal_ex(state.cipher, &rest, &written) == 1
            }
            let hex = digest.hexadecimal
            return Result(sha256: hex, isEncryptionValid: isValid, bytes: state.bytes)
        }
    }
}

import CCrypto
import Synchronization

/// Computes a backup's SHA-256, verifies its AES-256-GCM tag with each key and inspects its content, as the object
/// streams through, in constant memory.
///
/// A backup is IV (16 bytes) ‖ tag (16) ‖ ciphertext; GCM allows a 16-byte IV. The plaintext is overwritten at once.
/// Source: EVP_EncryptInit(3) "GCM and OCB Modes", NIST SP 800-38D.
package final class BackupContentCheck: Sendable {
    /// The outcome for a whole object.
    package struct Result: Sendable, Hashable {
        /// 64 hexadecimal digits, lower case.
        package var sha256: String
        /// Whether the GCM tag matches with one of the keys; nil without a key.
        package var isEncryptionValid: Bool?
        /// The index of the key that decrypts it, from 0.
        package var keyIndex: Int?
        /// The content: of the decrypted data, or of the object itself if it was not decrypted and has a known format.
        /// Nil if it seems to be encrypted.
        package var content: BackupContent?
        /// How many were taken.
        package var bytes: Int64
    }

    private struct State: ~Copyable {
        let digest = SHA256Stream()
        let decryptions: [Decryption]
        /// IV and tag, as far as received.
        var header: [UInt8] = []
        /// Reads the object as stored.
        var stored = BackupContentReader()
        var bytes: Int64 = 0
        var isDecrypting = false
    }

    /// The bytes of the IV, at the beginning.
    package static let ivSize = 16
    /// The bytes of the tag, after the IV.
    package static let tagSize = 16
    private let state: Mutex<State>

    /// - Parameter keys: 32 bytes each; without any the object is read as stored.
    package init(keys: [[UInt8]]) { state = Mutex(State(decryptions: keys.map { Decryption(key: $0) })) }

    /// Processes the next bytes; pieces must arrive in order.
    package func take(_ piece: [UInt8]) {
        state.withLock { state in
            state.bytes += Int64(piece.count)
            piece.withUnsafeBufferPointer {
                state.digest.take($0)
                state.stored.take($0)
            }
            guard !state.decryptions.isEmpty else { return }
            let missing = BackupContentCheck.ivSize + BackupContentCheck.tagSize - state.header.count
            state.header += piece.prefix(missing)
            if missing > piece.count { return }
            if !state.isDecrypting {
                state.isDecrypting = true
                for decryption in state.decryptions { decryption.begin(state.header) }
            }
            let rest = piece.dropFirst(max(0, missing))
            if !rest.isEmpty { for decryption in state.decryptions { decryption.take(rest) } }
        }
    }

    /// Ends the check after the last piece.
    /// - Returns: nil if libcrypto failed, which says nothing about the backup.
    package func finish() -> Result? {
        state.withLock { state in
            guard let sha256 = state.digest.finish(), !state.decryptions.contains(where: { $0.isBroken }) else {
                return nil
            }
            var result = Result(sha256: sha256, bytes: state.bytes)
            if !state.decryptions.isEmpty {
                // An object shorter than IV and tag has no ciphertext and is invalid.
                result.keyIndex = state.isDecrypting ? state.decryptions.firstIndex { $0.finish() } : nil
                result.isEncryptionValid = result.keyIndex != nil
            }
            if let index = result.keyIndex {
                result.content = state.decryptions[index].content()
            } else {
                let stored = state.stored.finish()
                result.content = stored.format == .unknown && stored.fault == nil ? nil : stored
            }
            return result
        }
    }
}

/// Decrypts with one key, and inspects the plaintext.
private final class Decryption {
    private let cipher = EVP_CIPHER_CTX_new()
    private let key: [UInt8]
    private var plain: [UInt8] = []
    private var reader = BackupContentReader()
    /// Whether libcrypto failed for reasons other than the content.
    private(set) var isBroken: Bool

    init(key: [UInt8]) {
        self.key = key
        isBroken = cipher == nil
    }

    deinit { EVP_CIPHER_CTX_free(cipher) }

    /// - Parameter header: IV ‖ tag.
    func begin(_ header: [UInt8]) {
        let iv = Array(header.prefix(BackupContentCheck.ivSize))
        var tag = Array(header.suffix(BackupContentCheck.tagSize))
        let begun =
            EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, nil, nil) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, Int32(BackupContentCheck.ivSize), nil) == 1
            && EVP_DecryptInit_ex(cipher, nil, nil, key, iv) == 1
            && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(BackupContentCheck.tagSize), &tag) == 1
        if !begun { isBroken = true }
    }

    func take(_ piece: ArraySlice<UInt8>) {
        if plain.count < piece.count { plain = [UInt8](repeating: 0, count: piece.count) }
        var written: Int32 = 0
        let count = Int32(truncatingIfNeeded: piece.count)
        let cipher = cipher
        let done = piece.withUnsafeBufferPointer { input in
            plain.withUnsafeMutableBufferPointer { output in
                defer { output.update(repeating: 0) }
                let done = EVP_DecryptUpdate(cipher, output.baseAddress, &written, input.baseAddress, count)
                let length = min(max(0, Int(written)), output.count)
                reader.take(UnsafeBufferPointer(rebasing: output.prefix(length)))
                return done
            }
        }
        if done != 1 { isBroken = true }
    }

    /// Whether the tag matches all that was decrypted.
    func finish() -> Bool {
        var rest = [UInt8](repeating: 0, count: 16)
        var written: Int32 = 0
        return EVP_DecryptFinal_ex(cipher, &rest, &written) == 1
    }

    func content() -> BackupContent { reader.finish() }
}

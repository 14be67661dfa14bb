import CCrypto
package import Platform
package import Probes
import Synchronization

/// Encrypts a backup while it streams through, and inspects its content: AES-256-GCM into a file of the layout
/// IV (16 bytes) ‖ tag (16) ‖ ciphertext. The tag is known last and written to its place at the end. The plaintext is never
/// on a disk. Constant memory. Source: EVP_EncryptInit(3) "GCM and OCB Modes", NIST SP 800-38D.
package final class BackupSealer: Sendable {
    /// A sealed backup.
    package struct Sealed: Sendable {
        /// The file with the whole object.
        package var file: OpenFile
        /// Of the object, in bytes.
        package var size: Int64
        /// What was encrypted.
        package var content: BackupContent
    }

    private struct State: ~Copyable {
        let cipher: OpaquePointer?
        var reader = BackupContentReader()
        var out = [UInt8](repeating: 0, count: 64 << 10)
        var plainBytes: Int64 = 0

        deinit { EVP_CIPHER_CTX_free(cipher) }
    }

    private static let headerBytes = Int64(BackupContentCheck.ivSize + BackupContentCheck.tagSize)
    private let file: OpenFile
    private let limitBytes: Int64
    private let state: Mutex<State>

    /// Begins an object.
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - iv: 16 bytes that no other backup has had.
    ///   - limitBytes: more plaintext fails.
    /// - Throws: `BackupFailure` of the kinds `key` and `space`.
    package init(key: [UInt8], iv: [UInt8], file: OpenFile, limitBytes: Int) throws(BackupFailure) {
        self.file = file
        self.limitBytes = Int64(limitBytes)
        let cipher = EVP_CIPHER_CTX_new()
        state = Mutex(State(cipher: cipher))
        guard key.count == 32, iv.count == BackupContentCheck.ivSize,
            EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, nil, nil) == 1,
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, Int32(BackupContentCheck.ivSize), nil) == 1,
            EVP_EncryptInit_ex(cipher, nil, nil, key, iv) == 1
        else { throw BackupFailure(.key, "libcrypto does not accept the encryption key") }
        try write(iv, at: 0)
    }

    /// The plaintext so far, in bytes.
    package var plainBytes: Int64 { state.withLock { $0.plainBytes } }

    /// Takes the next bytes; pieces must arrive in order.
    /// - Throws: `BackupFailure` of the kinds `space`, `content` and `key`.
    package func take(_ piece: UnsafeBufferPointer<UInt8>) throws(BackupFailure) {
        let result = state.withLock { state in
            Result { () throws(BackupFailure) in try take(piece, &state) }
        }
        try result.get()
    }

    /// `take` for an array.
    package func take(_ piece: [UInt8]) throws(BackupFailure) {
        let result = piece.withUnsafeBufferPointer { bytes in
            Result { () throws(BackupFailure) in try take(bytes) }
        }
        try result.get()
    }

    private func take(_ piece: UnsafeBufferPointer<UInt8>, _ state: inout State) throws(BackupFailure) {
        guard state.plainBytes + Int64(piece.count) <= limitBytes else {
            throw BackupFailure(
                .content, "the backup is larger than limit_bytes (\(limitBytes)); raise limit_bytes in source")
        }
        state.reader.take(piece)
        var rest = piece[...]
        while !rest.isEmpty {
            let chunk = UnsafeBufferPointer(rebasing: rest.prefix(state.out.count))
            rest = rest.dropFirst(chunk.count)
            var written: Int32 = 0
            let cipher = state.cipher
            let done = state.out.withUnsafeMutableBufferPointer {
                EVP_EncryptUpdate(
                    cipher, $0.baseAddress, &written, chunk.baseAddress, Int32(truncatingIfNeeded: chunk.count))
            }
            guard done == 1, Int(written) == chunk.count else {
                throw BackupFailure(.key, "libcrypto cannot encrypt")
            }
            try write(state.out, count: chunk.count, at: BackupSealer.headerBytes + state.plainBytes)
            state.plainBytes += Int64(chunk.count)
        }
    }

    /// Ends the object after the last piece.
    /// - Throws: `BackupFailure` of the kinds `space` and `key`.
    package func finish() throws(BackupFailure) -> Sealed {
        let result = state.withLock { state in
            Result { () throws(BackupFailure) in
                var tag = [UInt8](repeating: 0, count: BackupContentCheck.tagSize)
                var written: Int32 = 0
                guard EVP_EncryptFinal_ex(state.cipher, &tag, &written) == 1,
                    EVP_CIPHER_CTX_ctrl(
                        state.cipher, EVP_CTRL_AEAD_GET_TAG, Int32(BackupContentCheck.tagSize), &tag) == 1
                else { throw BackupFailure(.key, "libcrypto cannot finish the encryption") }
                try write(tag, at: Int64(BackupContentCheck.ivSize))
                return Sealed(
                    file: file, size: BackupSealer.headerBytes + state.plainBytes, content: state.reader.finish())
            }
        }
        return try result.get()
    }

    private func write(_ bytes: [UInt8], count: Int? = nil, at offset: Int64) throws(BackupFailure) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(FileError) in
                try file.write(UnsafeRawBufferPointer(rebasing: buffer.prefix(count ?? buffer.count)), at: offset)
            }
        }
        do throws(FileError) { try result.get() } catch {
            throw BackupFailure(
                .space, "a temporary file in \(error): make room there, or name another staging.directory")
        }
    }
}

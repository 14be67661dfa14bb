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

    /// One encryption under way; used by one thread at a time.
    private final class Sealing {
        private let cipher = EVP_CIPHER_CTX_new()
        private var reader = BackupContentReader()
        private var out = [UInt8](repeating: 0, count: 64 << 10)
        private let file: OpenFile
        /// Whether libcrypto accepted key and IV.
        let isBegun: Bool
        private(set) var plainBytes: Int64 = 0

        init(key: [UInt8], iv: [UInt8], file: OpenFile) {
            self.file = file
            isBegun =
                key.count == 32 && iv.count == BackupContentCheck.ivSize
                && EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, nil, nil) == 1
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, Int32(BackupContentCheck.ivSize), nil) == 1
                && EVP_EncryptInit_ex(cipher, nil, nil, key, iv) == 1
        }

        deinit { EVP_CIPHER_CTX_free(cipher) }

        func take(_ piece: [UInt8]) throws(BackupFailure) {
            piece.withUnsafeBufferPointer { reader.take($0) }
            for start in stride(from: 0, to: piece.count, by: out.count) {
                let count = min(out.count, piece.count - start)
                var written: Int32 = 0
                let done = piece.withUnsafeBufferPointer { bytes in
                    EVP_EncryptUpdate(
                        cipher, &out, &written, bytes.baseAddress.map { $0 + start }, Int32(truncatingIfNeeded: count))
                }
                guard done == 1, Int(written) == count else { throw BackupFailure(.key, "libcrypto cannot encrypt") }
                try write(out, count: count, at: BackupSealer.headerBytes + plainBytes)
                plainBytes += Int64(count)
            }
        }

        func finish() throws(BackupFailure) -> BackupContent {
            var tag = [UInt8](repeating: 0, count: BackupContentCheck.tagSize)
            var written: Int32 = 0
            guard EVP_EncryptFinal_ex(cipher, &tag, &written) == 1,
                EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, Int32(BackupContentCheck.tagSize), &tag) == 1
            else { throw BackupFailure(.key, "libcrypto cannot finish the encryption") }
            try write(tag, count: tag.count, at: Int64(BackupContentCheck.ivSize))
            return reader.finish()
        }

        func write(_ bytes: [UInt8], count: Int, at offset: Int64) throws(BackupFailure) {
            do throws(FileError) { try file.write(bytes, count: count, at: offset) } catch {
                throw BackupFailure(
                    .space, "a temporary file in \(error): make room there, or name another staging.directory")
            }
        }
    }

    private static let headerBytes = Int64(BackupContentCheck.ivSize + BackupContentCheck.tagSize)
    private let file: OpenFile
    private let limitBytes: Int64
    private let progress: @Sendable (Int64) -> Void
    private let sealing: Mutex<Sealing>

    /// Begins an object.
    /// - Parameters:
    ///   - key: 32 bytes.
    ///   - iv: 16 bytes that no other backup has had.
    ///   - limitBytes: more plaintext fails.
    ///   - progress: called with the bytes of plaintext so far.
    /// - Throws: `BackupFailure` of the kinds `key` and `space`.
    package init(
        key: [UInt8], iv: [UInt8], file: OpenFile, limitBytes: Int,
        progress: @escaping @Sendable (Int64) -> Void = { _ in }
    ) throws(BackupFailure) {
        self.file = file
        self.limitBytes = Int64(limitBytes)
        self.progress = progress
        sealing = Mutex(Sealing(key: key, iv: iv, file: file))
        try sealing.withLock { sealing in
            Result { () throws(BackupFailure) in
                guard sealing.isBegun else {
                    throw BackupFailure(.key, "libcrypto does not accept the encryption key")
                }
                try sealing.write(iv, count: iv.count, at: 0)
            }
        }.get()
    }

    /// The plaintext so far, in bytes.
    package var plainBytes: Int64 { sealing.withLock { $0.plainBytes } }

    /// Takes the next bytes; pieces must arrive in order.
    /// - Throws: `BackupFailure` of the kinds `space`, `content` and `key`.
    package func take(_ piece: [UInt8]) throws(BackupFailure) {
        let bytes = try sealing.withLock { [limitBytes] sealing in
            Result { () throws(BackupFailure) in
                guard sealing.plainBytes + Int64(piece.count) <= limitBytes else {
                    throw BackupFailure(
                        .content,
                        "the backup is larger than limit_bytes (\(limitBytes)); raise limit_bytes in source")
                }
                try sealing.take(piece)
                return sealing.plainBytes
            }
        }.get()
        progress(bytes)
    }

    /// Ends the object after the last piece.
    /// - Throws: `BackupFailure` of the kinds `space` and `key`.
    package func finish() throws(BackupFailure) -> Sealed {
        try sealing.withLock { [file] sealing in
            Result { () throws(BackupFailure) in
                let content = try sealing.finish()
                return Sealed(file: file, size: BackupSealer.headerBytes + sealing.plainBytes, content: content)
            }
        }.get()
    }
}

extension RandomSource {
    /// 16 random bytes.
    func initialisationVector() -> [UInt8] {
        [next(), next()].flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(8 * $0)) } }
    }
}

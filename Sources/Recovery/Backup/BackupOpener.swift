import CCrypto
package import Platform
import Probes

/// Decrypts a downloaded backup into another unnamed file. No byte of plaintext is given to anybody before the tag has
/// been checked. Source: EVP_EncryptInit(3) "GCM and OCB Modes".
package enum BackupOpener {
    private static let chunkBytes = 256 << 10
    private static let headerBytes = Int64(BackupContentCheck.ivSize + BackupContentCheck.tagSize)

    /// Decrypts with the first key whose tag matches.
    /// - Parameters:
    ///   - size: of the encrypted file, in bytes.
    ///   - keys: 32 bytes each.
    ///   - folder: where the plaintext's file is made, 0600 and without a name.
    /// - Returns: the plaintext's file and size, and the index of the key.
    /// - Throws: `BackupFailure` of the kinds `verification` and `space`.
    package static func open(
        _ file: OpenFile, size: Int64, keys: [[UInt8]], in folder: String
    ) throws(BackupFailure) -> (file: OpenFile, size: Int64, keyIndex: Int) {
        guard size > headerBytes else {
            throw BackupFailure(.verification, "the object is shorter than IV and tag: it holds no backup")
        }
        for (index, key) in keys.enumerated() {
            let plain: OpenFile
            do throws(FileError) { plain = try OpenFile(unnamedIn: folder) } catch {
                throw BackupFailure(.space, "a temporary file in \(error)")
            }
            if try decrypt(file, size, key, into: plain) { return (plain, size - headerBytes, index) }
        }
        throw BackupFailure(
            .verification, "the AES-256-GCM tag matches with none of the \(keys.count) keys: another key, or damage")
    }

    private static func decrypt(
        _ file: OpenFile, _ size: Int64, _ key: [UInt8], into plain: OpenFile
    ) throws(BackupFailure) -> Bool {
        let cipher = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(cipher) }
        let header = try read(file, Int(headerBytes), at: 0)
        let iv = Array(header.prefix(BackupContentCheck.ivSize))
        var tag = Array(header.suffix(BackupContentCheck.tagSize))
        guard key.count == 32, EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, nil, nil) == 1,
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_IVLEN, Int32(BackupContentCheck.ivSize), nil) == 1,
            EVP_DecryptInit_ex(cipher, nil, nil, key, iv) == 1,
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(BackupContentCheck.tagSize), &tag) == 1
        else { throw BackupFailure(.key, "libcrypto does not accept the encryption key") }
        var done = headerBytes
        var out = [UInt8](repeating: 0, count: chunkBytes)
        while done < size {
            let piece = try read(file, Int(min(Int64(chunkBytes), size - done)), at: done)
            var written: Int32 = 0
            guard EVP_DecryptUpdate(cipher, &out, &written, piece, Int32(truncatingIfNeeded: piece.count)) == 1,
                Int(written) == piece.count
            else { throw BackupFailure(.key, "libcrypto cannot decrypt") }
            do throws(FileError) { try plain.write(out, count: piece.count, at: done - headerBytes) } catch {
                throw BackupFailure(.space, "a temporary file in \(error)")
            }
            done += Int64(piece.count)
        }
        var written: Int32 = 0
        return EVP_DecryptFinal_ex(cipher, &out, &written) == 1
    }

    private static func read(_ file: OpenFile, _ count: Int, at offset: Int64) throws(BackupFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        do throws(FileError) {
            guard try file.read(into: &bytes, at: offset) == count else {
                throw FileError(path: file.path, reason: "shorter than what was written")
            }
        } catch {
            throw BackupFailure(.space, "a temporary file in \(error)")
        }
        return bytes
    }
}

import CCrypto
import Foundation

/// Backups as Vault and pg_dump wrote them, and what the backup job makes of them.
enum BackupRecording {
    /// The key of `raft.snapshot.enc`.
    static let key = String(repeating: "ab", count: 32)
    /// The SHA-256 of `raft.snapshot.enc`.
    static let checksum = "9b6e5a99f48349adca4ec0ed29fe14645fdd10bad1a9ebe7c259b90016f278a0"

    /// Empty where the file is missing, which no test takes for a backup.
    static func bytes(_ name: String) -> [UInt8] {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/backups/\(name)")
        return (try? Data(contentsOf: url)).map { Array($0) } ?? []
    }

    /// IV ‖ tag ‖ ciphertext under `key`. Source: EVP_EncryptInit(3).
    static func encrypted(_ plain: [UInt8]) -> [UInt8] {
        let context = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(context) }
        let key = [UInt8](repeating: 0xab, count: 32)
        let iv = [UInt8](repeating: 7, count: 16)
        var cipher = [UInt8](repeating: 0, count: plain.count + 16)
        var tag = [UInt8](repeating: 0, count: 16)
        var rest = [UInt8](repeating: 0, count: 16)
        var (written, last): (Int32, Int32) = (0, 0)
        EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, nil, nil)
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 16, nil)
        EVP_EncryptInit_ex(context, nil, nil, key, iv)
        EVP_EncryptUpdate(context, &cipher, &written, plain, Int32(plain.count))
        EVP_EncryptFinal_ex(context, &rest, &last)
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag)
        return iv + tag + cipher.prefix(Int(written))
    }
}

package import Platform
import Probes

extension EncryptionOptions {
    /// The key of new backups.
    /// - Returns: 32 bytes.
    /// - Throws: `BackupFailure` of the kind `key`.
    package func currentKey(_ files: any FileAccess) async throws(BackupFailure) -> [UInt8] {
        try await EncryptionOptions.bytes(key, files)
    }

    /// All keys, the newest first, 32 bytes each.
    /// - Throws: `BackupFailure` of the kind `key`.
    package func allKeys(_ files: any FileAccess) async throws(BackupFailure) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for secret in keys { found.append(try await EncryptionOptions.bytes(secret, files)) }
        return found
    }

    private static func bytes(_ secret: Secret, _ files: any FileAccess) async throws(BackupFailure) -> [UInt8] {
        let text: String
        do throws(FileError) { text = try await secret.revealInTime(files) } catch {
            throw BackupFailure(.key, "encryption key: \(error)")
        }
        guard let bytes = BackupVerification.keyBytes(text) else {
            throw BackupFailure(
                .key, "encryption key \(secret.path ?? ""): expected 64 hexadecimal digits, or 32 bytes in Base64")
        }
        return bytes
    }
}

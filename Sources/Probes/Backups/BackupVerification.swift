import FoundationEssentials
package import Platform
import Samples
import Text

/// How the content of the newest backup of a set is verified.
package struct BackupVerification: Sendable, Hashable {
    /// Whether content is verified at all. Default true.
    package var isEnabled = true
    /// The AES-256-GCM keys of the backups, the newest first: 64 hexadecimal digits, or 32 bytes in Base64. Older keys
    /// decrypt backups from before a rotation. Without any key only the checksum is verified, and the content if it is
    /// not encrypted. Default: none.
    package var encryptionKeys: [Secret] = []
    /// Maximum number of keys: a backup is decrypted with all of them at the same time.
    package static let keyLimit = 8
    /// Maximum size in bytes; a larger backup is not read. Default 8 GiB.
    package var limitBytes = 8 << 30
    /// Limit for reading one backup. Default 1 h.
    package var timeout: Duration = .seconds(3600)
    /// How long a result is valid before the same backup is read again, since storage can corrupt data. Default 7 d.
    package var repeatInterval: Duration = .seconds(7 * 86_400)

    /// The defaults.
    package init() {}

    /// Decodes a key from its text.
    /// - Returns: 32 bytes, or nil for any other text.
    package static func keyBytes(_ text: String) -> [UInt8]? {
        if text.utf8.count == 64 {
            var bytes: [UInt8] = []
            var digits = text.utf8.makeIterator()
            while let high = digits.next(), let low = digits.next() {
                guard let a = Character(UnicodeScalar(high)).hexDigitValue,
                    let b = Character(UnicodeScalar(low)).hexDigitValue
                else { return nil }
                bytes.append(UInt8(a << 4 | b))
            }
            return bytes
        }
        return Data(base64Encoded: text).flatMap { $0.count == 32 ? Array($0) : nil }
    }
}

/// The result of verifying one backup's content.
struct BackupVerdict: Sendable, Hashable {
    var object: BackupObject
    /// Hexadecimal, of the stored (encrypted) bytes.
    var sha256: String
    /// Whether the checksum in the metadata is the same; nil without one.
    var isChecksumValid: Bool?
    /// Whether the AES-256-GCM tag matches with one of the keys; nil without a key.
    var isEncryptionValid: Bool?
    /// The index of that key, from 0.
    var keyIndex: Int?
    /// The content; nil if it seems to be encrypted and was not decrypted.
    var content: BackupContent?
    var bytes: Int64
    var duration: Duration
    var at: Timestamp

    var isSound: Bool { isChecksumValid != false && isEncryptionValid != false && content?.isValid != false }

    func add(to set: inout SampleSet) {
        set.add("backup_checksum_valid", isChecksumValid)
        set.add("backup_encryption_valid", isEncryptionValid)
        set.add("backup_encryption_key_index", keyIndex)
        if let content {
            set.add("backup_content_valid", content.isValid)
            set.add("backup_content_info", 1, ["format": content.format.rawValue])
            if let fault = content.fault { set.add("backup_content_failure", 1, ["reason": fault.rawValue]) }
        }
        set.add("backup_verified_timestamp_seconds", at)
        set.add("backup_verified_size_bytes", Double(bytes))
        set.add("backup_verification_duration_seconds", duration.seconds)
    }
}

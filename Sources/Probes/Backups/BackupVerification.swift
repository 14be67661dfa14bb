import FoundationEssentials
import Platform
import Samples

/// How the newest backup of a set is read whole and judged by its content.
package struct BackupVerification: Sendable, Hashable {
    /// Default true.
    package var isEnabled = true
    /// The key of AES-256-GCM that backups are encrypted with: 64 hexadecimal digits, or its 32 bytes in Base64.
    /// Without it only the checksum is recomputed. Default: none.
    package var encryptionKey: Secret?
    /// A larger backup is not read. Default 8 GiB.
    package var limitBytes = 8 << 30
    /// For reading one backup. Default 1 h.
    package var timeout: Duration = .seconds(3600)
    /// A backup that stays the newest is read again after this long: storage rots. Default 7 d.
    package var repeatInterval: Duration = .seconds(7 * 86_400)

    package init() {}

    /// The bytes of a key as it is written in a file.
    /// - Returns: nil unless they are 32.
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

/// What reading a whole backup showed.
struct BackupVerdict: Sendable, Hashable {
    var object: BackupObject
    /// Hexadecimal, of the object's bytes as they lie in the bucket.
    var sha256: String
    /// Whether the metadata's checksum is that; nil without one.
    var isChecksumValid: Bool?
    /// Whether the tag of AES-256-GCM holds; nil without a key.
    var isEncryptionValid: Bool?
    var bytes: Int64
    var duration: Duration
    var at: Timestamp

    var isSound: Bool { isChecksumValid != false && isEncryptionValid != false }

    func add(to set: inout SampleSet) {
        set.add("backup_checksum_valid", isChecksumValid)
        set.add("backup_encryption_valid", isEncryptionValid)
        set.add("backup_verified_timestamp_seconds", at)
        set.add("backup_verified_size_bytes", Double(bytes))
        set.add("backup_verification_duration_seconds", duration.seconds)
    }
}

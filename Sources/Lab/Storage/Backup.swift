import CCrypto
import Platform
import Samples
import Text

/// A backup as the estate's backup job writes it: a snapshot encrypted with AES-256-GCM under a 16-byte IV, stored as
/// IV ‖ tag ‖ ciphertext, with the checksum of these bytes.
package struct Backup: Sendable {
    let key: String
    let bytes: [UInt8]
    let metadata: [String: String]

    /// - Parameters:
    ///   - time: determines the key; a backup of the first of a month is a monthly one.
    ///   - content: what is encrypted; nil: a snapshot of the storage.
    ///   - storage: what the Vault stores.
    ///   - rootKey: the Vault's root key.
    init(
        at time: Timestamp, vaultVersion: String, encryptionKey: [UInt8], content: [UInt8]?, storage: VaultStorage,
        rootKey: [UInt8], random: inout SplitMix
    ) {
        let stamp = String(time.rfc3339WithMilliseconds.map { $0 == ":" || $0 == "." ? "-" : $0 })
        let c = time.civil
        key = "\(c.day == 1 ? "monthly" : "daily")/\(stamp.prefix(10))/vault-snapshot-\(stamp).enc"
        var storage = storage
        storage.addTenants(at: time, random: &random)
        let plain = content ?? VaultSnapshot.archive(storage.state, rootKey: rootKey)
        let sealed = aes256GCM(plain, key: encryptionKey, iv: random.bytes(16))
        bytes = sealed
        metadata = ["checksum": sha256(sealed), "timestamp": stamp, "vault_version": vaultVersion]
    }

    /// A snapshot with any state, whole as far as its checksums say.
    package static func snapshot(_ state: [UInt8]) -> [UInt8] { VaultSnapshot.archive(state) }
}

extension Timestamp {
    /// In the format of JavaScript's `toISOString`: always with milliseconds.
    fileprivate var rfc3339WithMilliseconds: String {
        let text = rfc3339
        return text.contains(".") ? text : text.dropLast() + ".000Z"
    }
}

/// A small generator of reproducible filler. Source: Vigna, splitmix64.
struct SplitMix: Sendable {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(count + 8)
        while out.count < count { withUnsafeBytes(of: next()) { out += $0 } }
        return Array(out.prefix(count))
    }
}

/// Hexadecimal SHA-256; EVP_Digest(3).
func sha256(_ bytes: [UInt8]) -> String { sha256Bytes(bytes).hexadecimal }

/// Hexadecimal MD5, as in S3's ETag.
func md5(_ bytes: [UInt8]) -> String { md5Bytes(bytes).hexadecimal }

/// Encrypts to IV ‖ tag ‖ ciphertext; EVP_EncryptInit(3).
func aes256GCM(_ plain: [UInt8], key: [UInt8], iv: [UInt8]) -> [UInt8] {
    let context = EVP_CIPHER_CTX_new()
    defer { EVP_CIPHER_CTX_free(context) }
    var cipher = [UInt8](repeating: 0, count: plain.count + 16)
    var tag = [UInt8](repeating: 0, count: 16)
    var written: Int32 = 0
    var last: Int32 = 0
    EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, nil, nil)
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, Int32(iv.count), nil)
    EVP_EncryptInit_ex(context, nil, nil, key, iv)
    EVP_EncryptUpdate(context, &cipher, &written, plain, Int32(plain.count))
    let total = Int(written)
    cipher.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        EVP_EncryptFinal_ex(context, start + total, &last)
    }
    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag)
    return iv + tag + cipher.prefix(total + Int(last))
}

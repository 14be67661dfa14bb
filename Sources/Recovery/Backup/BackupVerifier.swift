import Platform
package import Probes
package import S3
import Synchronization
import Text
import Transport

/// Reads a backup whole and checks everything that can be checked without a Vault: SHA-256, the AES-256-GCM tag, and the
/// content.
package struct BackupVerifier: Sendable {
    /// A backup that passed.
    package struct Verdict: Sendable {
        /// 64 hexadecimal digits, of the stored bytes.
        package var sha256: String
        /// Of the object, in bytes.
        package var size: Int64
        /// The index of the key that decrypts it.
        package var keyIndex: Int
        /// What it holds.
        package var content: BackupContent
        /// Its metadata, names in lower case.
        package var metadata: [String: String]
    }

    private let client: S3Client
    private let keys: [[UInt8]]
    private let limitBytes: Int

    /// The largest object: what GCM encrypts in one message, and IV and tag.
    package static let limitBytes = 64 << 30

    /// - Parameter keys: 32 bytes each, the newest first.
    package init(_ client: S3Client, keys: [[UInt8]], limitBytes: Int = BackupVerifier.limitBytes) {
        self.client = client
        self.keys = keys
        self.limitBytes = limitBytes
    }

    /// Reads and checks an object.
    /// - Parameters:
    ///   - expected: the SHA-256 that it must have; nil takes that of its metadata.
    ///   - size: the bytes that it must have; nil if unknown.
    ///   - keep: takes each piece as stored; nothing is checked by then.
    /// - Throws: `BackupFailure` of the kinds `verification`, `store` and `notFound`.
    package func verify(
        _ key: String, expected: String? = nil, size: Int64? = nil, report: @escaping BackupProgress.Report = { _ in },
        keep: @escaping @Sendable ([UInt8]) throws(BackupFailure) -> Void = { _ in }
    ) async throws(BackupFailure) -> Verdict {
        let check = BackupContentCheck(keys: keys)
        let bytes = Mutex<Int64>(0)
        let refusal = Mutex<BackupFailure?>(nil)
        let metadata: S3Metadata
        do throws(S3Error) {
            metadata = try await client.get(key, limitBytes: limitBytes) { piece in
                check.take(piece)
                do throws(BackupFailure) { try keep(piece) } catch {
                    refusal.withLock { $0 = error }
                    throw error
                }
                let done = bytes.withLock { bytes in
                    bytes += Int64(piece.count)
                    return bytes
                }
                report(BackupProgress(phase: .readBack, key: key, done: done, total: size))
            }
        } catch {
            if let refusal = refusal.withLock({ $0 }) { throw refusal }
            if error.transport == .cancelled { throw .interrupted }
            if error.reason == .noSuchKey || error.reason == .deleteMarker {
                throw BackupFailure(.notFound, "there is no \(key) in the bucket")
            }
            throw BackupFailure(error)
        }
        guard let result = check.finish() else {
            throw BackupFailure(.verification, "\(key): libcrypto cannot hash or decrypt it")
        }
        return try BackupVerifier.judge(result, key, expected: expected, size: size, metadata.user, keys: keys.count)
    }

    /// Whether a result is that of a good backup.
    /// - Parameters:
    ///   - expected: the SHA-256 that was sent; nil compares with the metadata's `checksum`, if any.
    ///   - size: the number of bytes that were sent; nil if unknown.
    static func judge(
        _ result: BackupContentCheck.Result, _ key: String, expected: String?, size: Int64?,
        _ metadata: [String: String], keys: Int
    ) throws(BackupFailure) -> Verdict {
        func failure(_ words: String) -> BackupFailure { BackupFailure(.verification, "\(key): \(words)") }
        if let size, result.bytes != size {
            throw failure("\(result.bytes) bytes are in the bucket, \(size) were sent")
        }
        let wanted = expected ?? metadata["checksum"]?.lowercased()
        let isWhole = wanted.map { $0 == result.sha256 }
        guard isWhole != false else {
            throw failure(
                "damaged in the bucket: its SHA-256 is \(result.sha256), and \(expected == nil ? "its metadata says" : "what was sent had") \(wanted ?? "")"
            )
        }
        guard let index = result.keyIndex else {
            let cause =
                isWhole == true
                ? "its SHA-256 is right, so it is whole and was encrypted with another key: name that under encryption.previous_key_files"
                : "it has no checksum to compare, so that it is damaged or was encrypted with another key"
            throw failure("its AES-256-GCM tag matches with none of \(Words.count(keys, "key")); \(cause)")
        }
        guard let content = result.content else { throw failure("it holds nothing that is known") }
        if let fault = content.fault { throw failure("it decrypts, and holds \(fault.phrase)") }
        guard content.isValid == true else {
            throw failure("it decrypts, and holds no snapshot and no dump (\(content.format.rawValue))")
        }
        return Verdict(
            sha256: result.sha256, size: result.bytes, keyIndex: index, content: content, metadata: metadata)
    }
}

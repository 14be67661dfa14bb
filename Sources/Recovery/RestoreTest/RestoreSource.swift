package import Platform
import Probes
package import S3
import Synchronization
import Text

/// A downloaded object.
package struct FetchedBackup: Sendable {
    /// The whole object, in a file without a name.
    package var file: OpenFile
    /// Its size in bytes.
    package var size: Int64
    /// Of all its bytes: 64 hexadecimal digits.
    package var sha256: String
    /// Of its metadata, in lower case; nil without.
    package var checksum: String?
    /// Vault's version as its metadata names it; nil without.
    package var vaultVersion: String?

    /// An object.
    package init(file: OpenFile, size: Int64, sha256: String, checksum: String?, vaultVersion: String? = nil) {
        self.file = file
        self.size = size
        self.sha256 = sha256
        self.checksum = checksum
        self.vaultVersion = vaultVersion
    }
}

/// Where restore tests get backups from.
package protocol RestoreSource: Sendable {
    /// The newest backup of a set, or of all of them.
    func newest(of set: String?) async throws(RestoreFailure) -> StoredBackup
    /// The backup of a key.
    func named(_ key: String) async throws(RestoreFailure) -> StoredBackup
    /// Downloads a backup into a file without a name.
    /// - Parameters:
    ///   - limit: after which it fails.
    ///   - progress: called with the number of bytes so far.
    func fetch(
        _ backup: StoredBackup, within limit: Duration, progress: @escaping @Sendable (Int64) -> Void
    ) async throws(RestoreFailure) -> FetchedBackup
    /// Decrypts a backup into another such file, of which nothing is used before its tag has been checked.
    func decrypt(_ backup: FetchedBackup) async throws(RestoreFailure) -> (file: OpenFile, size: Int64)
}

/// The backups of the bucket of `recovery.yml`.
package struct StoredBackups: RestoreSource {
    private let configuration: RecoveryConfiguration
    private let client: S3Client
    private let platform: Platform

    /// - Parameter client: of the configuration's bucket.
    package init(_ configuration: RecoveryConfiguration, client: S3Client, platform: Platform) {
        self.configuration = configuration
        self.client = client
        self.platform = platform
    }

    /// Lists the bucket; of backups of the same time that of the set that is configured first.
    package func newest(of set: String?) async throws(RestoreFailure) -> StoredBackup {
        let sets = configuration.sets.filter { set == nil || $0.options.name == set }
        guard !sets.isEmpty else {
            let names = configuration.sets.map(\.options.name).joined(separator: ", ")
            throw RestoreFailure(.noBackup, "there is no set \"\(set ?? "")\"; the configuration has \(names)")
        }
        let newest: StoredBackup?
        do throws(BackupFailure) {
            newest = try await BackupCatalogue(client).newest(of: sets, now: platform.time.wall())
        } catch { throw RestoreFailure(error, verification: .store) }
        guard let newest else {
            throw RestoreFailure(
                .noBackup,
                "no backup below \(sets.map(\.options.prefix).joined(separator: ", ")) of bucket \(configuration.bucket.bucket)"
            )
        }
        return newest
    }

    /// Lists the backups of the set to which the key belongs.
    package func named(_ key: String) async throws(RestoreFailure) -> StoredBackup {
        guard let set = configuration.sets.first(where: { key.hasPrefix($0.options.prefix) }) else {
            throw RestoreFailure(.noBackup, "\(key) belongs to no set: expected a key below one of their prefixes")
        }
        do throws(BackupFailure) {
            guard let found = try await BackupCatalogue(client).backups(of: set).first(where: { $0.key == key }) else {
                throw BackupFailure(.notFound, "there is no backup \(key) in bucket \(configuration.bucket.bucket)")
            }
            return found
        } catch { throw RestoreFailure(error, verification: .store) }
    }

    /// Downloads into the folder of temporary files, which must have room for the backup and its plaintext.
    package func fetch(
        _ backup: StoredBackup, within limit: Duration, progress: @escaping @Sendable (Int64) -> Void
    ) async throws(RestoreFailure) -> FetchedBackup {
        let outcome = await Deadline.run(
            { () -> Result<FetchedBackup, RestoreFailure> in
                do throws(RestoreFailure) { return .success(try await download(backup, progress)) } catch {
                    return .failure(error)
                }
            }, until: platform.time.monotonic() + limit, time: platform.time)
        guard let outcome else {
            throw RestoreFailure(.timeout, "\(backup.key) was not here in time, in \(Words.duration(limit))")
        }
        return try outcome.get()
    }

    private func download(
        _ backup: StoredBackup, _ progress: @escaping @Sendable (Int64) -> Void
    ) async throws(RestoreFailure) -> FetchedBackup {
        let folder = configuration.staging.directory
        let size = backup.size
        let file: OpenFile
        do throws(FileError) {
            // The object, and its plaintext beside it.
            let free = try OpenFile.freeBytes(in: folder)
            guard free > size.multipliedSaturated(by: 2) else {
                throw FileError(
                    path: folder, reason: "\(free) bytes are free; a backup of \(size) bytes needs twice its size")
            }
            file = try OpenFile(unnamedIn: folder)
        } catch { throw RestoreFailure(.space, "a temporary file in \(error)") }
        let check = BackupContentCheck(keys: [])
        let written = Mutex<Int64>(0)
        let limitBytes = size > 0 ? Int(clamping: size) : 1
        do throws(S3Error) {
            let metadata = try await client.get(backup.key, limitBytes: limitBytes) { piece in
                check.take(piece)
                let offset = written.withLock { $0 }
                try piece.withUnsafeBytes { try file.write($0, at: offset) }
                written.withLock { $0 += Int64(piece.count) }
                progress(offset + Int64(piece.count))
            }
            guard let result = check.finish() else {
                throw S3Error(.transport, "libcrypto could not hash the backup")
            }
            let fields = BackupMetadata(metadata.user, keyTime: backup.time)
            return FetchedBackup(
                file: file, size: result.bytes, sha256: result.sha256, checksum: fields.checksum,
                vaultVersion: fields.vaultVersion)
        } catch { throw StoredBackups.failure(error) }
    }

    private static func failure(_ error: S3Error) -> RestoreFailure {
        switch error.reason {
        case .noSuchKey, .deleteMarker: RestoreFailure(.noBackup, error.message)
        default: RestoreFailure(.store, error.message)
        }
    }

    /// Decrypts with the first key that fits; blocks its thread.
    package func decrypt(_ backup: FetchedBackup) async throws(RestoreFailure) -> (file: OpenFile, size: Int64) {
        do throws(BackupFailure) {
            let opened = try BackupOpener.open(
                backup.file, size: backup.size, keys: try await configuration.encryption.allKeys(platform.files),
                in: configuration.staging.directory)
            return (opened.file, opened.size)
        } catch { throw RestoreFailure(error, verification: .decryption) }
    }
}

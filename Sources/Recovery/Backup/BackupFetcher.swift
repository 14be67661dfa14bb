package import Platform
import Probes
package import S3
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Downloads a backup whole, checks it, and decrypts it: nothing of it is given away before its SHA-256 and its tag are
/// right.
package struct BackupFetcher: Sendable {
    /// A backup in unnamed files.
    package struct Fetched: Sendable {
        /// As stored.
        package var encrypted: OpenFile
        /// The snapshot or dump.
        package var plain: OpenFile
        /// Of `plain`, in bytes.
        package var plainSize: Int64
        /// What the check found.
        package var verdict: BackupVerifier.Verdict
    }

    private let client: S3Client
    private let keys: [[UInt8]]
    private let folder: String

    /// - Parameters:
    ///   - keys: 32 bytes each, the newest first.
    ///   - folder: for the files, which have no names; it must have room for the backup twice.
    package init(_ client: S3Client, keys: [[UInt8]], folder: String) {
        self.client = client
        self.keys = keys
        self.folder = folder
    }

    /// Gives a decrypted backup a name, 0600; one that exists is not overwritten. Blocks its thread.
    /// - Throws: `BackupFailure` of the kind `space`.
    package static func save(_ fetched: Fetched, as path: String) throws(BackupFailure) {
        do throws(FileError) {
            do throws(FileError) {
                try fetched.plain.name(path)
            } catch {
                // Without unnamed files the file system cannot name one either; an existing file fails here too.
                let copy = try OpenFile(creating: path)
                do throws(FileError) { try copy.copy(fetched.plain, size: fetched.plainSize) } catch {
                    // A part of the plaintext must not lie there, nor be taken for a backup.
                    unlink(path)
                    throw error
                }
            }
        } catch { throw BackupFailure(.space, "\(error)") }
    }

    /// Downloads one object. Blocks its thread while it writes: call it on a `WorkExecutor`.
    /// - Throws: `BackupFailure`.
    package func fetch(
        _ key: String, report: @escaping BackupProgress.Report = { _ in }
    ) async throws(BackupFailure) -> Fetched {
        let encrypted: OpenFile
        do throws(FileError) { encrypted = try OpenFile(unnamedIn: folder) } catch {
            throw BackupFailure(.space, "a temporary file in \(error)")
        }
        let done = Mutex<Int64>(0)
        let verifier = BackupVerifier(client, keys: keys)
        let verdict = try await verifier.verify(key, report: report) { piece throws(BackupFailure) in
            let offset = done.withLock { done in
                defer { done += Int64(piece.count) }
                return done
            }
            do throws(FileError) { try encrypted.write(piece, at: offset) } catch {
                throw BackupFailure(.space, "a temporary file in \(error)")
            }
        }
        let opened = try BackupOpener.open(encrypted, size: verdict.size, keys: [keys[verdict.keyIndex]], in: folder)
        return Fetched(encrypted: encrypted, plain: opened.file, plainSize: opened.size, verdict: verdict)
    }
}

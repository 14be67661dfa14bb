package import Platform
package import S3
package import Transport

extension RecoveryConfiguration {
    /// The bucket, for reading.
    package func client(_ network: Network, _ platform: Platform, _ environment: [String: String]) -> S3Client {
        var options = bucket
        // Nobody waits for the answer but the command, which has time; `S3Writer` retries too.
        options.patience = .seconds(60)
        options.timeout = .seconds(30)
        options.objectTimeout = .seconds(6 * 3600)
        return S3Client(options, http: network.http, files: platform.files, time: platform.time) { environment[$0] }
    }

    /// The bucket, for writing.
    package func writer(_ network: Network, _ platform: Platform, _ environment: [String: String]) -> S3Writer {
        S3Writer(client(network, platform, environment))
    }

    /// Keeps other runs away until it is released: of backups and of pruning, in the folder of temporary files.
    /// - Throws: `BackupFailure` of the kinds `busy` and `space`.
    package func lock() throws(BackupFailure) -> FileLock {
        do throws(FileError) {
            return try FileLock(staging.directory + "/backup.lock")
        } catch {
            guard error.reason == FileLock.isHeld else {
                throw BackupFailure(.space, "staging.directory: \(error)")
            }
            throw BackupFailure(.busy, "another run is under way: \(error)")
        }
    }
}

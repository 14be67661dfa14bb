package import Platform
package import Transport

/// Reads a backup from its source into a sealer.
package struct SourceReader: Sendable {
    /// What the source says of itself.
    package struct Facts: Sendable, Hashable {
        /// Vault's version, without a leading `v`; nil if nobody told it.
        package var vaultVersion: String?
        /// Vault's `cluster_id`.
        package var clusterID: String?
        /// PostgreSQL's major version, of a dump.
        package var postgresMajor: Int?
        /// Where it came from: the node's name, or the server.
        package var origin = ""
    }

    /// Begins a sealer with an unnamed file of its own, once for each attempt.
    package typealias Begin = @Sendable () throws(BackupFailure) -> BackupSealer

    private let source: BackupSource
    private let network: Network
    private let platform: Platform
    private let environment: [String: String]

    /// - Parameter environment: for `pg_dump`, which takes its certificates and services from it.
    package init(
        _ source: BackupSource, network: Network, platform: Platform, environment: [String: String]
    ) {
        self.source = source
        self.network = network
        self.platform = platform
        self.environment = environment
    }

    /// How often a source that broke off is read again: an election takes about 15 s.
    private static let pauses: [Duration] = [.seconds(5), .seconds(15)]

    /// Reads the whole backup. A source that breaks off is read again from the beginning, into a new file.
    /// - Throws: `BackupFailure`.
    package func read(_ begin: @escaping Begin) async throws(BackupFailure) -> (BackupSealer, Facts) {
        var pauses = SourceReader.pauses[...]
        while true {
            do throws(SourceError) {
                switch source {
                case .raft(let source):
                    return try await RaftSnapshotReader(source, http: network.http, platform: platform).read(begin)
                case .postgres(let source):
                    return try await PostgresDumpReader(
                        source, network: network, platform: platform, environment: environment
                    ).read(begin)
                }
            } catch {
                guard error.mayPass, let pause = pauses.popFirst(), !Task.isCancelled else { throw error.failure }
                do { try await platform.time.sleep(for: pause) } catch { throw BackupFailure.interrupted }
            }
        }
    }
}

extension BackupFailure {
    static let interrupted = BackupFailure(.interrupted, "stopped; nothing of this run is left in the bucket")
}

/// Why a source gave no backup, and whether it may soon.
struct SourceError: Error {
    let failure: BackupFailure
    /// Whether another attempt may succeed: a failover, a network.
    var mayPass = false

    init(_ failure: BackupFailure, mayPass: Bool = false) {
        self.failure = failure
        self.mayPass = mayPass
    }

    /// A failure of the kind `source`.
    init(_ message: String, mayPass: Bool = false) {
        self.init(BackupFailure(.source, message), mayPass: mayPass)
    }
}

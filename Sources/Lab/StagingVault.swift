package import Platform
import Synchronization

/// A simulated Vault of one node for restore tests, and the web hooks that start and stop it: each start is that of a
/// fresh Vault, or of one on a database.
///
/// The hooks are `POST /start`, with `?database=NAME` for a Vault on that database and with `?recovery=true` for one in
/// recovery mode, and `POST /stop`. They answer with 204 once it is done.
package final class StagingVault: Sendable {
    /// How it behaves.
    package struct Options: Sendable {
        /// The certificate for TLS; nil for plain HTTP.
        package var certificate: CertificateAuthority.Certificate?
        /// How long the steps of a restore take. Default: as measured.
        package var restoreTimes = SimulatedVaultCluster.RestoreTimes()
        /// Whether a Vault on a database is started with `ha_enabled`. Default: no.
        package var haEnabled = false
        /// Whether the directory of the audit files is missing. Default: no.
        package var auditPathMissing = false
        /// Reads the storage from a database, by name.
        package var database: (@Sendable (String) async throws -> DatabaseCopy)?
        /// The active node of the cluster that is watched: a standby forwards requests there.
        package var production: Production?
        /// Called with the Vault as the hook ends it.
        package var onStop: (@Sendable (SimulatedVaultCluster) -> Void)?
        /// A fresh Vault with integrated storage.
        package init() {}
    }

    /// What a database holds of a Vault.
    package struct DatabaseCopy: Sendable {
        /// The rows of `vault_kv_store`.
        package var storage: VaultStorage
        /// Whether `vault_ha_locks` has a row that is still valid; nil without the table.
        package var isLocked: Bool?

        /// A copy.
        package init(storage: VaultStorage, isLocked: Bool?) {
            self.storage = storage
            self.isLocked = isLocked
        }
    }

    /// A node that answers forwarded requests.
    package struct Production: Sendable {
        /// Its API address.
        package var address: String
        /// Answers a request.
        package var answer: @Sendable (LabRequest) async -> LabReply

        /// A node.
        package init(address: String, answer: @escaping @Sendable (LabRequest) async -> LabReply) {
            self.address = address
            self.answer = answer
        }
    }

    private let options: Mutex<Options>
    private let platform: Platform
    private let cluster: Mutex<SimulatedVaultCluster?> = Mutex(nil)
    private let servers: Mutex<(vault: LabServer, control: LabServer)?> = Mutex(nil)
    /// Requests that it answered itself, `GET /v1/sys/health`; the last 10,000.
    private let log: Mutex<[String]> = Mutex([])

    /// Starts the hooks' server; the Vault itself is started by its hook.
    /// - Throws: `ServerError`, `ChildProcessError`.
    package init(_ options: Options = Options(), platform: Platform) async throws {
        self.options = Mutex(options)
        self.platform = platform
        let vault = try LabServer(certificate: options.certificate) { [weak self] in await self?.answer($0) ?? .reset }
        let control = try LabServer { [weak self] in await self?.control($0) ?? .reset }
        servers.withLock { $0 = (vault, control) }
        try await control.start()
    }

    /// The Vault's address.
    package var url: String { servers.withLock { $0?.vault.url } ?? "" }
    /// The address of the hooks.
    package var controlURL: String { servers.withLock { $0?.control.url } ?? "" }
    /// Whether the Vault runs.
    package var isRunning: Bool { cluster.withLock { $0 != nil } }
    /// The leases that the Vault revoked since its start.
    package var revokedLeases: [String] { cluster.withLock { $0?.revokedLeases ?? [] } }
    /// The requests that it answered.
    package var requests: [String] { log.withLock { $0 } }

    /// Changes how it behaves from the next start on.
    package func change(_ change: (inout Options) -> Void) { options.withLock { change(&$0) } }

    /// Ends both servers.
    package func close() async {
        let both = servers.withLock { $0 }
        cluster.withLock { $0 = nil }
        await both?.vault.close()
        await both?.control.close()
    }

    /// Starts a Vault.
    /// - Parameters:
    ///   - database: the database of its storage; nil for a fresh Vault with integrated storage.
    ///   - recovery: whether it is started with `-recovery`.
    package func start(database: String? = nil, recovery: Bool = false) async throws {
        let options = options.withLock { $0 }
        let now = platform.time.now()
        var vault = SimulatedVaultCluster.Options()
        vault.initialised = false
        vault.restoreTimes = options.restoreTimes
        vault.auditPathMissing = options.auditPathMissing
        vault.name = "vault-cluster-staging"
        vault.secrets = [:]
        vault.canary = [:]
        vault.leases = []
        vault.tokens = [:]
        vault.storageType = database == nil ? "raft" : "postgresql"
        vault.haEnabled = database == nil || options.haEnabled
        var copy: DatabaseCopy?
        if let database { copy = try await options.database?(database) }
        var nodes = [(name: "staging", address: url, clusterAddress: "https://127.0.0.1:8201")]
        if let production = options.production {
            nodes.append(("production", production.address, production.address))
        }
        var new = SimulatedVaultCluster(vault, nodes: nodes, at: now.wall)
        if let copy {
            new.start(on: copy.storage)
            new.isInRecoveryMode = recovery
            if options.haEnabled, copy.isLocked ?? true {
                // The lock belongs to production, or nobody can take it.
                if options.production != nil, copy.isLocked != nil { new.lead(1, at: now) }
                new.nodes[0].traits.refusesToLead = true
            }
        }
        cluster.withLock { [new] in $0 = new }
        log.withLock { $0 = [] }
        try await servers.withLock { $0 }?.vault.start()
    }

    /// Ends the Vault; its storage is gone.
    package func stop() async {
        let ended = cluster.withLock { cluster in
            defer { cluster = nil }
            return cluster
        }
        if let ended { options.withLock { $0.onStop }?(ended) }
        await servers.withLock { $0 }?.vault.close()
    }

    private func control(_ request: LabRequest) async -> LabReply {
        guard request.method == "POST" else { return .response(LabResponse(405, headers: ["Allow": "POST"])) }
        switch request.path {
        case "/start":
            do {
                let database = request.parameter("database").flatMap { $0.isEmpty ? nil : $0 }
                try await start(database: database, recovery: request.parameter("recovery") == "true")
                return .response(LabResponse(204))
            } catch {
                return .response(LabResponse(500, type: "text/plain", "\(error)\n"))
            }
        case "/stop":
            await stop()
            return .response(LabResponse(204))
        default: return .response(LabResponse(404))
        }
    }

    private func answer(_ request: LabRequest) async -> LabReply {
        let now = platform.time.now()
        let production = options.withLock { $0.production }
        let (reply, isForwarded) = cluster.withLock { cluster -> (LabReply, Bool) in
            guard cluster != nil else { return (.reset, false) }
            let reply = cluster?.answer(request, node: 0, at: now, random: platform.random).reply ?? .reset
            let isStatus = [
                "/v1/sys/health", "/v1/sys/seal-status", "/v1/sys/leader", "/v1/sys/init", "/v1/sys/unseal",
            ].contains(request.path)
            return (reply, !isStatus && cluster?.role(0) == .standby && cluster?.election.leader != nil)
        }
        if isForwarded, let production {
            guard request.headers["x-vault-no-request-forwarding"] == nil else {
                return .response(LabResponse(307, headers: ["Location": production.address + request.path]))
            }
            return await production.answer(request)
        }
        log.withLock { log in
            if log.count < 10_000 { log.append("\(request.method) \(request.path)") }
        }
        return reply
    }
}

extension SimulatedVaultCluster {
    /// Makes a node of another cluster the leader that this one knows.
    fileprivate mutating func lead(_ index: Int, at now: Moment) {
        nodes[index].isSealed = false
        _ = election.join(index, at: now.monotonic)
    }
}

import Platform
import Synchronization

/// The staging side of an estate: the Vault for restore tests, and, where the estate's data is in PostgreSQL, a server
/// of its own for scratch databases.
struct EstateStaging: Sendable {
    let vault: StagingVault
    /// A dump of the estate's database, as its backups hold it; nil without PostgreSQL.
    let dump: [UInt8]?
    private let scratch: (server: LocalPostgres, passwordFile: String)?
    private let source: (server: LocalPostgres, passwordFile: String)?

    static func start(
        _ options: StagingVault.Options, certificate: CertificateAuthority.Certificate?,
        cluster: SimulatedVaultCluster.Options, postgres: LocalPostgres?, platform: Platform
    ) async throws -> EstateStaging {
        var options = options
        options.certificate = certificate
        guard let postgres else {
            return EstateStaging(
                vault: try await StagingVault(options, platform: platform), dump: nil, scratch: nil, source: nil)
        }
        // A restored copy of the database is the estate's Vault.
        try await postgres.write(cluster.storage(at: platform.time.wall()))
        let source = (postgres, try await postgres.createRole("vault_backup", "LOGIN", granted: ["pg_read_all_data"]))
        let dump = try await postgres.dump()
        let server = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        do {
            let password = try await server.createRole("vault_staging", "LOGIN CREATEDB")
            options.database = { [weak server] name in
                guard let server else { throw EstateError(description: "the scratch server was stopped") }
                return try await server.primary.vault(in: name)
            }
            return EstateStaging(
                vault: try await StagingVault(options, platform: platform), dump: dump,
                scratch: (server, password), source: source)
        } catch {
            await server.stop()
            throw error
        }
    }

    func stop() async {
        await vault.close()
        await scratch?.server.stop()
    }

    func scratchDatabases(_ prefix: String) async throws -> [String] {
        try await scratch?.server.primary.databases(prefix) ?? []
    }

    func endpoints(_ options: SimulatedVaultCluster.Options, _ directory: TemporaryDirectory)
        throws(ChildProcessError) -> EstateEndpoints.Staging
    {
        var keyFiles: [String] = []
        for (index, key) in options.keys.prefix(options.threshold).enumerated() {
            keyFiles.append(try directory.write("unseal-key-\(index + 1)", key + "\n", mode: 0o600))
        }
        return EstateEndpoints.Staging(
            url: vault.url, hooksURL: vault.controlURL, unsealKeyFiles: keyFiles,
            scratch: scratch.map {
                EstateEndpoints.Database(
                    name: "staging", host: "127.0.0.1", port: $0.server.primary.port, database: "postgres",
                    user: "vault_staging", passwordFile: $0.passwordFile)
            },
            source: source.map {
                EstateEndpoints.Database(
                    name: "primary", host: "127.0.0.1", port: $0.server.primary.port, database: $0.server.database,
                    user: "vault_backup", passwordFile: $0.passwordFile)
            })
    }
}

extension Estate {
    /// The active node, as a standby of its cluster reaches it; nil without one.
    package var active: StagingVault.Production? {
        state.withLock { state in
            state.cluster.election.leader.map { index in
                StagingVault.Production(address: state.cluster.nodes[index].address) { [weak self] request in
                    self?.vault(request, index) ?? .reset
                }
            }
        }
    }

    /// A dump of the estate's database; see `LocalPostgres.dump()`.
    package func dump() async throws -> [UInt8] {
        guard let postgres else { throw EstateError(description: "this estate has no PostgreSQL servers") }
        return try await postgres.dump()
    }

    /// The names of databases on the scratch server that begin with a text.
    package func scratchDatabases(_ prefix: String) async throws -> [String] {
        try await stagingSide?.scratchDatabases(prefix) ?? []
    }
}

import Platform
import Transport

/// All targets of a configuration, ready to be asked.
package struct ProbeSet: Sendable {
    let probes: [any RunnableProbe]

    /// - Parameter probes: scripted ones, in tests.
    init(probes: [any RunnableProbe]) { self.probes = probes }

    /// - Parameters:
    ///   - backups: each set with the store that holds it.
    package init(
        vault: [VaultClusterOptions] = [], postgres: [PostgresServerOptions] = [],
        backups: [(options: BackupSetOptions, store: any BackupStore)] = [],
        http: any HTTPClient, database: any PostgresConnector, platform: Platform
    ) {
        var probes: [any RunnableProbe] = []
        let clusters = vault.map { VaultCluster(options: $0, http: http, platform: platform) }
        for cluster in clusters { probes += cluster.probes() }
        var databases: [String: PostgresCluster] = [:]
        for options in postgres where databases[options.cluster] == nil {
            databases[options.cluster] = PostgresCluster(
                name: options.cluster, servers: postgres.filter { $0.cluster == options.cluster }, platform: platform)
        }
        for options in postgres {
            guard let cluster = databases[options.cluster] else { continue }
            probes.append(PostgresProbe(options: options, cluster: cluster, connector: database, platform: platform))
        }
        // Nobody but raft storage can give a snapshot: what the nodes say of their storage is held against the backups' names.
        let storage: @Sendable () -> [String] = { clusters.compactMap(\.storageType) }
        for (options, store) in backups { probes.append(BackupProbe(options: options, store: store, platform: platform, storageTypes: storage)) }
        self.probes = probes
    }

    package var targets: [ProbeTarget] { probes.map(\.target) }
}

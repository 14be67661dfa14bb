import Transport

/// One PostgreSQL server that holds Vault's storage.
package struct PostgresServerOptions: Sendable, Hashable {
    package var name: String
    /// The Vault cluster whose storage it is; servers with the same one are taken as a primary and its replicas.
    /// Default `vault`.
    package var cluster = "vault"
    package var connection: PostgresOptions
    /// Vault's tables, with their schema where they are not on the search path. OpenBao: `openbao_kv_store`,
    /// `openbao_ha_locks`.
    package var keyValueTable = "vault_kv_store"
    package var lockTable = "vault_ha_locks"
    /// Bytes that the storage holds in all; SQL can't tell. Default: none, and no share of it.
    package var capacityBytes: Int64?
    /// A directory on the server's file system, where the agent runs on the same machine: its size and use are
    /// asked instead of a capacity. Default: none.
    package var storagePath: String?
    /// Replicas that the cluster should have. Default: all of its configured servers but one.
    package var expectedReplicas: Int?
    /// Default 5 s.
    package var interval: Duration = .seconds(5)
    /// For the whole turn; each statement has its own in `connection`. Default 8 s.
    package var timeout: Duration = .seconds(8)
    /// Between two turns that also ask what is slow to answer and slow to change: sizes, wraparound, statistics.
    /// Default 30 s.
    package var slowInterval: Duration = .seconds(30)

    package init(name: String, connection: PostgresOptions) {
        self.name = name
        self.connection = connection
    }

    /// What its probe's results are labelled with.
    package var target: ProbeTarget { PostgresCluster.target(cluster, name) }
}

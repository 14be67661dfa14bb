package import Transport

/// One PostgreSQL server with Vault's storage.
package struct PostgresServerOptions: Sendable, Hashable {
    /// The value of the label `server`; unique.
    package var name: String
    /// The Vault cluster whose storage this is; servers of the same cluster are a primary and its replicas.
    /// Default `vault`.
    package var cluster = "vault"
    /// How to connect.
    package var connection: PostgresOptions
    /// Vault's table of entries, with its schema if that is not on the search path. OpenBao: `openbao_kv_store`.
    package var keyValueTable = "vault_kv_store"
    /// Vault's table of HA locks. OpenBao: `openbao_ha_locks`.
    package var lockTable = "vault_ha_locks"
    /// The size of the storage in bytes, which SQL cannot determine. Default: none, and no used ratio.
    package var capacityBytes: Int64?
    /// A directory on the server's file system, for an agent on the same machine; its size and use are measured instead
    /// of using `capacityBytes`. Default: none.
    package var storagePath: String?
    /// How many replicas the cluster should have. Default: all configured servers but one.
    package var expectedReplicas: Int?
    /// Time from one turn to the next. Default 5 s.
    package var interval: Duration = .seconds(5)
    /// Limit for a whole turn; the limit of a statement is in `connection`. Default 8 s.
    package var timeout: Duration = .seconds(8)
    /// Time between two turns that include the slow checks: sizes, wraparound, statistics. Default 30 s.
    package var slowInterval: Duration = .seconds(30)
    /// Time between two turns that include what changes hourly or manually: settings, sequences, the statistics of
    /// checkpoints and write-ahead log. Default 2 min.
    package var rareInterval: Duration = .seconds(120)

    /// A server with defaults for everything else.
    package init(name: String, connection: PostgresOptions) {
        self.name = name
        self.connection = connection
    }

    /// The target that its probe's results are labelled with.
    package var target: ProbeTarget { PostgresCluster.target(cluster, name) }
}

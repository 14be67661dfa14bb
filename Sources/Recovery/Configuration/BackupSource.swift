package import Probes
package import Transport

/// `source`: what is backed up, and how.
package enum BackupSource: Sendable {
    /// Integrated storage: a snapshot by Vault itself.
    case raft(RaftSource)
    /// Vault's PostgreSQL storage: `pg_dump`.
    case postgres(PostgresSource)

    /// The cluster's name, for texts and records.
    package var cluster: String {
        switch self {
        case .raft(let source): source.cluster.name
        case .postgres(let source): source.cluster
        }
    }

    /// What is backed up, in words.
    package var text: String {
        switch self {
        case .raft(let source): "snapshots of the integrated storage of cluster \(source.cluster.name)"
        case .postgres(let source): "dumps of the PostgreSQL storage of cluster \(source.cluster)"
        }
    }
}

/// `source.raft`: the cluster whose active node makes the snapshot.
package struct RaftSource: Sendable {
    /// Name, nodes, TLS and token, in the daemon's notation.
    package var cluster: VaultClusterOptions
    /// `snapshot_timeout`: limit for the download. Vault's own `max_request_duration`, 90 s by default, is mostly
    /// shorter. Default 1 h.
    package var timeout: Duration = .seconds(3600)
    /// `limit_bytes`: a larger snapshot fails. Default 32 GiB; a GCM message ends at 64 GiB.
    package var limitBytes = 32 << 30

    /// A source with defaults.
    package init(cluster: VaultClusterOptions) { self.cluster = cluster }
}

/// `source.postgres`: the database that `pg_dump` reads.
package struct PostgresSource: Sendable {
    /// `cluster`: the name of the Vault cluster whose storage it is. Default `vault`.
    package var cluster = "vault"
    /// How to connect, in the daemon's notation.
    package var connection: PostgresOptions
    /// `pg_dump`: the program; nil picks that of the server's version below `/usr/lib/postgresql`.
    package var program: String?
    /// `table`: Vault's table with the data. Default `vault_kv_store`.
    package var table = "vault_kv_store"
    /// `ha_table`: the table with the locks, whose rows are left out. Default `vault_ha_locks`.
    package var lockTable = "vault_ha_locks"
    /// `lock_wait_timeout`: how long pg_dump waits for a table's lock. Default 30 s.
    package var lockWait: Duration = .seconds(30)
    /// `dump_timeout`: limit for the whole dump. Default 1 h.
    package var timeout: Duration = .seconds(3600)
    /// `limit_bytes`: a larger dump fails. Default 32 GiB.
    package var limitBytes = 32 << 30
    /// `vault`: the cluster's nodes, which are asked for Vault's version; nil leaves the version out.
    package var vault: VaultClusterOptions?

    /// A source with defaults.
    package init(connection: PostgresOptions) { self.connection = connection }
}

import Config
import Probes
import Transport
import YAML

extension RecoveryParser {
    /// `source`: exactly one of `raft` and `postgres`.
    func source(_ node: Node) -> BackupSource? {
        var fields = Fields(node, errors, "source")
        defer { fields.finish() }
        switch (fields.node("raft"), fields.node("postgres")) {
        case (let raft?, nil): return raftSource(raft).map { .raft($0) }
        case (nil, let postgres?): return .postgres(postgresSource(postgres))
        case (nil, nil):
            errors.add(
                node.position,
                "source needs \"raft\" (integrated storage) or \"postgres\"; sys/seal-status names the storage_type")
        case (_?, _?):
            errors.add(node.position, "both raft and postgres are given; keep the one that Vault stores its data in")
        }
        return nil
    }

    /// At most 64 GiB - 32 bytes are one GCM message. Source: NIST SP 800-38D, 5.2.1.1.
    private static let messageLimitBytes = (64 << 30) - 32

    private func limit(_ fields: inout Fields) -> Int? {
        guard let bytes = context.bytes(&fields, "limit_bytes") else { return nil }
        if !(1...RecoveryParser.messageLimitBytes).contains(bytes) {
            errors.add(
                fields.position(of: "limit_bytes"),
                "limit_bytes: expected less than 64GiB, the most that AES-256-GCM encrypts in one message")
        }
        return bytes
    }

    private func raftSource(_ node: Node) -> RaftSource? {
        var fields = Fields(node, errors, "source.raft")
        var source = RaftSource(cluster: targets.access(&fields))
        if !source.cluster.hasToken {
            errors.add(
                node.position,
                "source.raft needs a token: expected token_file, or role_id_file and secret_id_file, with read on sys/storage/raft/snapshot"
            )
        }
        if let timeout = context.duration(&fields, "timeout") { source.cluster.timeout = timeout }
        if let timeout = context.duration(&fields, "snapshot_timeout") { source.timeout = timeout }
        if let bytes = limit(&fields) { source.limitBytes = bytes }
        fields.finish()
        return source
    }

    private func postgresSource(_ node: Node) -> PostgresSource {
        var fields = Fields(node, errors, "source.postgres")
        var source = PostgresSource(connection: targets.connection(&fields, "source.postgres"))
        if let cluster = fields.string("cluster") { source.cluster = cluster }
        source.program = path(&fields, "pg_dump")
        if let table = fields.string("table") { source.table = table }
        if let table = fields.string("ha_table") { source.lockTable = table }
        if let wait = context.duration(&fields, "lock_wait_timeout") { source.lockWait = wait }
        if let timeout = context.duration(&fields, "dump_timeout") { source.timeout = timeout }
        if let bytes = limit(&fields) { source.limitBytes = bytes }
        source.vault = fields.node("vault").map { node in
            var own = Fields(node, errors, "source.postgres.vault")
            defer { own.finish() }
            return targets.access(&own)
        }
        fields.finish()
        return source
    }
}

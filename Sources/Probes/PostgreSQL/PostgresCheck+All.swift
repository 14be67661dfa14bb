import Samples
import Transport

extension PostgresCheck {
    /// The checks that follow the identity query, for one server version.
    /// - Parameter version: `server_version_num`.
    static func all(_ options: PostgresServerOptions, version: Int) -> [PostgresCheck] {
        [
            replication, connections(version: version), transactions, slots(version: version), sizes, tables(options),
            wraparound, wal, statistics, archiver,
        ] + (version >= 120_000 ? [archiveQueue, checksums] : []) + rare(version: version)
    }

    /// The replicas of this server, whatever its own role: replication may be cascading.
    private static let replication =
        PostgresCheck(
            name: "replication",
            sql: """
                SELECT coalesce(application_name, '') AS name, coalesce(host(client_addr), 'local') AS address, state, sync_state, \
                pg_wal_lsn_diff(\(PostgresSQL.position), sent_lsn) AS sent, pg_wal_lsn_diff(\(PostgresSQL.position), write_lsn) AS written, \
                pg_wal_lsn_diff(\(PostgresSQL.position), flush_lsn) AS flushed, pg_wal_lsn_diff(\(PostgresSQL.position), replay_lsn) AS replayed, \
                extract(epoch FROM replay_lag) AS lag, extract(epoch FROM clock_timestamp() - reply_time) AS reply_age, \
                (SELECT max(s.slot_type) FROM pg_replication_slots AS s WHERE s.active_pid = r.pid) AS slot_type \
                FROM pg_stat_replication AS r WHERE state IS DISTINCT FROM 'backup' AND coalesce(application_name, '') <> 'pg_basebackup' \
                ORDER BY application_name, client_addr, client_port LIMIT 100
                """,
            facts: replicationFacts)

    /// Whether a walsender serves a replica. Logical ones serve subscribers; pg_receivewal and similar tools store what
    /// they receive and never report a replay position.
    private static func isReplica(_ row: PostgresRow) -> Bool {
        if row.text("slot_type") == "logical" { return false }
        if let name = row.text("name"), ["pg_receivewal", "pg_recvlogical", "barman_receive_wal"].contains(name) {
            return false
        }
        return row.text("state") != "streaming" || row.text("replayed") != nil || row.text("reply_age") == nil
    }

    private static func replicationFacts(_ rows: PostgresRows) throws(PostgresCheckFailure) -> [PostgresFact] {
        let senders = PostgresRow.all(rows)
        if senders.contains(where: { $0.text("state") == nil }) { throw .hidden }
        let replicas = senders.filter(isReplica)
        var facts: [PostgresFact] = []
        facts.add("postgres_replicas", Double(replicas.count))
        facts.add("postgres_other_walsenders", Double(senders.count - replicas.count))
        var used: Set<String> = []
        for row in replicas {
            guard let state = row.text("state") else { throw .hidden }
            let address = row.text("address") ?? ""
            var name = row.text("name") ?? ""
            // `walreceiver` is the default application_name: the address tells such replicas apart.
            let isAmbiguous = name.isEmpty || name == "walreceiver" || replicas.count { $0.text("name") == name } > 1
            if isAmbiguous { name = name.isEmpty ? address : "\(name)@\(address)" }
            let base = name
            var number = 2
            while !used.insert(name).inserted {
                name = "\(base)#\(number)"
                number += 1
            }
            let sync = row.text("sync_state") ?? ""
            facts.add(
                "postgres_replication_info", 1,
                ["replica": name, "state": state, "sync_state": sync, "address": address])
            facts.add("postgres_replication_streaming", state == "streaming", ["replica": name])
            for stage in ["sent", "written", "flushed", "replayed"] {
                facts.add(
                    "postgres_replication_lag_bytes", row.number(stage).map { max(0, $0) },
                    ["replica": name, "stage": stage])
            }
            let replyAge = row.number("reply_age").map { max(0, $0) }
            facts.add("postgres_replication_reply_age_seconds", replyAge, ["replica": name])
            facts.add(
                "postgres_replication_lag_seconds",
                lag(row.number("lag"), behind: row.number("replayed"), replyAge: replyAge), ["replica": name])
        }
        return facts
    }

    /// The lag of a replica in seconds, as its primary reports it. `replay_lag` is NULL on an idle primary, where
    /// nothing is behind, and keeps its last value when the replica stops replying: while bytes are behind, the lag is
    /// at least the age of the last reply.
    static func lag(_ replayLag: Double?, behind: Double?, replyAge: Double?) -> Double? {
        guard let behind else { return replayLag }
        if behind <= 0 { return replayLag ?? 0 }
        guard let replayLag else { return replyAge }
        return max(replayLag, replyAge.map { $0 > 15 ? $0 : 0 } ?? 0)
    }

    private static func connections(version: Int) -> PostgresCheck {
        // PostgreSQL 16 added reserved_connections.
        let reserved =
            "current_setting('superuser_reserved_connections')::int"
            + (version >= 160_000 ? " + current_setting('reserved_connections')::int" : "")
        return PostgresCheck(
            name: "connections",
            sql: """
                SELECT count(*) FILTER (WHERE state = 'active') AS active, count(*) FILTER (WHERE state = 'idle') AS idle, \
                count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS in_transaction, count(*) AS total, \
                current_setting('max_connections')::int - (\(reserved)) AS available \
                FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL
                """
        ) { rows throws(PostgresCheckFailure) in
            guard let row = PostgresRow.first(rows), let total = row.number("total"),
                let limit = row.number("available")
            else {
                throw PostgresCheckFailure("value", "the connection counts are missing")
            }
            var facts: [PostgresFact] = []
            let active = row.number("active") ?? 0
            let idle = row.number("idle") ?? 0
            let inTransaction = row.number("in_transaction") ?? 0
            facts.add("postgres_connections", active, ["state": "active"])
            facts.add("postgres_connections", idle, ["state": "idle"])
            facts.add("postgres_connections", inTransaction, ["state": "idle_in_transaction"])
            facts.add("postgres_connections", max(0, total - active - idle - inTransaction), ["state": "other"])
            facts.add("postgres_connections_used", total)
            facts.add("postgres_connections_limit", limit)
            if limit > 0 { facts.add("postgres_connections_used_ratio", total / limit) }
            return facts
        }
    }

    private static let transactions = PostgresCheck(
        name: "transactions",
        sql: """
            SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)) FILTER (WHERE state IS DISTINCT FROM 'idle'), 0) AS longest, \
            count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting, count(*) FILTER (WHERE backend_type IS NULL) AS hidden \
            FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (backend_type = 'client backend' OR backend_type IS NULL)
            """
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows), let longest = row.number("longest") else {
            throw PostgresCheckFailure("value", "the transaction ages are missing")
        }
        if let hidden = row.number("hidden"), hidden > 0 { throw .hidden }
        return [
            PostgresFact("postgres_longest_transaction_seconds", max(0, longest)),
            PostgresFact("postgres_waiting_sessions", row.number("waiting") ?? 0),
        ]
    }

    private static func slots(version: Int) -> PostgresCheck {
        let newer = version >= 130_000 ? "wal_status, safe_wal_size" : "NULL AS wal_status, NULL AS safe_wal_size"
        // 16 only reports that a logical slot conflicts with recovery; 17 reports why any slot is invalid.
        let newest =
            version >= 170_000
            ? "invalidation_reason AS invalid, synced"
            : version >= 160_000
                ? "CASE WHEN conflicting THEN 'conflicting' END AS invalid, false AS synced"
                : "NULL AS invalid, false AS synced"
        return PostgresCheck(
            name: "slots",
            sql: """
                SELECT slot_name AS slot, slot_type AS type, active, pg_wal_lsn_diff(\(PostgresSQL.position), restart_lsn) AS retained, \(newer), \(newest) \
                FROM pg_replication_slots WHERE NOT temporary ORDER BY slot_name LIMIT 100
                """
        ) { rows throws(PostgresCheckFailure) in
            var facts: [PostgresFact] = []
            for row in PostgresRow.all(rows) {
                let slot = row.text("slot") ?? ""
                facts.add("postgres_replication_slot_active", row.bool("active"), ["slot": slot])
                facts.add(
                    "postgres_replication_slot_info", 1,
                    ["slot": slot, "type": row.text("type") ?? "", "wal_status": row.text("wal_status") ?? ""])
                facts.add(
                    "postgres_replication_slot_retained_bytes", row.number("retained").map { max(0, $0) },
                    ["slot": slot])
                facts.add("postgres_replication_slot_safe_bytes", row.number("safe_wal_size"), ["slot": slot])
                facts.add("postgres_replication_slot_synced", row.bool("synced"), ["slot": slot])
                if let reason = row.text("invalid") {
                    facts.add("postgres_replication_slot_invalid", 1, ["slot": slot, "reason": reason])
                }
            }
            return facts
        }
    }

    private static let sizes = PostgresCheck(
        name: "sizes", pace: .slow,
        sql: """
            SELECT current_database() AS name, pg_database_size(current_database()) AS own, \
            (SELECT sum(CASE WHEN \(PostgresSQL.mayMeasure) THEN pg_database_size(oid) END) FROM pg_database) AS every, \
            (SELECT count(*) FROM pg_database WHERE NOT (\(PostgresSQL.mayMeasure))) AS unmeasured
            """
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows), let own = row.number("own") else {
            throw PostgresCheckFailure("value", "the database size is missing")
        }
        var facts: [PostgresFact] = []
        facts.add("postgres_database_size_bytes", own, ["database": row.text("name") ?? ""])
        let unmeasured = row.number("unmeasured") ?? 0
        facts.add("postgres_databases_unmeasured", unmeasured)
        // A partial sum would be too small, and its alerts would come too late.
        if unmeasured == 0 { facts.add(PostgresStorage.allDatabases, row.number("every")) }
        return facts
    }

    private static func tables(_ options: PostgresServerOptions) -> PostgresCheck {
        let names = [options.keyValueTable, options.lockTable]
        let values = names.map {
            "(\(PostgresSQL.literal($0)), to_regclass(\(PostgresSQL.literal(PostgresSQL.identifier($0)))))"
        }.joined(separator: ", ")
        return PostgresCheck(
            name: "tables", pace: .slow,
            sql: """
                SELECT t.name, pg_total_relation_size(t.id) AS size, s.n_live_tup AS live, s.n_dead_tup AS dead, pg_is_in_recovery() AS recovery, \
                extract(epoch FROM greatest(s.last_vacuum, s.last_autovacuum)) AS vacuumed, \
                greatest(age(c.relfrozenxid), age(o.relfrozenxid)) AS frozen \
                FROM (VALUES \(values)) AS t(name, id) LEFT JOIN pg_stat_all_tables AS s ON s.relid = t.id \
                LEFT JOIN pg_class AS c ON c.oid = t.id LEFT JOIN pg_class AS o ON o.oid = c.reltoastrelid
                """
        ) { rows throws(PostgresCheckFailure) in
            var facts: [PostgresFact] = []
            for row in PostgresRow.all(rows) {
                let table = row.text("name") ?? ""
                guard let size = row.number("size") else {
                    throw PostgresCheckFailure("missing", "there is no table \(table)")
                }
                facts.add("postgres_table_size_bytes", size, ["table": table])
                facts.add("postgres_table_transaction_id_age", row.number("frozen"), ["table": table])
                // Row statistics are not collected on a replica.
                if row.bool("recovery") == true { continue }
                facts.add("postgres_table_live_rows", row.number("live"), ["table": table])
                facts.add("postgres_table_dead_rows", row.number("dead"), ["table": table])
                facts.add("postgres_table_last_vacuum_timestamp_seconds", row.number("vacuumed"), ["table": table])
            }
            return facts
        }
    }

    private static let wraparound = PostgresCheck(
        name: "wraparound", pace: .slow,
        sql: "SELECT max(age(datfrozenxid)) AS xid, max(mxid_age(datminmxid)) AS multixact FROM pg_database"
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows), let age = row.number("xid") else {
            throw PostgresCheckFailure("value", "the transaction id ages are missing")
        }
        var facts = [PostgresFact("postgres_transaction_id_age", age)]
        facts.add("postgres_multixact_id_age", row.number("multixact"))
        return facts
    }

    private static let wal = PostgresCheck(
        name: "wal", pace: .slow, sql: "SELECT coalesce(sum(size), 0) AS size FROM pg_ls_waldir()"
    ) {
        rows throws(PostgresCheckFailure) in
        guard let size = PostgresRow.first(rows)?.number("size") else {
            throw PostgresCheckFailure("value", "the size of pg_wal is missing")
        }
        return [PostgresFact("postgres_wal_directory_bytes", size)]
    }

    private static let statistics = PostgresCheck(
        name: "statistics", pace: .slow,
        sql: """
            SELECT xact_commit, xact_rollback, blks_hit, blks_read, deadlocks, temp_bytes FROM pg_stat_database WHERE datname = current_database()
            """
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows) else {
            throw PostgresCheckFailure("value", "the database statistics are missing")
        }
        var facts: [PostgresFact] = []
        facts.add("postgres_transactions_total", row.number("xact_commit"), ["outcome": "commit"])
        facts.add("postgres_transactions_total", row.number("xact_rollback"), ["outcome": "rollback"])
        facts.add("postgres_blocks_total", row.number("blks_hit"), ["source": "cache"])
        facts.add("postgres_blocks_total", row.number("blks_read"), ["source": "disk"])
        facts.add("postgres_deadlocks_total", row.number("deadlocks"))
        facts.add("postgres_temporary_bytes_total", row.number("temp_bytes"))
        return facts
    }

    private static let archiver = PostgresCheck(
        name: "archiver", pace: .slow,
        sql: """
            SELECT \(PostgresSQL.archives) AS archives, \
            archived_count AS archived, failed_count AS failed, extract(epoch FROM last_archived_time) AS archived_at, \
            extract(epoch FROM last_failed_time) AS failed_at FROM pg_stat_archiver
            """
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows), let archives = row.bool("archives") else {
            throw PostgresCheckFailure("value", "the archiver's statistics are missing")
        }
        var facts: [PostgresFact] = []
        facts.add("postgres_archiving", archives)
        guard archives else { return facts }
        facts.add("postgres_archived_segments_total", row.number("archived"))
        facts.add("postgres_archive_failures_total", row.number("failed"))
        // 0 means never: comparisons with it work.
        facts.add("postgres_last_archived_timestamp_seconds", row.number("archived_at") ?? 0)
        facts.add("postgres_last_archive_failure_timestamp_seconds", row.number("failed_at") ?? 0)
        return facts
    }

    /// The number of segments waiting to be archived: it reveals a hanging archive command, which neither fails nor
    /// succeeds.
    private static let archiveQueue = PostgresCheck(
        name: "archive_queue", pace: .slow,
        sql: """
            SELECT \(PostgresSQL.archives) AS archives, \
            count(*) AS waiting, coalesce(extract(epoch FROM clock_timestamp() - min(modification)), 0) AS age \
            FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'
            """
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows), let archives = row.bool("archives") else {
            throw PostgresCheckFailure("value", "the archiver's queue is missing")
        }
        guard archives else { return [] }
        var facts: [PostgresFact] = []
        facts.add("postgres_archive_waiting_segments", row.number("waiting"))
        facts.add("postgres_archive_oldest_waiting_seconds", row.number("age").map { max(0, $0) })
        return facts
    }

    /// NULL where data checksums are off.
    private static let checksums = PostgresCheck(
        name: "checksums", pace: .slow,
        sql: "SELECT sum(checksum_failures) AS failures FROM pg_stat_database"
    ) { rows throws(PostgresCheckFailure) in
        guard let row = PostgresRow.first(rows) else {
            throw PostgresCheckFailure("value", "the checksum failures are missing")
        }
        var facts: [PostgresFact] = []
        facts.add("postgres_checksum_failures_total", row.number("failures"))
        return facts
    }
}

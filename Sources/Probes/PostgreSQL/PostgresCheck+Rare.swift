import Transport

extension PostgresCheck {
    /// Checks of what changes hourly or manually.
    /// - Parameter version: `server_version_num`.
    static func rare(version: Int) -> [PostgresCheck] {
        // pg_stat_wal was added in 14.
        [settings, sequences, checkpoints(version: version)]
            + (version >= 140_000 ? [writeAheadLog(version: version)] : [])
    }

    /// The settings that are exported with their values; changing one of them changes the consequences of a crash or a
    /// failover.
    static let watchedSettings = [
        "archive_mode", "autovacuum", "fsync", "full_page_writes", "hot_standby", "max_connections",
        "max_slot_wal_keep_size", "max_wal_senders", "max_wal_size", "ssl", "synchronous_commit",
        "synchronous_standby_names", "wal_level",
    ]

    /// Values are truncated: there may be many names of standbys.
    private static let valueLimit = 100

    /// Source: PostgreSQL manual, "pg_settings".
    private static let settings = PostgresCheck(
        name: "settings", pace: .rare,
        sql: """
            SELECT name, CASE WHEN name IN (\(watchedSettings.map(PostgresSQL.literal).joined(separator: ", "))) THEN setting END AS value, \
            pending_restart AS pending FROM pg_settings \
            WHERE name IN (\(watchedSettings.map(PostgresSQL.literal).joined(separator: ", "))) OR pending_restart ORDER BY name LIMIT 100
            """
    ) { rows throws(PostgresCheckFailure) in
        var facts: [PostgresFact] = []
        for row in PostgresRow.all(rows) {
            guard let name = row.text("name") else {
                throw PostgresCheckFailure("value", "a setting has no name")
            }
            if let value = row.text("value") {
                facts.add(
                    "postgres_setting_info", 1, ["setting": name, "value": String(value.prefix(valueLimit))])
            }
            if row.bool("pending") == true { facts.add("postgres_setting_pending_restart", 1, ["setting": name]) }
        }
        return facts
    }

    /// Vault's tables have none; others in the same database may. A role without the privilege to read a sequence sees
    /// no value of it. Source: PostgreSQL manual, "pg_sequences".
    private static let sequences = PostgresCheck(
        name: "sequences", pace: .rare,
        sql: """
            SELECT schemaname || '.' || sequencename AS name, \
            CASE WHEN increment_by > 0 THEN (last_value::numeric - min_value) / nullif(max_value::numeric - min_value, 0) \
            ELSE (max_value::numeric - last_value) / nullif(max_value::numeric - min_value, 0) END AS used \
            FROM pg_sequences WHERE NOT cycle AND last_value IS NOT NULL ORDER BY used DESC NULLS LAST, name LIMIT 20
            """
    ) { rows throws(PostgresCheckFailure) in
        var facts: [PostgresFact] = []
        for row in PostgresRow.all(rows) {
            facts.add("postgres_sequence_used_ratio", row.number("used"), ["sequence": row.text("name") ?? ""])
        }
        return facts
    }

    /// Until 16 the checkpointer's statistics were part of pg_stat_bgwriter.
    /// Sources: PostgreSQL 16 manual, "pg_stat_bgwriter"; 17, "pg_stat_checkpointer".
    private static func checkpoints(version: Int) -> PostgresCheck {
        let sql =
            version >= 170_000
            ? "SELECT num_timed AS timed, num_requested AS requested, write_time, sync_time FROM pg_stat_checkpointer"
            : """
            SELECT checkpoints_timed AS timed, checkpoints_req AS requested, checkpoint_write_time AS write_time, \
            checkpoint_sync_time AS sync_time FROM pg_stat_bgwriter
            """
        return PostgresCheck(name: "checkpoints", pace: .rare, sql: sql) { rows throws(PostgresCheckFailure) in
            guard let row = PostgresRow.first(rows), let timed = row.number("timed") else {
                throw PostgresCheckFailure("value", "the statistics of checkpoints are missing")
            }
            var facts: [PostgresFact] = []
            facts.add("postgres_checkpoints_total", timed, ["cause": "timed"])
            facts.add("postgres_checkpoints_total", row.number("requested"), ["cause": "requested"])
            for phase in ["write", "sync"] {
                facts.add(
                    "postgres_checkpoint_seconds_total", row.number("\(phase)_time").map { $0 / 1000 },
                    ["phase": phase])
            }
            return facts
        }
    }

    /// 18 counts writes and syncs in pg_stat_io, together with those of all other kinds of files.
    /// Sources: PostgreSQL 14 to 18 manuals, "pg_stat_wal"; 18, "pg_stat_io".
    private static func writeAheadLog(version: Int) -> PostgresCheck {
        let written =
            version >= 180_000
            ? """
            (SELECT sum(writes) FROM pg_stat_io WHERE object = 'wal') AS writes, \
            (SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal') AS syncs, \
            (SELECT sum(fsync_time) FROM pg_stat_io WHERE object = 'wal') AS sync_time
            """ : "wal_write AS writes, wal_sync AS syncs, wal_sync_time AS sync_time"
        return PostgresCheck(
            name: "wal_statistics", pace: .rare,
            sql:
                "SELECT wal_records AS records, wal_fpi AS images, wal_bytes AS bytes, wal_buffers_full AS full_buffers, \(written) FROM pg_stat_wal"
        ) { rows throws(PostgresCheckFailure) in
            guard let row = PostgresRow.first(rows), let bytes = row.number("bytes") else {
                throw PostgresCheckFailure("value", "the statistics of the write-ahead log are missing")
            }
            var facts: [PostgresFact] = []
            facts.add("postgres_wal_generated_bytes_total", bytes)
            facts.add("postgres_wal_records_total", row.number("records"))
            facts.add("postgres_wal_full_page_images_total", row.number("images"))
            facts.add("postgres_wal_buffers_full_total", row.number("full_buffers"))
            facts.add("postgres_wal_writes_total", row.number("writes"))
            facts.add("postgres_wal_syncs_total", row.number("syncs"))
            // Not measured if track_wal_io_timing is off.
            facts.add("postgres_wal_sync_seconds_total", row.number("sync_time").map { $0 / 1000 })
            return facts
        }
    }
}

import Platform
import Samples
import Simulation
import Transport

/// States of PostgreSQL servers, their replicas, archives and slots, and what stands before them.
enum PostgresStates {
    /// A row of an estate with the primary `pg-1` and its replica `pg-2`, which work until `change` says otherwise.
    private static func row(
        _ name: String, _ source: String, isHealthy: Bool = false, fires: Set<String> = [], mayFire: Set<String> = [],
        _ change: @escaping @Sendable (_ server: String, _ sql: String, _ now: Double) -> StateEstate.DatabaseAnswer? =
            {
                _, _, _ in nil
            }
    ) -> StateRow {
        StateRow(name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire) { estate in
            estate.configuration = """
                postgres:
                  servers:
                    - {name: pg-1, host: pg-1, database: vault, capacity_bytes: 100GiB}
                    - {name: pg-2, dsn: "postgres://vaultwatch@pg-2/vault", capacity_bytes: 100GiB}
                """
            let time = estate.time
            for server in ["pg-1", "pg-2"] {
                estate.databases[server] = { sql in
                    let now = time.wall().seconds
                    return change(server, sql, now) ?? answer(sql, isReplica: server == "pg-2", now)
                }
            }
        }
    }

    static func rows(_ columns: [String], _ values: [String?]...) -> StateEstate.DatabaseAnswer {
        .success(PostgresRows(columns: columns, rows: values))
    }

    private static func refused(_ reason: TransportError.Reason, _ state: String, _ words: String)
        -> StateEstate.DatabaseAnswer
    {
        .failure(PostgresError(reason, sqlState: state, "connection failed: FATAL:  \(state): \(words)"))
    }

    static func slot(_ active: Bool, _ status: String = "reserved", synced: Bool = false, retained: Int = 0)
        -> StateEstate.DatabaseAnswer
    {
        rows(
            ["slot", "type", "active", "retained", "wal_status", "safe_wal_size", "invalid", "synced"],
            ["s", "physical", active ? "t" : "f", "\(retained)", status, nil, nil, synced ? "t" : "f"])
    }

    static func isSlots(_ sql: String) -> Bool { sql.contains("FROM pg_replication_slots WHERE NOT") }

    static func receiver(
        _ now: Double, status: String? = "streaming", behind: Double = 0, age: Double = 1, delay: Double = 0,
        hasPrimary: Bool = true, paused: Bool = false, timeline: Int = 1
    ) -> StateEstate.DatabaseAnswer {
        rows(
            [
                "exists", "status", "sender", "message_age", "primary_end", "unreplayed", "replayed_at", "replay_age",
                "paused", "patience", "apply_delay", "has_primary", "timeline",
            ],
            [
                status == nil ? "f" : "t", status, status == nil ? nil : "pg-1", status == nil ? nil : "1",
                "1000000", "\(behind)", "\(now - age)", "\(age)", paused ? "t" : "f", "60",
                "\(delay)", hasPrimary ? "t" : "f", "\(timeline)",
            ])
    }

    static func identity(
        _ isReplica: Bool, _ now: Double, skew: Double = 0, behind: Double = 0, timeline: Int = 1,
        synchronous: String = ""
    ) -> StateEstate.DatabaseAnswer {
        // The position moves once a second, and the replica has it when it is asked.
        rows(
            ["number", "version", "recovery", "started", "clock", "position", "timeline", "synchronous"],
            [
                "150018", "15.18", isReplica ? "t" : "f", "1000", "\(now + skew)",
                "\(isReplica ? 1e6 - behind : 1e6)", isReplica ? nil : "\(timeline)", synchronous,
            ])
    }

    static func archiver(_ now: Double, archived: Double?, failed: Double?) -> StateEstate.DatabaseAnswer {
        rows(
            ["archives", "archived", "failed", "archived_at", "failed_at"],
            ["t", "9", "9", archived.map { "\(now - $0)" }, failed.map { "\(now - $0)" }])
    }

    static func queue(_ waiting: Int, age: Double) -> StateEstate.DatabaseAnswer {
        rows(["archives", "waiting", "age"], ["t", "\(waiting)", "\(age)"])
    }

    static func replication(_ values: [String?]...) -> StateEstate.DatabaseAnswer {
        .success(
            PostgresRows(
                columns: ["name", "address", "state", "sync_state", "replayed", "reply_age", "slot_type"], rows: values)
        )
    }

    private static func settings(_ changed: [String: String] = [:], pending: Set<String> = [])
        -> StateEstate.DatabaseAnswer
    {
        let usual = [
            "archive_mode": "off", "autovacuum": "on", "fsync": "on", "full_page_writes": "on",
            "max_connections": "100",
            "ssl": "on", "synchronous_commit": "on", "synchronous_standby_names": "", "wal_level": "replica",
        ]
        return .success(
            PostgresRows(
                columns: ["name", "value", "pending"],
                rows: usual.merging(changed) { $1 }.sorted { $0.key < $1.key }.map {
                    [$0.key, $0.value, pending.contains($0.key) ? "t" : "f"]
                }))
    }

    private static func checkpoints(timed: Int, requested: Int) -> StateEstate.DatabaseAnswer {
        rows(["timed", "requested", "write_time", "sync_time"], ["\(timed)", "\(requested)", "1000", "10"])
    }

    /// A primary that shows a certificate.
    private static func shown(days: Double, _ now: Double) -> StateEstate.DatabaseAnswer {
        identity(false, now).map { rows in
            var rows = rows
            rows.certificateExpiry = Timestamp(seconds: now + days * 86_400)
            rows.certificateLifetime = .seconds(400 * 86_400)
            return rows
        }
    }

    static func answer(_ sql: String, isReplica: Bool, _ now: Double) -> StateEstate.DatabaseAnswer {
        if sql.contains("AS number") { return identity(isReplica, now) }
        if sql.contains("FROM pg_stat_replication") {
            return isReplica
                ? replication() : replication(["pg-2", "10.0.0.2", "streaming", "async", "0", "1", "physical"])
        }
        if sql.contains("pg_stat_wal_receiver") { return receiver(now) }
        if sql.contains("in_transaction") {
            return rows(["active", "idle", "in_transaction", "total", "available"], ["1", "5", "0", "6", "97"])
        }
        if sql.contains("AS longest") { return rows(["longest", "waiting", "hidden"], ["0.5", "0", "0"]) }
        if isSlots(sql) { return isReplica ? .success(PostgresRows(columns: [], rows: [])) : slot(true) }
        if sql.contains("pg_database_size") {
            return rows(["name", "own", "every", "unmeasured"], ["vault", "1000", "4000", "0"])
        }
        if sql.contains("AS pending") { return settings() }
        if sql.contains("FROM pg_sequences") { return rows(["name", "used"]) }
        if sql.contains("AS timed") { return checkpoints(timed: 100, requested: 2) }
        if sql.contains("AS full_buffers") { return rows(["bytes"], ["1000000"]) }
        if sql.contains("to_regclass") {
            return rows(
                ["name", "size", "live", "dead", "recovery"],
                ["vault_kv_store", "500", "10", "1", isReplica ? "t" : "f"],
                ["vault_ha_locks", "50", "1", "3", isReplica ? "t" : "f"])
        }
        if sql.contains("datfrozenxid") { return rows(["xid", "multixact"], ["700", "3"]) }
        if sql.contains("pg_ls_waldir") { return rows(["size"], ["100"]) }
        if sql.contains("pg_stat_archiver") { return rows(["archives"], ["f"]) }
        if sql.contains("pg_ls_archive_statusdir") { return rows(["archives"], ["f"]) }
        if sql.contains("checksum_failures") { return rows(["failures"], ["0"]) }
        if sql.contains("pg_stat_database") { return rows(["xact_commit", "xact_rollback"], ["10", "1"]) }
        if sql.contains("ha_key") { return rows(["owner", "remaining"], ["one", "12.5"]) }
        return .failure(PostgresError(.other, sqlState: "42601", "unforeseen"))
    }

    private static let manual = "PostgreSQL manual"

    static let rows: [StateRow] = [
        row("a primary and its replica", "Real PostgreSQL 15", isHealthy: true),
        row(
            "a pooler that refuses what the agent says", "pgbouncer/pgbouncer#525", fires: ["PostgresRefusesWatcher"]
        ) { server, _, _ in
            server == "pg-1" ? refused(.configuration, "08P01", "unsupported startup parameter: search_path") : nil
        },
        row("the agent's password is wrong on the primary", manual, fires: ["PostgresRefusesWatcher"]) {
            server, _, _ in server == "pg-1" ? refused(.auth, "28P01", "password authentication failed") : nil
        },
        row("the primary has no connection left", manual, fires: ["PostgresConnectionsExhausted"]) { server, _, _ in
            server == "pg-1" ? refused(.connections, "53300", "sorry, too many clients already") : nil
        },
        row("the primary is gone", manual, fires: ["PostgresDown", "PostgresNoPrimary"]) { server, _, _ in
            server == "pg-1" ? .failure(PostgresError(.connect, "connection refused")) : nil
        },
        row("the replica is gone", manual, fires: ["PostgresReplicaDown", "PostgresReplicaMissing"]) { server, sql, _ in
            if server == "pg-2" { return .failure(PostgresError(.connect, "connection refused")) }
            return sql.contains("FROM pg_stat_replication") ? replication() : nil
        },
        row("two primaries", manual, fires: ["PostgresSplitBrain"]) { _, sql, now in
            sql.contains("AS number") ? identity(false, now) : nil
        },
        row("an inactive slot on a replica", "patroni/patroni#3145", isHealthy: true) { server, sql, _ in
            server == "pg-2" && isSlots(sql) ? slot(false) : nil
        },
        row("a synced slot on a replica", manual, isHealthy: true) { server, sql, _ in
            server == "pg-2" && isSlots(sql) ? slot(false, synced: true) : nil
        },
        row("an inactive slot on the primary", manual, fires: ["PostgresSlotInactive"]) { server, sql, _ in
            server == "pg-1" && isSlots(sql) ? slot(false) : nil
        },
        row("a slot that is lost", "patroni/patroni#3641", fires: ["PostgresSlotLosing"]) { server, sql, _ in
            server == "pg-1" && isSlots(sql) ? slot(true, "lost") : nil
        },
        row("a slot that keeps much", manual, fires: ["PostgresSlotKeepsMuch"]) { server, sql, _ in
            server == "pg-1" && isSlots(sql) ? slot(true, retained: 20 << 30) : nil
        },
        row("a replica delayed by an hour", manual, isHealthy: true) { server, sql, now in
            guard server == "pg-2" else { return nil }
            if sql.contains("AS number") { return identity(true, now, behind: 5000) }
            return sql.contains("pg_stat_wal_receiver") ? receiver(now, behind: 5000, age: 3601, delay: 3600) : nil
        },
        row(
            "a replica delayed by an hour that is two behind", manual,
            fires: ["PostgresReplicationLagHigh"], mayFire: ["PostgresReplicationLag"]
        ) { server, sql, now in
            guard server == "pg-2" else { return nil }
            if sql.contains("AS number") { return identity(true, now, behind: 5000) }
            return sql.contains("pg_stat_wal_receiver") ? receiver(now, behind: 5000, age: 7200, delay: 3600) : nil
        },
        row("a replica fed from an archive", manual, isHealthy: true) { server, sql, now in
            if server == "pg-1" { return sql.contains("FROM pg_stat_replication") ? replication() : nil }
            if sql.contains("AS number") { return identity(true, now, behind: 5000) }
            return sql.contains("pg_stat_wal_receiver") ? receiver(now, status: nil, age: 300, hasPrimary: false) : nil
        },
        row("a cascading replica", manual, isHealthy: true) { server, sql, _ in
            guard sql.contains("FROM pg_stat_replication") else { return nil }
            return server == "pg-1"
                ? replication() : replication(["pg-3", "10.0.0.3", "streaming", "async", "0", "1", "physical"])
        },
        row("pg_receivewal beside the replica", manual, isHealthy: true) { server, sql, _ in
            server == "pg-1" && sql.contains("FROM pg_stat_replication")
                ? replication(
                    ["pg-2", "10.0.0.2", "streaming", "async", "0", "1", "physical"],
                    ["keeper", "10.0.0.4", "streaming", "async", nil, "1", "physical"]) : nil
        },
        row(
            "pg_receivewal in place of the replica", manual,
            fires: ["PostgresReplicaMissing", "PostgresReplicaNotStreaming"],
            mayFire: ["PostgresReplicationLag", "PostgresReplicationLagHigh"]
        ) { server, sql, now in
            if server == "pg-2", sql.contains("AS number") { return identity(true, now, behind: 5000) }
            if server == "pg-2", sql.contains("pg_stat_wal_receiver") { return receiver(now, status: nil, age: 300) }
            return server == "pg-1" && sql.contains("FROM pg_stat_replication")
                ? replication(["pg_receivewal", "10.0.0.4", "streaming", "async", nil, "1", "physical"]) : nil
        },
        row("archiving works", manual, isHealthy: true) { server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("pg_stat_archiver") { return archiver(now, archived: 30, failed: 4000) }
            return sql.contains("pg_ls_archive_statusdir") ? queue(1, age: 2) : nil
        },
        row("archiving fails", "cloudnative-pg/cloudnative-pg#9824", fires: ["PostgresArchiverFailing"]) {
            server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("pg_stat_archiver") { return archiver(now, archived: 4000, failed: 30) }
            return sql.contains("pg_ls_archive_statusdir") ? queue(9, age: 600) : nil
        },
        row(
            "archiving is on and nothing was ever archived", "OPMDG/check_pgactivity#236",
            fires: ["PostgresArchiverFailing"]
        ) { server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("pg_stat_archiver") { return archiver(now, archived: nil, failed: nil) }
            return sql.contains("pg_ls_archive_statusdir") ? queue(9, age: 3600) : nil
        },
        row("an old failure to archive that was made good", "cloudnative-pg/cloudnative-pg#3674", isHealthy: true) {
            server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("pg_stat_archiver") { return archiver(now, archived: 4000, failed: 3000) }
            return sql.contains("pg_ls_archive_statusdir") ? queue(0, age: 0) : nil
        },
        row("replay is paused", manual, fires: ["PostgresReplayPaused"]) { server, sql, now in
            server == "pg-2" && sql.contains("pg_stat_wal_receiver") ? receiver(now, paused: true) : nil
        },
        row("a server's clock is wrong", manual, fires: ["PostgresClockSkew"]) { server, sql, now in
            server == "pg-1" && sql.contains("AS number") ? identity(false, now, skew: 30) : nil
        },
        row("sessions queue for a lock", manual, fires: ["PostgresBlocked"]) { server, sql, _ in
            server == "pg-1" && sql.contains("AS longest")
                ? rows(["longest", "waiting", "hidden"], ["90", "12", "0"]) : nil
        },
        row(
            "the last synchronous standby is gone", manual, fires: ["PostgresSynchronousStandbyMissing"],
            mayFire: ["PostgresReplicaMissing"]
        ) { server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("AS number") { return identity(false, now, synchronous: "FIRST 1 (pg-2)") }
            return sql.contains("FROM pg_stat_replication") ? replication() : nil
        },
        row("a synchronous standby, as named", manual, isHealthy: true) { server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("AS number") { return identity(false, now, synchronous: "ANY 1 (\"pg-2\")") }
            return sql.contains("FROM pg_stat_replication")
                ? replication(["pg-2", "10.0.0.2", "streaming", "quorum", "0", "1", "physical"]) : nil
        },
        row(
            "one of two standbys that may confirm commits is gone", manual, fires: ["PostgresSynchronousReserveLost"]
        ) { server, sql, now in
            guard server == "pg-1" else { return nil }
            if sql.contains("AS number") { return identity(false, now, synchronous: "FIRST 1 (pg-2, pg-3)") }
            return sql.contains("FROM pg_stat_replication")
                ? replication(["pg-2", "10.0.0.2", "streaming", "sync", "0", "1", "physical"]) : nil
        },
        row("standbys are named and no commit waits for them", manual, isHealthy: true) { server, sql, _ in
            server == "pg-1" && sql.contains("AS pending")
                ? settings(["synchronous_standby_names": "pg-3"]) : nil
        },
        row("a replica on the timeline of before the failover", manual, fires: ["PostgresTimelineDiffers"]) {
            server, sql, now in
            server == "pg-1" && sql.contains("AS number") ? identity(false, now, timeline: 2) : nil
        },
        row("both are on the timeline of the last failover", manual, isHealthy: true) { server, sql, now in
            if server == "pg-1" { return sql.contains("AS number") ? identity(false, now, timeline: 7) : nil }
            return sql.contains("pg_stat_wal_receiver") ? receiver(now, timeline: 7) : nil
        },
        row("fsync is off", manual, fires: ["PostgresSettingUnsafe"]) { server, sql, _ in
            server == "pg-1" && sql.contains("AS pending") ? settings(["fsync": "off"]) : nil
        },
        row("synchronous_commit is off", manual, fires: ["PostgresSettingUnsafe"]) { server, sql, _ in
            server == "pg-1" && sql.contains("AS pending") ? settings(["synchronous_commit": "off"]) : nil
        },
        row("connections are plain, and standbys may only be local", manual, isHealthy: true) { _, sql, _ in
            sql.contains("AS pending") ? settings(["ssl": "off", "synchronous_commit": "local"]) : nil
        },
        row("a setting changes", manual, isHealthy: true, fires: ["PostgresSettingChanged"]) { server, sql, now in
            // The estate begins at a whole second of its own: half an hour on, another value.
            server == "pg-1" && sql.contains("AS pending")
                ? settings(["max_connections": Int64(now) / 1800 % 2 == 0 ? "100" : "50"]) : nil
        },
        row("a setting waits for a restart", manual, isHealthy: true, fires: ["PostgresRestartPending"]) {
            server, sql, _ in
            server == "pg-1" && sql.contains("AS pending") ? settings(pending: ["wal_level"]) : nil
        },
        row(
            "the server's certificate ends in ten days", manual, fires: ["PostgresCertificateExpiring"]
        ) { server, sql, now in
            server == "pg-1" && sql.contains("AS number") ? shown(days: 10, now) : nil
        },
        row("the server's certificate ends in a year", manual, isHealthy: true) { server, sql, now in
            server == "pg-1" && sql.contains("AS number") ? shown(days: 365, now) : nil
        },
        row("the agent may not measure all databases", manual, isHealthy: true, mayFire: ["PostgresStorageUnknown"]) {
            server, sql, _ in
            server == "pg-1" && sql.contains("pg_database_size")
                ? rows(["name", "own", "every", "unmeasured"], ["vault", "1000", "1000", "2"]) : nil
        },
    ]
}

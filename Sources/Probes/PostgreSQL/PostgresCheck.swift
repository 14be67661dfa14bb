import Samples
import Transport

/// One query to a server. Checks are independent: a missing privilege fails only one of them.
struct PostgresCheck: Sendable {
    /// How often it runs.
    enum Pace: Sendable, CaseIterable {
        /// In each turn.
        case turn
        /// Every `slowInterval`.
        case slow
        /// Every `rareInterval`.
        case rare
    }

    var name: String
    var pace = Pace.turn
    var sql: String
    /// Turns the rows into facts. Throws `PostgresCheckFailure` for unexpected rows.
    var facts: @Sendable (PostgresRows) throws(PostgresCheckFailure) -> [PostgresFact]
}

/// Why a check failed, with a reason of `postgres_check_failures_total`.
struct PostgresCheckFailure: Error, Hashable, Sendable {
    let reason: String
    let message: String
    /// Whether the connection can no longer be used.
    var isConnectionLost = false

    init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// Maps SQLSTATE codes to reasons. Source: PostgreSQL manual, appendix A.
    init(_ error: PostgresError) {
        message = error.description
        switch error.sqlState {
        case "42501": reason = "permission"
        case "42P01", "42883", "42703", "3F000", "42704": reason = "missing"
        case "57014": reason = "timeout"
        case nil:
            reason = error.reason == .timeout ? "timeout" : "connection"
            isConnectionLost = true
        case let state? where state.hasPrefix("57P") || state.hasPrefix("08"):
            reason = "connection"
            isConnectionLost = true
        default: reason = "other"
        }
    }

    /// Without pg_monitor the pg_stat views show the rows of other sessions with empty columns.
    static let hidden = PostgresCheckFailure("permission", "rows are hidden: grant pg_monitor to the role")
}

/// Fragments of SQL and the fixed queries.
enum PostgresSQL {
    /// Whether the server archives its write-ahead log: on a replica only if `archive_mode` is `always`.
    static let archives =
        "current_setting('archive_mode') = 'always' OR current_setting('archive_mode') = 'on' AND NOT pg_is_in_recovery()"

    /// Quotes an identifier, with or without a schema, part by part.
    static func identifier(_ name: String) -> String {
        name.split(separator: ".").map {
            "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
        .joined(separator: ".")
    }

    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// The position in the write-ahead log: written on a primary, replayed on a replica.
    static let position = "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)"

    /// Whether a row of pg_database may be measured. Source: PostgreSQL manual, "Database Object Size Functions".
    static let mayMeasure =
        "has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'USAGE')"

    /// The timeline that a primary writes: the first eight digits of its WAL file name.
    /// Source: PostgreSQL manual, "Backup Control Functions".
    private static let writtenTimeline =
        "('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint"

    /// If commits do not wait for standbys, the names are irrelevant. `synchronous_commit` may be set per role: this is
    /// the server's value, unless it is set for the agent's role.
    private static let synchronous =
        "CASE WHEN current_setting('synchronous_commit') NOT IN ('off', 'local') THEN current_setting('synchronous_standby_names') ELSE '' END"

    static let identity = """
        SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version, \
        pg_is_in_recovery() AS recovery, extract(epoch FROM pg_postmaster_start_time()) AS started, \
        extract(epoch FROM clock_timestamp()) AS clock, pg_wal_lsn_diff(\(position), '0/0') AS position, \
        CASE WHEN NOT pg_is_in_recovery() THEN \(writtenTimeline) END AS timeline, \(synchronous) AS synchronous
        """

    static let receiver = """
        SELECT r.pid IS NOT NULL AS exists, r.status, r.sender_host AS sender, \
        greatest(r.received_tli, (SELECT timeline_id FROM pg_control_checkpoint())) AS timeline, \
        extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time) AS message_age, \
        pg_wal_lsn_diff(r.latest_end_lsn, '0/0') AS primary_end, \
        pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS unreplayed, \
        extract(epoch FROM pg_last_xact_replay_timestamp()) AS replayed_at, \
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS replay_age, \
        pg_is_wal_replay_paused() AS paused, \
        (SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'wal_receiver_timeout') AS patience, \
        (SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'recovery_min_apply_delay') AS apply_delay, \
        (SELECT CASE WHEN bool_or(name = 'primary_conninfo') THEN bool_or(name = 'primary_conninfo' AND setting <> '') OR NOT bool_or(name = 'restore_command' AND setting <> '') END FROM pg_settings WHERE name IN ('primary_conninfo', 'restore_command')) AS has_primary \
        FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS r ON true LIMIT 1
        """
}

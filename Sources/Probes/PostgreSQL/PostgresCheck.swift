import Samples
import Transport

/// One question to a server. Each stands alone: a missing privilege costs its own answer and no other.
struct PostgresCheck: Sendable {
    var name: String
    /// Asked only every so often.
    var isSlow = false
    var sql: String
    /// - Throws: `PostgresCheckFailure` when the rows are not what was asked for.
    var facts: @Sendable (PostgresRows) throws(PostgresCheckFailure) -> [PostgresFact]
}

/// Why a check gave nothing; the reasons of `postgres_check_failures_total`.
struct PostgresCheckFailure: Error, Hashable, Sendable {
    let reason: String
    let message: String
    /// The connection is of no more use.
    var isConnectionLost = false

    init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// Source of the codes: PostgreSQL's manual, appendix A.
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

    /// pg_stat views show other sessions' rows to everybody, but empty: the role lacks pg_monitor.
    static let hidden = PostgresCheckFailure("permission", "rows are hidden: grant pg_monitor to the role")
}

/// SQL that differs by version and configuration. Versions are numbers as `server_version_num` gives them.
enum PostgresSQL {
    /// An identifier, its schema before it, quoted part by part.
    static func identifier(_ name: String) -> String {
        name.split(separator: ".").map {
            "\"" + $0.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
        }
        .joined(separator: ".")
    }

    static func literal(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }

    /// Where the write-ahead log stands: written on a primary, replayed on a replica.
    static let position = "(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)"

    static let identity = """
        SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version, \
        pg_is_in_recovery() AS recovery, extract(epoch FROM pg_postmaster_start_time()) AS started, \
        extract(epoch FROM clock_timestamp()) AS clock, pg_wal_lsn_diff(\(position), '0/0') AS position
        """

    static let receiver = """
        SELECT r.pid IS NOT NULL AS exists, r.status, r.sender_host AS sender, \
        extract(epoch FROM clock_timestamp() - r.last_msg_receipt_time) AS message_age, \
        pg_wal_lsn_diff(r.latest_end_lsn, '0/0') AS primary_end, \
        pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) AS unreplayed, \
        extract(epoch FROM pg_last_xact_replay_timestamp()) AS replayed_at, \
        extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS replay_age, \
        pg_is_wal_replay_paused() AS paused, \
        (SELECT setting::float8 / 1000 FROM pg_settings WHERE name = 'wal_receiver_timeout') AS patience \
        FROM (SELECT 1) AS one LEFT JOIN pg_stat_wal_receiver AS r ON true LIMIT 1
        """
}

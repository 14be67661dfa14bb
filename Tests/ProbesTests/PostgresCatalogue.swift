import Transport

/// The views that the probe asks, with the columns that they have in one version, and a server's answer to a statement
/// that asks for any other. Source: the manuals of PostgreSQL 13 to 18, "Cumulative Statistics System" and "System Views".
struct PostgresCatalogue: Sendable {
    /// 13 to 18.
    let version: Int

    private static let always: [String: String] = [
        "pg_stat_replication":
            "pid usesysid usename application_name client_addr client_hostname client_port backend_start backend_xmin state sent_lsn write_lsn flush_lsn replay_lsn write_lag flush_lag replay_lag sync_priority sync_state reply_time",
        "pg_replication_slots":
            "slot_name plugin slot_type datoid database temporary active active_pid xmin catalog_xmin restart_lsn confirmed_flush_lsn wal_status safe_wal_size",
        "pg_stat_activity":
            "datid datname pid leader_pid usesysid usename application_name client_addr client_hostname client_port backend_start xact_start query_start state_change wait_event_type wait_event state backend_xid backend_xmin query backend_type",
        "pg_stat_database":
            "datid datname numbackends xact_commit xact_rollback blks_read blks_hit tup_returned tup_fetched tup_inserted tup_updated tup_deleted conflicts temp_files temp_bytes deadlocks checksum_failures checksum_last_failure blk_read_time blk_write_time stats_reset",
        "pg_stat_archiver":
            "archived_count last_archived_wal last_archived_time failed_count last_failed_wal last_failed_time stats_reset",
        "pg_stat_wal_receiver":
            "pid status receive_start_lsn receive_start_tli written_lsn flushed_lsn received_tli last_msg_send_time last_msg_receipt_time latest_end_lsn latest_end_time slot_name sender_host sender_port conninfo",
        "pg_settings":
            "name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val reset_val sourcefile sourceline pending_restart",
        "pg_stat_all_tables":
            "relid schemaname relname seq_scan seq_tup_read idx_scan idx_tup_fetch n_tup_ins n_tup_upd n_tup_del n_tup_hot_upd n_live_tup n_dead_tup n_mod_since_analyze n_ins_since_vacuum last_vacuum last_autovacuum last_analyze last_autoanalyze vacuum_count autovacuum_count analyze_count autoanalyze_count",
        "pg_sequences":
            "schemaname sequencename sequenceowner data_type start_value min_value max_value increment_by cycle cache_size last_value",
    ]

    /// Of these only some columns are listed.
    static let parts: [String: String] = [
        "pg_database": "oid datname datallowconn datfrozenxid datminmxid",
        "pg_class": "oid relname relfrozenxid reltoastrelid",
    ]

    private static let functions: [String: String] = [
        "pg_ls_waldir": "name size modification", "pg_ls_archive_statusdir": "name size modification",
        "pg_control_checkpoint": "timeline_id",
        // Tables of values that the statements write themselves.
        "vault_ha_locks": "ha_key ha_identity ha_value valid_until",
    ]

    /// The views, and nil for one that the version has not.
    var views: [String: Set<String>] {
        var views = Self.always.mapValues(Self.words)
        func add(_ view: String, _ columns: String) { views[view, default: []].formUnion(Self.words(columns)) }
        if version < 17 {
            add(
                "pg_stat_bgwriter",
                "checkpoints_timed checkpoints_req checkpoint_write_time checkpoint_sync_time buffers_checkpoint buffers_backend buffers_backend_fsync"
            )
        }
        add("pg_stat_bgwriter", "buffers_clean maxwritten_clean buffers_alloc stats_reset")
        if version >= 14 {
            add("pg_stat_wal", "wal_records wal_fpi wal_bytes wal_buffers_full stats_reset")
            if version < 18 { add("pg_stat_wal", "wal_write wal_sync wal_write_time wal_sync_time") }
            add("pg_replication_slots", "two_phase")
            add("pg_stat_activity", "query_id")
            add(
                "pg_stat_database",
                "session_time active_time idle_in_transaction_time sessions sessions_abandoned sessions_fatal sessions_killed"
            )
        }
        if version >= 16 {
            add("pg_replication_slots", "conflicting")
            add("pg_stat_all_tables", "last_seq_scan last_idx_scan n_tup_newpage_upd")
            add(
                "pg_stat_io",
                "backend_type object context reads read_time writes write_time writebacks writeback_time extends extend_time hits evictions reuses fsyncs fsync_time stats_reset"
            )
            add("pg_stat_io", version < 18 ? "op_bytes" : "read_bytes write_bytes extend_bytes")
        }
        if version >= 17 {
            add("pg_replication_slots", "inactive_since invalidation_reason failover synced")
            add(
                "pg_stat_checkpointer",
                "num_timed num_requested restartpoints_timed restartpoints_req restartpoints_done write_time sync_time buffers_written stats_reset"
            )
        }
        if version >= 18 {
            add("pg_replication_slots", "two_phase_at")
            add("pg_stat_checkpointer", "num_done slru_written")
            add("pg_stat_database", "parallel_workers_to_launch parallel_workers_launched")
            add(
                "pg_stat_all_tables",
                "total_vacuum_time total_autovacuum_time total_analyze_time total_autoanalyze_time")
        }
        return views
    }

    /// Settings of which a server of another version knows nothing.
    private var unknownSettings: [String] { version < 16 ? ["reserved_connections"] : [] }

    private static func words(_ text: String) -> Set<String> { Set(text.split(separator: " ").map(String.init)) }

    private static let keywords: Set<String> = words(
        "and as asc bigint bit by case cycle desc distinct else end epoch exists false filter first float8 from group in int is join last left like limit not null nulls numeric on or order over select then true union values when where"
    ).subtracting(["cycle"])

    /// What the server says of the first thing in a statement that it has not; nil where it has all.
    func refusal(of sql: String) -> PostgresError? {
        for setting in unknownSettings where sql.contains("current_setting('\(setting)')") {
            return error("42704", "unrecognized configuration parameter \"\(setting)\"")
        }
        let tokens = Self.tokens(sql)
        var known: Set<String> = []
        let views = views
        for (index, token) in tokens.enumerated() where ["FROM", "JOIN"].contains(token) {
            // `extract(epoch FROM last_failed_time)` and `IS DISTINCT FROM` take from no table.
            if index > 0, ["epoch", "DISTINCT"].contains(tokens[index - 1]) { continue }
            guard index + 1 < tokens.count, tokens[index + 1] != "(" else { continue }
            let relation = tokens[index + 1]
            guard
                let columns = views[relation]
                    ?? (Self.parts[relation] ?? Self.functions[relation]).map(Self.words)
            else {
                return error("42P01", "relation \"\(relation)\" does not exist")
            }
            known.formUnion(columns)
            known.insert(relation)
        }
        for (index, token) in tokens.enumerated() where token == "AS" && index + 1 < tokens.count {
            known.insert(tokens[index + 1])
            // AS t(name, id)
            var next = index + 2
            guard next < tokens.count, tokens[next] == "(" else { continue }
            while next < tokens.count, tokens[next] != ")" {
                known.insert(tokens[next])
                next += 1
            }
        }
        for (index, token) in tokens.enumerated() where token.first.map({ $0.isLetter || $0 == "_" }) == true {
            let isCall = index + 1 < tokens.count && tokens[index + 1] == "("
            guard !isCall, !known.contains(token), !Self.keywords.contains(token.lowercased()) else { continue }
            return error("42703", "column \"\(token)\" does not exist")
        }
        return nil
    }

    private func error(_ state: String, _ message: String) -> PostgresError {
        PostgresError(.other, sqlState: state, "ERROR:  \(message)")
    }

    /// Words, quoted names without their quotes, and signs; without literals.
    private static func tokens(_ sql: String) -> [String] {
        var tokens: [String] = []
        var word = ""
        var isLiteral = false
        func end() {
            if !word.isEmpty { tokens.append(word) }
            word = ""
        }
        for character in sql {
            if character == "'" {
                isLiteral.toggle()
                end()
            } else if isLiteral || character == "\"" {
                continue
            } else if character.isLetter || character.isNumber || character == "_" {
                word.append(character)
            } else {
                end()
                if !character.isWhitespace { tokens.append(String(character)) }
            }
        }
        end()
        return tokens
    }
}

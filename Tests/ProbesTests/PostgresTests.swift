import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Text
import Transport

@testable import Probes

/// A server that answers by the beginning of the query.
final class ScriptedPostgres: PostgresConnector, PostgresConnection {
    typealias Answer = Result<PostgresRows, PostgresError>
    private let answer: @Sendable (String) -> Answer

    init(_ answer: @escaping @Sendable (String) -> Answer) { self.answer = answer }

    func connection(to options: PostgresOptions) -> any PostgresConnection { self }
    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows { try answer(sql).get() }
    func close() async {}
}

func rows(_ columns: [String], _ values: [String?]...) -> ScriptedPostgres.Answer {
    .success(PostgresRows(columns: columns, rows: values))
}

/// The answers of a primary with one replica, at position 1000.
func primaryAnswers(_ sql: String) -> ScriptedPostgres.Answer {
    if sql.contains("AS number") {
        return rows(
            ["number", "version", "recovery", "started", "clock", "position"],
            ["150018", "15.18", "f", "1764100000", "1764122401.5", "1000"])
    }
    if sql.contains("FROM pg_settings") {
        return rows(
            ["name", "value", "pending"], ["fsync", "on", "f"], ["max_connections", "100", "t"],
            ["shared_buffers", nil, "t"])
    }
    if sql.contains("FROM pg_sequences") { return rows(["name", "used"], ["public.serial", "0.25"]) }
    if sql.contains("AS timed") {
        return rows(["timed", "requested", "write_time", "sync_time"], ["9", "4", "2500", "500"])
    }
    if sql.contains("FROM pg_stat_wal"), sql.contains("AS full_buffers") {
        return rows(
            ["records", "images", "bytes", "full_buffers", "writes", "syncs", "sync_time"],
            ["1000", "10", "8000000", "0", "20", "21", "300"])
    }
    if sql.contains("pg_stat_replication") {
        return rows(
            ["name", "address", "state", "sync_state", "sent", "written", "flushed", "replayed", "lag", "reply_age"],
            ["replica", "10.0.0.2", "streaming", "async", "0", "0", "0", "0", nil, "1.5"])
    }
    if sql.contains("in_transaction") {
        return rows(["active", "idle", "in_transaction", "total", "available"], ["1", "5", "2", "9", "97"])
    }
    if sql.contains("AS longest") { return rows(["longest", "waiting", "hidden"], ["12.5", "1", "0"]) }
    if sql.contains("pg_replication_slots") {
        return rows(
            ["slot", "type", "active", "retained", "wal_status", "safe_wal_size"],
            ["replica", "physical", "t", "160", "reserved", nil])
    }
    if sql.contains("pg_database_size") {
        return rows(["name", "own", "every", "unmeasured"], ["vault", "100", "400", "0"])
    }
    if sql.contains("to_regclass") {
        return rows(
            ["name", "size", "live", "dead", "recovery", "vacuumed", "frozen"],
            ["vault_kv_store", "50", "10", "1", "f", "1764100000", "600"],
            ["vault_ha_locks", "5", "1", "3", "f", nil, "500"])
    }
    if sql.contains("datfrozenxid") { return rows(["xid", "multixact"], ["700", "3"]) }
    if sql.contains("pg_ls_waldir") { return rows(["size"], ["100"]) }
    if sql.contains("pg_stat_archiver") {
        return rows(
            ["archives", "archived", "failed", "archived_at", "failed_at"], ["t", "7", "2", "1764122400", "1764100000"])
    }
    if sql.contains("pg_ls_archive_statusdir") { return rows(["archives", "waiting", "age"], ["t", "1", "3.5"]) }
    if sql.contains("checksum_failures") { return rows(["failures"], ["0"]) }
    if sql.contains("pg_stat_database") {
        return rows(
            ["xact_commit", "xact_rollback", "blks_hit", "blks_read", "deadlocks", "temp_bytes"],
            ["10", "1", "99", "2", "0", "0"])
    }
    if sql.contains("ha_key") { return rows(["owner", "remaining"], ["one", "12.5"]) }
    return .failure(PostgresError(.other, sqlState: "42601", "unforeseen: \(sql)"))
}

struct PostgresProbeTests {
    private func options(_ name: String = "db-1", _ change: (inout PostgresServerOptions) -> Void = { _ in })
        -> PostgresServerOptions
    {
        var options = PostgresServerOptions(name: name, connection: PostgresOptions(parameters: ["host": "db"]))
        options.capacityBytes = 1000
        change(&options)
        return options
    }

    private func probe(
        _ options: PostgresServerOptions, time: VirtualTime = VirtualTime(),
        _ answer: @escaping @Sendable (String) -> ScriptedPostgres.Answer
    ) -> PostgresProbe {
        let platform = testPlatform(time)
        let cluster = PostgresCluster(name: options.cluster, servers: [options], platform: platform)
        return PostgresProbe(
            options: options, cluster: cluster, connector: ScriptedPostgres(answer), platform: platform)
    }

    @Test func aPrimaryInFull() async {
        let report = await probe(options(), primaryAnswers).run()
        #expect(report.failure == nil && report.status.state == "primary")
        #expect(report.status.warnings.isEmpty)
        let samples = report.samples
        #expect(samples.value("postgres_up") == 1 && samples.value("postgres_in_recovery") == 0)
        #expect(samples.value("postgres_clock_skew_seconds") == 1.5)
        #expect(samples.value("postgres_replication_streaming", ["replica": "replica"]) == 1)
        // NULL lag on an idle primary with nothing behind.
        #expect(samples.value("postgres_replication_lag_seconds", ["replica": "replica"]) == 0)
        #expect(samples.value("postgres_connections_used_ratio") == 9.0 / 97)
        #expect(samples.value("postgres_connections", ["state": "other"]) == 1)
        #expect(samples.value("postgres_longest_transaction_seconds") == 12.5)
        #expect(samples.value("postgres_storage_used_ratio") == 0.5)
        #expect(samples.value("postgres_table_dead_rows", ["table": "vault_ha_locks"]) == 3)
        #expect(
            samples.value("postgres_table_last_vacuum_timestamp_seconds", ["table": "vault_kv_store"]) == 1_764_100_000)
        #expect(samples.value("postgres_table_transaction_id_age", ["table": "vault_kv_store"]) == 600)
        #expect(samples.value("postgres_setting_info", ["setting": "fsync", "value": "on"]) == 1)
        #expect(samples.value("postgres_setting_pending_restart", ["setting": "shared_buffers"]) == 1)
        #expect(!samples.has("postgres_setting_changed_timestamp_seconds"))
        #expect(samples.value("postgres_checkpoint_seconds_total", ["phase": "write"]) == 2.5)
        #expect(samples.value("postgres_wal_sync_seconds_total") == 0.3)
        #expect(samples.value("postgres_sequence_used_ratio", ["sequence": "public.serial"]) == 0.25)
        #expect(samples.value("postgres_synchronous_standbys_wanted") == 0)
        #expect(samples.value("vault_ha_lock_remaining_seconds") == 12.5)
        #expect(samples.value("vault_ha_lock_state", ["state": "held"]) == 1)
        #expect(samples.value("postgres_replication_slot_info", ["slot": "replica", "wal_status": "reserved"]) == 1)
        #expect(!samples.has("postgres_replication_slot_safe_bytes"))
        #expect(samples.filter { $0.labels.name == "postgres_check_success" }.allSatisfy { $0.value == 1 })
        #expect(report.derived.first?.samples.value("postgres_cluster_primaries") == 1)
        #expect(report.derived.first?.samples.value("postgres_cluster_streaming_replicas") == 1)
    }

    @Test func aMissingPrivilegeCostsItsOwnAnswerAlone() async {
        let probe = probe(options()) { sql in
            if sql.contains("pg_ls_waldir") {
                return .failure(PostgresError(.auth, sqlState: "42501", "permission denied for function pg_ls_waldir"))
            }
            if sql.contains("ha_key") {
                return .failure(PostgresError(.other, sqlState: "42P01", "relation does not exist"))
            }
            // Without pg_monitor the rows of others are there, and empty.
            if sql.contains("pg_stat_replication") { return rows(["name", "address", "state"], ["", "local", nil]) }
            return primaryAnswers(sql)
        }
        _ = await probe.run()
        let report = await probe.run()
        #expect(report.failure == nil)
        let samples = report.samples
        #expect(samples.value("postgres_check_success", ["check": "wal"]) == 0)
        #expect(samples.value("postgres_check_failures_total", ["check": "lock", "reason": "missing"]) == 2)
        #expect(samples.value("postgres_check_failures_total", ["check": "replication", "reason": "permission"]) == 2)
        // Queried only once, since it is one of the slow queries.
        #expect(samples.value("postgres_check_failures_total", ["check": "wal", "reason": "permission"]) == 1)
        #expect(samples.value("postgres_connections_used") == 9)
        #expect(!samples.has("vault_ha_lock_state") && !samples.has("postgres_replicas"))
        #expect(report.status.warnings.count == 2)
    }

    @Test func slowQuestionsAreAskedNowAndThenAndToldAlways() async {
        let time = VirtualTime()
        let asked = Mutex(0)
        let probe = probe(options(), time: time) { sql in
            if sql.contains("pg_database_size") { asked.withLock { $0 += 1 } }
            return primaryAnswers(sql)
        }
        for _ in 0..<7 {
            let samples = await probe.run().samples
            #expect(samples.value("postgres_database_size_bytes") == 100)
            await time.run(for: .seconds(5))
        }
        #expect(asked.withLock { $0 } == 2)
    }

    @Test func aServerThatIsDownSaysWhyAndNothingElse() async {
        for reason in [TransportError.Reason.connect, .timeout, .auth, .tls, .dns, .reset] {
            let report = await probe(options()) { _ in .failure(PostgresError(reason, "no")) }.run()
            #expect(report.failure?.reason == reason.rawValue)
            #expect(report.samples.value("postgres_up") == 0)
            #expect(report.samples.value("postgres_unreachable", ["reason": reason.rawValue]) == 1)
            #expect(!report.samples.has("postgres_in_recovery") && !report.samples.has("vault_ha_lock_state"))
        }
    }

    /// Every further query would wait for its own timeout.
    @Test(arguments: [
        (TransportError.Reason.configuration, "08P01", "unsupported startup parameter: application_name"),
        (.auth, "28P01", "password authentication failed"), (.connections, "53300", "sorry, too many clients already"),
    ])
    func whoAnswersAndLetsNobodyInIsOfUnknownRole(reason: TransportError.Reason, state: String, words: String) async {
        let report = await probe(options()) { _ in
            .failure(PostgresError(reason, sqlState: state, "connection to db failed: FATAL:  \(state): \(words)"))
        }.run()
        #expect(report.samples.value("postgres_unreachable", ["reason": reason.rawValue]) == 1)
        #expect(report.samples.value("postgres_refusal_info", ["sql_state": state, "message": words]) == 1)
        #expect(report.derived.first?.samples.has("postgres_cluster_primaries") == false)
        #expect(report.derived.first?.status.health == .unknown)
    }

    @Test func archivesAndTheirQueue() async {
        let samples = await probe(options(), primaryAnswers).run().samples
        #expect(samples.value("postgres_archiving") == 1)
        #expect(samples.value("postgres_last_archive_failure_timestamp_seconds") == 1_764_100_000)
        #expect(samples.value("postgres_archive_oldest_waiting_seconds") == 3.5)
        let off = await probe(options()) { sql in
            sql.contains("archive") ? rows(["archives", "waiting", "age"], ["f", "0", "0"]) : primaryAnswers(sql)
        }.run().samples
        #expect(off.value("postgres_archiving") == 0 && !off.has("postgres_archive_waiting_segments"))
    }

    @Test func walsendersThatAreNoReplicas() async {
        let report = await probe(options()) { sql in
            guard sql.contains("pg_stat_replication") else { return primaryAnswers(sql) }
            return rows(
                ["name", "address", "state", "sync_state", "replayed", "reply_age", "slot_type"],
                ["replica", "10.0.0.2", "streaming", "async", "0", "1", "physical"],
                ["keeper", "10.0.0.3", "streaming", "async", nil, "1", nil],
                ["subscription", "10.0.0.4", "streaming", "async", "0", "1", "logical"])
        }.run()
        #expect(report.samples.value("postgres_replicas") == 1)
        #expect(report.samples.value("postgres_other_walsenders") == 2)
        #expect(report.derived.first?.samples.value("postgres_cluster_streaming_replicas") == 1)
    }

    /// The columns of each version's manual, "pg_replication_slots" and "pg_stat_archiver".
    @Test(arguments: [110_000, 120_000, 130_000, 140_000, 150_000, 160_000, 170_000, 180_000])
    func eachVersionIsAskedForColumnsThatItHas(version: Int) throws {
        let checks = PostgresCheck.all(options(), version: version)
        let slots = try #require(checks.first { $0.name == "slots" }).sql
        #expect(slots.contains("wal_status, safe") == (version >= 130_000))
        #expect(slots.contains("conflicting THEN") == (160_000..<170_000).contains(version))
        #expect(slots.contains("invalidation_reason") == (version >= 170_000))
        #expect(checks.contains { $0.name == "archive_queue" } == (version >= 120_000))
        #expect(checks.contains { $0.name == "checksums" } == (version >= 120_000))
    }

    @Test func aReplicaFedFromAnArchiveHasNoReceiverByDesign() async {
        let report = await probe(options()) { sql in
            if sql.contains("AS number") {
                return rows(["number", "version", "recovery", "position"], ["150018", "15.18", "t", "900"])
            }
            if sql.contains("pg_stat_wal_receiver") {
                return rows(
                    ["exists", "status", "replay_age", "apply_delay", "has_primary"], ["f", nil, "70", "60", "f"])
            }
            return primaryAnswers(sql)
        }.run()
        #expect(report.samples.value("postgres_replica_archive_fed") == 1)
        #expect(!report.samples.has("postgres_receiver_streaming"))
        #expect(report.samples.value("postgres_replica_apply_delay_seconds") == 60)
        #expect(report.status.health == .ok)
    }

    @Test func aConnectionLostUnderWayEndsTheTurn() async {
        let asked = Mutex(0)
        let report = await probe(options()) { sql in
            asked.withLock { $0 += 1 }
            return sql.contains("in_transaction")
                ? .failure(PostgresError(.reset, "server closed the connection")) : primaryAnswers(sql)
        }.run()
        #expect(asked.withLock { $0 } == 3)
        #expect(report.failure?.reason == "reset")
        #expect(report.samples.value("postgres_up") == 1)
        #expect(report.samples.value("postgres_check_success", ["check": "slots"]) == 0)
    }

    @Test func answersThatMakeNoSenseAreNoNumbers() async {
        for value in [nil, "", "NaN", "-", "Infinity"] as [String?] {
            let report = await probe(options()) { sql in
                switch primaryAnswers(sql) {
                case .success(let rows) where !sql.contains("AS number"):
                    .success(PostgresRows(columns: rows.columns, rows: rows.rows.map { $0.map { _ in value } }))
                case let other: other
                }
            }.run()
            #expect(report.samples.allSatisfy { $0.value.isFinite })
            #expect(report.samples.value("postgres_up") == 1)
        }
        let empty = await probe(options()) { _ in .success(PostgresRows(columns: [], rows: [])) }.run()
        #expect(empty.failure?.reason == "body")
    }

    @Test func theLocksOwnerChangesAreCounted() async {
        let lock = Mutex<ScriptedPostgres.Answer>(rows(["owner", "remaining"], ["one", "12"]))
        let probe = probe(options()) { $0.contains("ha_key") ? lock.withLock { $0 } : primaryAnswers($0) }
        func state() async -> (String, Double?, Double?) {
            let samples = await probe.run().samples
            let state =
                samples.first { $0.labels.name == "vault_ha_lock_state" && $0.value == 1 }?.labels["state"] ?? ""
            return (
                state, samples.value("vault_ha_lock_remaining_seconds"),
                samples.value("vault_ha_lock_owner_changes_total")
            )
        }
        #expect(await state() == ("held", 12, 0))
        lock.withLock { $0 = rows(["owner", "remaining"], ["one", "-3"]) }
        #expect(await state() == ("expired", -3, 0))
        lock.withLock { $0 = rows(["owner", "remaining"]) }
        #expect(await state() == ("absent", nil, 0))
        lock.withLock { $0 = rows(["owner", "remaining"], ["two", "15"]) }
        #expect(await state() == ("held", 15, 1))
    }

    @Test func replicasOfOneNameAreToldApart() async {
        let report = await probe(options()) { sql in
            guard sql.contains("pg_stat_replication") else { return primaryAnswers(sql) }
            return rows(
                ["name", "address", "state", "sync_state", "replayed", "lag", "reply_age"],
                ["walreceiver", "10.0.0.2", "streaming", "async", "0", nil, "1"],
                ["walreceiver", "10.0.0.3", "catchup", "async", "500", "3", "1"],
                ["walreceiver", "10.0.0.3", "startup", "async", nil, nil, nil])
        }.run()
        let samples = report.samples
        #expect(samples.value("postgres_replicas") == 3)
        #expect(samples.value("postgres_replication_streaming", ["replica": "walreceiver@10.0.0.2"]) == 1)
        #expect(samples.value("postgres_replication_lag_seconds", ["replica": "walreceiver@10.0.0.3"]) == 3)
        #expect(samples.value("postgres_replication_streaming", ["replica": "walreceiver@10.0.0.3#2"]) == 0)
        #expect(report.derived.first?.samples.value("postgres_cluster_streaming_replicas") == 1)
    }

    @Test(
        arguments: [
            (nil, 0.0, 1.0, 0.0), (0.4, 100, 1, 0.4), (nil, 100, 7, 7), (0.4, 100, 90, 90), (nil, 0, 90, 0),
        ] as [(Double?, Double, Double, Double)])
    func lagSeenFromThePrimary(reported: Double?, behind: Double, replyAge: Double, lag: Double) {
        #expect(PostgresCheck.lag(reported, behind: behind, replyAge: replyAge) == lag)
    }

    @Test func identifiersAndLiteralsAreQuoted() {
        #expect(PostgresSQL.identifier("vault.ha_locks") == #""vault"."ha_locks""#)
        #expect(PostgresSQL.identifier(#"a"; DROP TABLE b; --"#) == #""a""; DROP TABLE b; --""#)
        #expect(PostgresSQL.literal("o'clock") == "'o''clock'")
    }
}

struct PostgresClusterStateTests {
    private func state() -> PostgresClusterState { PostgresClusterState(servers: ["p", "r"], expectedReplicas: nil) }

    private func up(_ recovery: Bool, position: Double, at time: Double) -> PostgresClusterState.Observation {
        .init(
            isUp: true, inRecovery: recovery, position: position, streamingReplicas: recovery ? nil : 1,
            moment: moment(time))
    }

    private func replica(
        streaming: Bool = true, messageAge: Double? = 1, position: Double = 1000, told: Double? = 1000,
        replayAge: Double? = 41.6
    ) -> PostgresClusterState.Replica {
        .init(
            isStreaming: streaming, messageAge: messageAge, receiverTimeout: 60, position: position,
            reportedPosition: told,
            replayAge: replayAge)
    }

    /// An idle Vault writes nothing: the last replayed transaction is old, and nothing is behind.
    @Test func anIdleReplicaHasNoLag() {
        var state = state()
        _ = state.observe(up(false, position: 1000, at: 1), of: "p")
        let lag = state.lag(of: "r", replica(), now: moment(2))
        #expect(lag.seconds == 0 && lag.bytes == 0 && lag.lastSync == moment(2).wall)
    }

    /// receive = replay with no receiver at all: the usual formula says 0 here.
    @Test func withoutAReceiverThereIsLag() {
        var state = state()
        _ = state.observe(up(false, position: 1000, at: 1), of: "p")
        let lag1 = state.lag(of: "r", replica(streaming: false, messageAge: nil), now: moment(2)).seconds
        #expect(lag1 == 41.6)
    }

    @Test func aSilentPrimaryIsNotFresh() {
        var state = state()
        _ = state.observe(up(false, position: 1000, at: 1), of: "p")
        let lag2 = state.lag(of: "r", replica(messageAge: 61), now: moment(2)).seconds
        #expect(lag2 == 41.6)
    }

    @Test func behindIsBehind() {
        var state = state()
        _ = state.observe(up(false, position: 1500, at: 1), of: "p")
        let lag = state.lag(of: "r", replica(), now: moment(2))
        #expect(lag.seconds == 41.6 && lag.bytes == 500)
    }

    /// A burst after an idle hour is milliseconds behind, not an hour.
    @Test func lagIsAtMostTheTimeSinceTheLastSync() {
        var state = state()
        _ = state.observe(up(false, position: 1000, at: 1), of: "p")
        _ = state.lag(of: "r", replica(replayAge: 3600), now: moment(2))
        _ = state.observe(up(false, position: 9000, at: 3), of: "p")
        let lag3 = state.lag(of: "r", replica(replayAge: 3601), now: moment(3)).seconds
        #expect(lag3 == 1)
    }

    /// What a primary reported before it stopped answering is no evidence.
    @Test func aPrimaryOfOursThatIsDownLeavesItUnknown() {
        var state = state()
        _ = state.observe(up(false, position: 1000, at: 1), of: "p")
        _ = state.observe(.init(isUp: false, moment: moment(6)), of: "p")
        let lag = state.lag(of: "r", replica(), now: moment(7))
        #expect(lag.seconds == 41.6 && lag.bytes == nil)
    }

    @Test func aForeignPrimaryIsKnownByWhatItTold() {
        var state = PostgresClusterState(servers: ["r"], expectedReplicas: nil)
        let lag4 = state.lag(of: "r", replica(), now: moment(1)).seconds
        #expect(lag4 == 0)
        let lag5 = state.lag(of: "r", replica(told: 1001), now: moment(2)).seconds
        #expect(lag5 == 1)
    }

    @Test func rolesAndPrimariesAreCounted() {
        var state = state()
        let first = state.observe(up(false, position: 1, at: 1), of: "p")
        #expect(!first)
        #expect(state.samples(cluster: "vault", at: moment(1).wall).samples.isEmpty)
        _ = state.observe(up(true, position: 1, at: 1), of: "r")
        #expect(state.targetStatus.state == "primary: p")
        let second = state.observe(up(false, position: 1, at: 2), of: "r")
        #expect(second)
        let samples = state.samples(cluster: "vault", at: moment(2).wall).samples
        #expect(samples.value("postgres_cluster_primaries") == 2)
        #expect(samples.value("postgres_cluster_expected_replicas") == 1)
        #expect(state.roleChanges(of: "r") == 1 && state.targetStatus.health == .critical)
        let third = state.observe(.init(isUp: false, moment: moment(3)), of: "p")
        #expect(third)
        #expect(state.samples(cluster: "vault", at: moment(3).wall).samples.value("postgres_cluster_servers_up") == 1)
    }
}

import Lab
import Platform
import Samples
import Testing
import Transport

@testable import Probes

/// The checks against real servers: a primary and its streaming replica, by the least-privilege role.
@Suite(.serialized) struct PostgresServerTests {
    private struct Estate {
        var servers: LocalPostgres
        var primary: PostgresProbe
        var replica: PostgresProbe
        var pool: PostgresPool
    }

    private func options(_ name: String, _ servers: LocalPostgres, _ server: PostgresServer) -> PostgresServerOptions {
        var connection = PostgresOptions(
            parameters: [
                "host": "127.0.0.1", "port": "\(server.port)", "dbname": servers.database, "user": servers.user,
            ], password: servers.password)
        connection.connectTimeout = .seconds(10)
        connection.statementTimeout = .seconds(10)
        var options = PostgresServerOptions(name: name, connection: connection)
        options.slowInterval = .zero
        options.rareInterval = .zero
        options.storagePath = "/"
        return options
    }

    private func withEstate(slot: Bool = false, _ body: (Estate) async throws -> Void) async throws {
        try await withEstate(LocalPostgres.Options(replica: true, slot: slot), body)
    }

    private func withEstate(_ wanted: LocalPostgres.Options, _ body: (Estate) async throws -> Void) async throws {
        let servers = try await LocalPostgres.start(wanted)
        let platform = testPlatform(SystemTime())
        let pool = PostgresPool(platform: platform)
        do {
            let all = [
                options("primary", servers, servers.primary),
                options("replica", servers, servers.replica ?? servers.primary),
            ]
            let cluster = PostgresCluster(name: "vault", servers: all, platform: platform)
            let probes = all.map { PostgresProbe(options: $0, cluster: cluster, connector: pool, platform: platform) }
            try await body(Estate(servers: servers, primary: probes[0], replica: probes[1], pool: pool))
        } catch {
            pool.close()
            await servers.stop()
            throw error
        }
        pool.close()
        await servers.stop()
    }

    @Test func aPrimaryAndItsReplica() async throws {
        try await withEstate(slot: true) { estate in
            try await estate.servers.writeSecrets(count: 100)
            try await estate.servers.holdLock(identity: "one", value: "uuid")
            try await estate.servers.waitForStreaming()
            let primary = await estate.primary.run()
            #expect(primary.failure == nil)
            #expect(primary.status.warnings.isEmpty)
            let samples = primary.samples
            #expect(samples.value("postgres_in_recovery") == 0)
            #expect(samples.filter { $0.labels.name == "postgres_check_success" && $0.value == 0 }.isEmpty)
            #expect(samples.value("postgres_replication_streaming", ["replica": "replica"]) == 1)
            #expect(samples.value("postgres_replication_slot_active", ["slot": "replica"]) == 1)
            #expect(samples.value("vault_ha_lock_state", ["state": "held"]) == 1)
            #expect((samples.value("vault_ha_lock_remaining_seconds") ?? 0) > 0)
            #expect((samples.value("postgres_table_size_bytes", ["table": "vault_kv_store"]) ?? 0) > 0)
            #expect((samples.value("postgres_storage_used_ratio") ?? 0) > 0)
            #expect(samples.value("postgres_connections_limit") == 27)
            #expect(samples.value("postgres_timeline") == 1)
            #expect(samples.value("postgres_databases_unmeasured") == 0)
            #expect(samples.value("postgres_setting_info", ["setting": "wal_level", "value": "replica"]) == 1)
            #expect((samples.value("postgres_wal_generated_bytes_total") ?? 0) > 0)
            #expect(samples.has("postgres_checkpoints_total"))
            #expect(samples.has("postgres_table_transaction_id_age"))
            let replica = await estate.replica.run()
            #expect(replica.failure == nil && replica.status.warnings.isEmpty)
            #expect(replica.samples.value("postgres_in_recovery") == 1)
            #expect(replica.samples.value("postgres_receiver_streaming") == 1)
            #expect(replica.samples.value("postgres_timeline") == 1)
            #expect(replica.samples.value("postgres_replica_lag_seconds") == 0)
            #expect(replica.samples.has("postgres_replica_last_sync_timestamp_seconds"))
            #expect(!replica.samples.has("vault_ha_lock_state"))
            let cluster = try #require(replica.derived.first?.samples)
            #expect(cluster.value("postgres_cluster_primaries") == 1)
            #expect(cluster.value("postgres_cluster_streaming_replicas") == 1)

            try await estate.servers.holdLock(identity: "two", value: "uuid", seconds: -5)
            let expired = await estate.primary.run().samples
            #expect(expired.value("vault_ha_lock_state", ["state": "expired"]) == 1)
            #expect(expired.value("vault_ha_lock_owner_changes_total") == 1)
            try await estate.servers.releaseLock()
            #expect(await estate.primary.run().samples.value("vault_ha_lock_state", ["state": "absent"]) == 1)
        }
    }

    /// A slot kept on a replica for a later failover is nobody's, and so it says.
    @Test func receiversThatAreNoReplicasAndAnArchiveThatIsOff() async throws {
        try await withEstate { estate in
            try await estate.servers.waitForStreaming()
            try await estate.servers.replica?.sql("SELECT pg_create_physical_replication_slot('vault_2', true)")
            try await estate.servers.primary.sql("SELECT pg_create_physical_replication_slot('vault_3', true)")
            let primary = await estate.primary.run().samples
            #expect(primary.value("postgres_archiving") == 0)
            #expect(primary.value("postgres_other_walsenders") == 0)
            #expect(primary.value("postgres_replication_slot_active", ["slot": "vault_3"]) == 0)
            #expect(primary.value("postgres_replication_slot_synced", ["slot": "vault_3"]) == 0)
            let replica = await estate.replica.run().samples
            #expect(replica.value("postgres_replication_slot_active", ["slot": "vault_2"]) == 0)
            #expect(replica.value("postgres_replica_archive_fed") == 0)
            #expect(replica.value("postgres_replica_apply_delay_seconds") == 0)
            #expect(!(primary + replica).contains { $0.labels.name == "postgres_check_success" && $0.value == 0 })
        }
    }

    /// The views of the version that runs here are those that the scripted servers have.
    @Test func theCatalogueIsTheServers() async throws {
        let servers = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        do {
            let number = try await servers.primary.sql("SHOW server_version_num")
            let catalogue = PostgresCatalogue(version: (Int(number) ?? 0) / 10_000)
            for (view, columns) in catalogue.views {
                let real = try await servers.primary.sql(
                    "SELECT attname FROM pg_attribute WHERE attrelid = '\(view)'::regclass AND attnum > 0")
                #expect(Set(real.split(separator: "\n").map(String.init)) == columns, "\(view)")
            }
            for (table, columns) in PostgresCatalogue.parts {
                let real = try await servers.primary.sql(
                    "SELECT attname FROM pg_attribute WHERE attrelid = '\(table)'::regclass AND attnum > 0")
                #expect(
                    Set(columns.split(separator: " ")).isSubset(of: Set(real.split(separator: "\n"))), "\(table)")
            }
        } catch {
            await servers.stop()
            throw error
        }
        await servers.stop()
    }

    /// A replica that must confirm commits, then does not, then is promoted: the primary of before is on the old timeline.
    @Test func synchronousReplicasAndTimelines() async throws {
        try await withEstate { estate in
            try await estate.servers.waitForStreaming()
            try await estate.servers.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 (replica)'")
            try await estate.servers.primary.sql("SELECT pg_reload_conf()")
            func primary() async -> [Sample] { await estate.primary.run().samples }
            #expect(await waitUntil { await primary().value("postgres_synchronous_standbys") == 1 })
            let whole = await primary()
            #expect(whole.value("postgres_synchronous_standbys_wanted") == 1)
            #expect(whole.value("postgres_synchronous_standbys_named") == 1)
            try await estate.servers.cutReplication()
            #expect(await waitUntil { await primary().value("postgres_synchronous_standbys") == 0 })
            #expect(await primary().value("postgres_synchronous_standbys_wanted") == 1)
            let changed = await estate.primary.run().samples.value(
                "postgres_setting_info",
                ["setting": "synchronous_standby_names", "value": "FIRST 1 (replica)"])
            #expect(changed == 1)
            try await estate.servers.replica?.sql("SELECT pg_promote()")
            let promoted = await estate.replica.run().samples
            #expect(promoted.value("postgres_in_recovery") == 0)
            #expect(promoted.value("postgres_timeline") == 2)
            #expect(await primary().value("postgres_timeline") == 1)
        }
    }

    /// What a failing archive_command leaves: files that wait, and a failure that is newer than any success.
    @Test func aFailingArchiveCommand() async throws {
        var wanted = LocalPostgres.Options(replica: false)
        wanted.archiving = true
        try await withEstate(wanted) { estate in
            try await estate.servers.writeSecrets(count: 1)
            try await estate.servers.primary.sql("SELECT pg_switch_wal()")
            func samples() async -> [Sample] { await estate.primary.run().samples }
            #expect(await waitUntil { (await samples().value("postgres_archived_segments_total") ?? 0) > 0 })
            let working = await samples()
            #expect(working.value("postgres_archiving") == 1)
            #expect(working.value("postgres_last_archive_failure_timestamp_seconds") == 0)
            try await estate.servers.primary.sql("ALTER SYSTEM SET archive_command = 'false'")
            try await estate.servers.primary.sql("SELECT pg_reload_conf()")
            try await estate.servers.writeSecrets(count: 1)
            try await estate.servers.primary.sql("SELECT pg_switch_wal()")
            #expect(await waitUntil { (await samples().value("postgres_archive_failures_total") ?? 0) > 0 })
            let failing = await samples()
            // What PostgresArchiverFailing compares.
            #expect(
                (failing.value("postgres_last_archive_failure_timestamp_seconds") ?? 0)
                    > (failing.value("postgres_last_archived_timestamp_seconds") ?? .infinity))
            #expect((failing.value("postgres_archive_waiting_segments") ?? 0) > 0)
        }
    }

    /// The end of what the server shows, by the chain that verifies it, and of what it shows after a reload.
    @Test func theServersCertificate() async throws {
        let authority = try await CertificateAuthority()
        var wanted = LocalPostgres.Options(replica: false)
        wanted.certificate = try await authority.issue("short", validity: .days(10))
        let servers = try await LocalPostgres.start(wanted)
        let pool = PostgresPool(platform: testPlatform(SystemTime()))
        do {
            func days(_ mode: String) async throws -> Double? {
                var server = options("primary", servers, servers.primary).connection
                server.parameters["sslmode"] = mode
                if mode != "disable" { server.parameters["sslrootcert"] = authority.certificateFile }
                let rows = try await pool.connection(to: server).query("SELECT 1")
                return rows.certificateExpiry.map { ($0.seconds - SystemTime().wall().seconds) / 86_400 }
            }
            #expect(try await days("verify-full").map { $0 > 9.9 && $0 <= 10 } == true)
            #expect(try await days("require").map { $0 > 9.9 && $0 <= 10 } == true)
            #expect(try await days("disable") == nil)
            try await servers.install(authority.issue("long", validity: .days(100)))
            try await servers.primary.sql("SELECT pg_reload_conf()")
            #expect(await waitUntil { ((try? await days("verify-full")) ?? nil).map { $0 > 99 } == true })
        } catch {
            pool.close()
            await servers.stop()
            throw error
        }
        pool.close()
        await servers.stop()
    }

    /// Replay equals receive here, and the usual formula calls that no lag.
    @Test func aCutReplicaLags() async throws {
        try await withEstate { estate in
            try await estate.servers.writeSecrets(count: 1)
            try await estate.servers.waitForStreaming()
            _ = await estate.primary.run()
            #expect(await estate.replica.run().samples.value("postgres_replica_lag_seconds") == 0)
            try await estate.servers.cutReplication()
            try await estate.servers.writeSecrets(count: 50)
            let primary = await estate.primary.run()
            #expect(primary.samples.value("postgres_replicas") == 0)
            #expect(primary.derived.first?.samples.value("postgres_cluster_streaming_replicas") == 0)
            let replica = await estate.replica.run()
            #expect(replica.samples.value("postgres_receiver_streaming") == 0)
            #expect((replica.samples.value("postgres_replica_lag_seconds") ?? 0) > 0)
            #expect((replica.samples.value("postgres_replica_lag_bytes") ?? 0) > 0)
            #expect(replica.status.health == .critical)
            try await estate.servers.restoreReplication()
            _ = await estate.primary.run()
            #expect(await estate.replica.run().samples.value("postgres_replica_lag_seconds") == 0)
        }
    }

    @Test func aRoleWithoutPrivilegesSeesWhatItMay() async throws {
        try await withEstate { estate in
            try await estate.servers.primary.sql(
                "REVOKE pg_monitor FROM vaultwatch; REVOKE SELECT (ha_identity) ON vault_ha_locks FROM vaultwatch")
            let report = await estate.primary.run()
            #expect(report.failure == nil)
            #expect(report.samples.value("postgres_up") == 1)
            for check in ["replication", "wal", "lock"] {
                #expect(report.samples.value("postgres_check_success", ["check": check]) == 0, "\(check)")
                #expect(
                    report.samples.value("postgres_check_failures_total", ["check": check, "reason": "permission"])
                        == 1, "\(check)")
            }
            for check in ["wraparound", "sizes", "settings", "checkpoints", "wal_statistics", "sequences"] {
                #expect(report.samples.value("postgres_check_success", ["check": check]) == 1, "\(check)")
            }
            #expect(report.samples.value("postgres_databases_unmeasured") == 0)
            try await estate.servers.primary.sql("REVOKE CONNECT ON DATABASE postgres FROM PUBLIC")
            let unmeasured = await estate.primary.run().samples
            #expect(unmeasured.value("postgres_check_success", ["check": "sizes"]) == 1)
            #expect(unmeasured.value("postgres_databases_unmeasured") == 1)
            #expect(unmeasured.value("postgres_up") == 1)
        }
    }

    @Test func aServerThatStopsIsDown() async throws {
        try await withEstate { estate in
            #expect(await estate.primary.run().failure == nil)
            await estate.servers.primary.stop()
            let report = await estate.primary.run()
            #expect(report.failure != nil)
            #expect(report.samples.value("postgres_up") == 0)
            _ = await estate.replica.run()
            let cluster = await estate.replica.run().derived.first?.samples
            #expect(cluster?.value("postgres_cluster_primaries") == 0)
        }
    }
}

import Platform
import Samples
import Simulation
import Testing
import TimeZones
import Transport

@testable import Probes

/// A target may answer any number: its probe says something of it, and the process goes on.
struct ExtremeAnswersTests {
    private static let numbers = [
        "-9223372036854775808", "9223372036854775807", "1e308", "-1e308", "1e30", "-1", "0", "0.5",
        "99999999999999999999",
        "NaN", "Infinity", "-Infinity", "", "\u{fffd}", String(repeating: "9", count: 65_536),
    ]

    @Test(arguments: numbers)
    func vaultNode(_ number: String) {
        let value = number.isEmpty || number.hasPrefix("\u{fffd}") ? "\"\(number)\"" : number
        let health = """
            {"initialized":true,"sealed":true,"standby":false,"server_time_utc":\(value),"last_wal":\(value),\
            "echo_duration_ms":\(value),"clock_skew_ms":\(value),"replication_primary_canary_age_ms":\(value),\
            "last_request_forwarding_heartbeat_ms":\(value),"license":{"expiry_time":"\(number)"},"version":"\(number)"}
            """
        let seal = """
            {"initialized":true,"sealed":true,"t":\(value),"n":\(value),"progress":\(value),"type":"\(number)"}
            """
        let leader = """
            {"ha_enabled":true,"active_time":"\(number)","raft_committed_index":\(value),"raft_applied_index":\(value),\
            "last_wal":\(value)}
            """
        var answer = json(503, health)
        answer.timing.total = 1e308
        let seen = observation(answer, seal: json(200, seal), leader: json(200, leader))
        let samples = seen.samples(cluster: "main", node: "a", at: Timestamp(milliseconds: 0)).samples
        #expect(samples.value("vault_node_up") == 1)
        #expect(!seen.targetStatus.state.isEmpty && seen.targetStatus.detail.utf8.count < 300_000)
    }

    @Test(arguments: ["-9223372036854775808", "9223372036854775807", "1.7e30"])
    func vaultNodeWithAnyClock(_ time: String) {
        let seen = observation(json(200, #"{"initialized":true,"sealed":false,"server_time_utc":\#(time)}"#))
        #expect(seen.targetStatus.state == "active")
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e308, -1, .leastNonzeroMagnitude])
    func canaryOfAnyDuration(_ seconds: Double) async throws {
        var options = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: "https://a:8200")])
        options.canaryPath = "secret/data/canary"
        options.authentication = .token(Secret(value: "token"))
        let http = ScriptedHTTP { request in
            var answer = json(200, #"{"initialized":true,"sealed":false,"standby":false}"#)
            answer.timing.total = seconds
            return .success(answer)
        }
        let cluster = VaultCluster(options: options, http: http, platform: testPlatform())
        for probe in cluster.probes() where probe.target.kind == .vaultNode { _ = await probe.run() }
        let canary = try #require(cluster.probes().first { $0.target.kind == .vaultCanary })
        #expect(await canary.run().status.state == "readable")
    }

    /// Every column of every answer of a server holds the number, on a primary and on a replica.
    @Test(arguments: numbers, ["t", "f"])
    func postgresServer(_ number: String, _ recovery: String) async {
        let columns = [
            "number", "version", "started", "clock", "position", "active", "idle", "in_transaction", "total",
            "available", "longest", "waiting", "hidden", "sent", "written", "flushed", "replayed", "lag", "reply_age",
            "retained", "own", "every", "size", "live", "dead", "xid", "multixact", "xact_commit", "xact_rollback",
            "blks_hit", "blks_read", "deadlocks", "temp_bytes", "remaining", "owner", "message_age", "primary_end",
            "unreplayed", "replayed_at", "replay_age", "patience", "name", "state", "slot", "status",
            "timeline", "synchronous", "value", "unmeasured", "vacuumed", "frozen", "used", "timed", "requested",
            "write_time", "sync_time", "records", "images", "bytes", "full_buffers", "writes", "syncs",
        ]
        let platform = testPlatform(VirtualTime())
        let options = PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db"]))
        let server = ScriptedPostgres { _ in
            .success(
                PostgresRows(
                    columns: columns + ["recovery", "exists"],
                    rows: [columns.map { _ in number } + [recovery, "t"]]))
        }
        let probe = PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: server, platform: platform)
        let report = await probe.run()
        #expect(report.samples.has("postgres_up"))
        // What is no version number is no answer that can be trusted.
        if Int(number) == nil { #expect(report.samples.value("postgres_up") == 0, "\(number.prefix(40))") }
    }

    @Test func replicaOfAnyLag() async {
        let server = ScriptedPostgres { sql in
            if sql.contains("AS number") {
                return rows(
                    ["number", "version", "recovery", "started", "clock", "position"],
                    ["150018", "15.18", "t", "0", "0", "1000"])
            }
            if sql.contains("pg_stat_wal_receiver") {
                return rows(
                    ["exists", "status", "message_age", "primary_end", "replay_age"],
                    ["t", "streaming", "1e300", "1e300", "1e300"])
            }
            return primaryAnswers(sql)
        }
        let platform = testPlatform(VirtualTime())
        let options = PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db"]))
        let probe = PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: server, platform: platform)
        #expect(await probe.run().status.state == "replica")
    }

    /// Objects of a bucket with any size and time.
    @Test(arguments: [Int64.min, -1, 0, 1, .max])
    func backupsOfAnySizeAndTime(_ number: Int64) throws {
        let time = Timestamp(milliseconds: number)
        let keys = [
            "daily/vault-snapshot-2200-12-31.enc", "daily/vault-snapshot-2000-01-01.enc",
            "daily/vault-snapshot-2026-11-26T02-00-00-000Z.enc", "daily/", "daily/\u{0}",
            "daily/" + String(repeating: "2-", count: 500) + ".enc",
        ]
        let schedules: [BackupSchedule] = [
            .day, .week(from: 6), .month, .every(.seconds(300)), .every(.seconds(366 * 86_400)),
            .cron(try CronSchedule("0 0 29 2 *")), .cron(try CronSchedule("*/5 * * * *")),
        ]
        for schedule in schedules {
            var options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: schedule, retention: 10_000)
            options.grace = .seconds(9_223_372_036)
            for now in [number, 0, 1_795_000_000_000] {
                let report = BackupReport(
                    options: options,
                    objects: keys.map { BackupObject(key: $0, size: number, lastModified: time) }, covering: [],
                    isTruncated: false, now: Timestamp(milliseconds: now))
                var set = SampleSet(at: Timestamp(milliseconds: now))
                report.samples(into: &set)
                let metadata = BackupMetadata(["timestamp": "2026-11-26T02:00:00Z", "checksum": ""], keyTime: time)
                #expect(!report.targetStatus(metadata: metadata, storageTypes: []).state.isEmpty)
                #expect(set.samples.has("backup_objects"))
            }
        }
    }

    /// An interval of 292 years, the longest that can be configured.
    @Test func turnsOfAnyInterval() {
        let longest = Duration(prometheus: "9223372036s") ?? .zero
        let start = Instant(nanoseconds: 1_000_000_000)
        for name in ["a", "b", "c", "d", "e", "f"] {
            for interval in [longest, .zero, .seconds(-5)] {
                let next = ProbeTurns.next(
                    after: start, of: ProbeTarget(.postgres, name), interval: interval, since: start)
                #expect(next > start)
            }
        }
    }
}

import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// Servers of each version that is supported, 13 to 18, which refuse what they have not.
struct PostgresVersionTests {
    private static func options() -> PostgresServerOptions {
        PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db"]))
    }

    /// A server of a version: what it has not it refuses, and all else it answers as a primary or replica does.
    private static func answer(_ sql: String, _ version: Int, isReplica: Bool) -> ScriptedPostgres.Answer {
        if let refusal = PostgresCatalogue(version: version).refusal(of: sql) { return .failure(refusal) }
        if sql.contains("AS number") {
            return rows(
                ["number", "version", "recovery", "started", "clock", "position", "timeline", "synchronous"],
                [
                    "\(version)0004", "\(version).4", isReplica ? "t" : "f", "1764100000", "1764122401.5", "1000",
                    isReplica ? nil : "3", "",
                ])
        }
        if sql.contains("pg_stat_wal_receiver") {
            return rows(["exists", "status", "message_age", "timeline"], ["t", "streaming", "1", "3"])
        }
        return primaryAnswers(sql)
    }

    @Test(arguments: 13...18, [false, true])
    func everyStatementAsksForWhatTheVersionHas(version: Int, isReplica: Bool) async {
        let platform = testPlatform(VirtualTime())
        let options = Self.options()
        let probe = PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: ScriptedPostgres { Self.answer($0, version, isReplica: isReplica) }, platform: platform)
        let report = await probe.run()
        #expect(report.failure == nil)
        #expect(report.status.warnings == [])
        #expect(report.samples.value("postgres_timeline") == 3)
        #expect(report.samples.value("postgres_checkpoints_total", ["cause": "requested"]) == 4)
        #expect(report.samples.has("postgres_wal_generated_bytes_total") == (version >= 14))
        #expect(report.samples.value("postgres_wal_syncs_total") == (version >= 14 ? 21 : nil))
    }

    /// The scripted server does refuse: the statements of one version fail on those that have moved columns since.
    @Test func theStatementsOfOneVersionFailOnOthers() {
        func refusals(_ asked: Int, on version: Int) -> [String] {
            PostgresCheck.all(Self.options(), version: asked * 10_000).compactMap { check in
                PostgresCatalogue(version: version).refusal(of: check.sql).map {
                    "\(check.name): \($0.sqlState ?? "")"
                }
            }
        }
        #expect(refusals(14, on: 13) == ["wal_statistics: 42P01"])
        #expect(refusals(16, on: 15) == ["connections: 42704", "slots: 42703"])
        #expect(refusals(17, on: 16) == ["slots: 42703", "checkpoints: 42P01"])
        #expect(refusals(16, on: 17) == ["checkpoints: 42703"])
        #expect(refusals(17, on: 18) == ["wal_statistics: 42703"])
        #expect(refusals(18, on: 17) == [])
        let catalogue = PostgresCatalogue(version: 18)
        #expect(catalogue.refusal(of: "SELECT wal_write FROM pg_stat_wal")?.message.contains("\"wal_write\"") == true)
        #expect(catalogue.refusal(of: "SELECT num_done FROM pg_stat_checkpointer") == nil)
    }

    /// New questions have a pace of their own: what is asked in ten minutes grows by less than a tenth.
    @Test func theRoundHardlyGrows() async {
        let time = VirtualTime()
        let platform = testPlatform(time)
        let options = Self.options()
        let asked = Mutex<[String]>([])
        let probe = PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: ScriptedPostgres { sql in
                asked.withLock { $0.append(sql) }
                return Self.answer(sql, 18, isReplica: false)
            }, platform: platform)
        for _ in 0..<120 {
            _ = await probe.run()
            await time.run(for: .seconds(5))
        }
        let rare = Set(PostgresCheck.rare(version: 180_000).map(\.sql))
        let all = asked.withLock { $0 }
        let extra = all.count { rare.contains($0) }
        #expect(extra == 5 * rare.count)
        #expect(Double(extra) < 0.1 * Double(all.count - extra))
    }
}

struct SynchronousStandbysTests {
    @Test(
        arguments: [
            ("*", 1, nil), ("pg-2", 1, 1), ("a, b", 1, 2), ("FIRST 2 (a, b, c)", 2, 3), ("first 1(a,b)", 1, 2),
            ("ANY 2 (a, b, c)", 2, 3), ("ANY 1 (*)", 1, nil), ("2 (a, \"b, (c)\")", 2, 2), (#""*", b"#, 1, 2),
        ] as [(String, Int, Int?)])
    func asTheManualWritesThem(text: String, wanted: Int, named: Int?) {
        let read = SynchronousStandbys(text)
        #expect(read?.wanted == wanted && read?.named == named, "\(text)")
    }

    @Test(arguments: ["", "  ", "FIRST (a)", "()", "2 ()", "0 (a)", "-1 (a)", "(((", "9999999999999999999999 (a)", ")"])
    func whatNoServerTakes(text: String) { #expect(SynchronousStandbys(text) == nil) }
}

/// Commits that wait for replicas, timelines, settings.
struct PostgresFactsTests {
    private func run(
        _ answer: @escaping @Sendable (String) -> ScriptedPostgres.Answer
    ) async -> [Sample] {
        let platform = testPlatform(VirtualTime())
        var options = PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db"]))
        options.capacityBytes = 1000
        return await PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: ScriptedPostgres(answer), platform: platform
        ).run().samples
    }

    private static func primary(_ synchronous: String) -> ScriptedPostgres.Answer {
        rows(
            ["number", "version", "recovery", "position", "timeline", "synchronous"],
            ["150018", "15.18", "f", "1000", "2", synchronous])
    }

    @Test func standbysThatConfirmCommits() async {
        let samples = await run { sql in
            if sql.contains("AS number") { return Self.primary("FIRST 2 (a, b, c)") }
            guard sql.contains("FROM pg_stat_replication") else { return primaryAnswers(sql) }
            return rows(
                ["name", "address", "state", "sync_state", "replayed", "reply_age"],
                ["a", "10.0.0.2", "streaming", "sync", "0", "1"],
                ["b", "10.0.0.3", "streaming", "potential", "0", "1"],
                ["d", "10.0.0.4", "streaming", "async", "0", "1"])
        }
        #expect(samples.value("postgres_synchronous_standbys_wanted") == 2)
        #expect(samples.value("postgres_synchronous_standbys") == 1)
        #expect(samples.value("postgres_synchronous_candidates") == 2)
        #expect(samples.value("postgres_synchronous_standbys_named") == 3)
        let hidden = await run { sql in
            if sql.contains("AS number") { return Self.primary("*") }
            guard sql.contains("FROM pg_stat_replication") else { return primaryAnswers(sql) }
            return rows(["name", "address", "state"], ["", "local", nil])
        }
        // Without pg_monitor nobody can say whether any confirms.
        #expect(!hidden.has("postgres_synchronous_standbys_wanted"))
    }

    @Test func databasesThatMayNotBeMeasured() async {
        let samples = await run { sql in
            sql.contains("pg_database_size")
                ? rows(["name", "own", "every", "unmeasured"], ["vault", "100", "400", "2"]) : primaryAnswers(sql)
        }
        #expect(samples.value("postgres_databases_unmeasured") == 2)
        #expect(samples.value("postgres_database_size_bytes") == 100)
        // Less than what is used would be a false comfort.
        #expect(!samples.has("postgres_storage_used_ratio"))
        let blind = await run { sql in
            sql.contains("pg_ls_waldir")
                ? .failure(PostgresError(.auth, sqlState: "42501", "permission denied")) : primaryAnswers(sql)
        }
        #expect(!blind.has("postgres_storage_used_ratio") && blind.value("postgres_up") == 1)
    }

    /// A kept connection knows the certificate of its time: near the end a second one looks for a newer, once an hour.
    @Test func aCertificateThatWasReplacedIsSeen() async {
        let time = VirtualTime()
        let platform = testPlatform(time)
        let options = PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db"]))
        let start = time.wall()
        let looked = Mutex(0)
        let shown = Mutex(start + .seconds(10 * 86_400))
        let server = ScriptedPostgres { sql in
            if sql == "SELECT 1" { looked.withLock { $0 += 1 } }
            var rows = PostgresRows(columns: ["a"], rows: [["1"]])
            rows.certificateExpiry = shown.withLock { $0 }
            rows.certificateLifetime = .seconds(90 * 86_400)
            if sql == "SELECT 1" { return .success(rows) }
            return primaryAnswers(sql).map { answer in
                var answer = answer
                answer.certificateExpiry = start + .seconds(10 * 86_400)
                answer.certificateLifetime = .seconds(90 * 86_400)
                return answer
            }
        }
        let probe = PostgresProbe(
            options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
            connector: server, platform: platform)
        func expiry() async -> Double? {
            await probe.run().samples.value("postgres_certificate_expiry_timestamp_seconds")
        }
        #expect(await expiry() == start.seconds + 10 * 86_400)
        shown.withLock { $0 = start + .seconds(100 * 86_400) }
        await time.run(for: .seconds(1800))
        #expect(await expiry() == start.seconds + 10 * 86_400)
        #expect(looked.withLock { $0 } == 0)
        await time.run(for: .seconds(1801))
        #expect(await expiry() == start.seconds + 100 * 86_400)
        #expect(looked.withLock { $0 } == 1)
        _ = await expiry()
        #expect(looked.withLock { $0 } == 1)
    }

    @Test func settingsAndWhenTheyChanged() {
        var settings = PostgresSettings()
        func observe(_ value: String, at seconds: Double) {
            settings.observe(
                [
                    PostgresFact(
                        "postgres_setting_info", 1, [Label("setting", "fsync"), Label("value", value)])
                ], at: Timestamp(seconds: seconds))
        }
        observe("on", at: 100)
        observe("on", at: 200)
        #expect(settings.facts.isEmpty)
        settings.observe([], at: Timestamp(seconds: 250))
        observe("off", at: 300)
        observe("off", at: 400)
        #expect(
            settings.facts == [
                PostgresFact("postgres_setting_changed_timestamp_seconds", 300, [Label("setting", "fsync")])
            ])
    }
}

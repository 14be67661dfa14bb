import Lab
import Platform
import Samples
import Simulation
import Testing
import Transport

@testable import Probes

/// Debian's pgbouncer before a real server. Source of the configuration: pgbouncer's manual, "pgbouncer.ini".
@Suite(.serialized) struct PgBouncerTests {
    private struct Pooled {
        var servers: LocalPostgres
        var pool: PostgresPool
        var port: UInt16
        var password: String

        func connection(_ password: String? = nil) -> PostgresOptions {
            var options = PostgresOptions(
                parameters: [
                    "host": "127.0.0.1", "port": "\(port)", "dbname": servers.database, "user": servers.user,
                    "sslmode": "disable",
                ], password: Secret(value: password ?? self.password))
            options.connectTimeout = .seconds(10)
            options.statementTimeout = .seconds(10)
            return options
        }

        func probe(_ password: String? = nil) -> PostgresProbe {
            let platform = testPlatform(SystemTime())
            var options = PostgresServerOptions(name: "primary", connection: connection(password))
            options.slowInterval = .zero
            options.rareInterval = .zero
            return PostgresProbe(
                options: options, cluster: PostgresCluster(name: "vault", servers: [options], platform: platform),
                connector: pool, platform: platform)
        }

        /// What another client of the pooler gets, by psql(1).
        func psql(_ sql: String) async throws -> String {
            let answer = try await ChildProcess.run(
                "psql",
                [
                    "-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", "\(port)", "-U", servers.user, "-d",
                    servers.database, "-c", sql,
                ],
                options: ChildProcess.Options(environment: ["PGPASSWORD": password, "PATH": "/usr/bin:/bin"]))
            return String(decoding: answer, as: UTF8.self).split(separator: "\n").joined(separator: "\n")
        }
    }

    private func withPooler(_ mode: String, _ body: (Pooled) async throws -> Void) async throws {
        let servers = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        let folder = try TemporaryDirectory()
        let pool = PostgresPool(platform: testPlatform(SystemTime()))
        let password = try servers.password.reveal(SystemFiles())
        let port = try freePort()
        try folder.write("users", "\"\(servers.user)\" \"\(password)\"\n")
        let configuration = try folder.write(
            "pgbouncer.ini",
            """
            [databases]
            vault = host=127.0.0.1 port=\(servers.primary.port)
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = \(folder.file("users"))
            pool_mode = \(mode)
            default_pool_size = 1
            query_wait_timeout = 1
            server_login_retry = 1

            """)
        // It refuses to run as root.
        let pooler = try await ChildProcess.start(
            "/usr/sbin/pgbouncer", [configuration],
            options: ChildProcess.Options(user: PostgresInstallation.find()?.account))
        let result: Result<Void, any Error>
        do {
            let pooled = Pooled(servers: servers, pool: pool, port: port, password: password)
            let isUp = await waitUntil { (try? await pooled.psql("SELECT 1")) == "1" }
            try #require(isUp, "\(String(decoding: pooler.standardError(limit: 4096), as: UTF8.self))")
            result = .success(try await body(pooled))
        } catch { result = .failure(error) }
        pool.close()
        await pooler.terminate(grace: .seconds(2))
        await servers.stop()
        folder.remove()
        try result.get()
    }

    @Test(arguments: ["transaction", "session"])
    func theFactsAreRightAndNothingStays(mode: String) async throws {
        try await withPooler(mode) { pooled in
            let report = await pooled.probe().run()
            #expect(report.failure == nil)
            #expect(report.status.warnings == [])
            #expect(report.samples.value("postgres_in_recovery") == 0)
            #expect(report.samples.value("postgres_timeline") == 1)
            #expect(report.samples.value("postgres_setting_info", ["setting": "wal_level", "value": "replica"]) == 1)
            let watcher = pooled.pool.connection(to: pooled.connection())
            let backend = try await watcher.query("SELECT pg_backend_pid() AS pid").value(0, "pid")
            await watcher.close()
            // The one connection to the server is the next client's.
            let next = try await pooled.psql(
                "SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('default_transaction_read_only')"
            )
            #expect(next == "\(backend ?? "none")|0|off")
        }
    }

    @Test func theServerBehindItIsDown() async throws {
        try await withPooler("transaction") { pooled in
            let probe = pooled.probe()
            #expect(await probe.run().failure == nil)
            await pooled.servers.primary.stop()
            // The kept connection, and those that are made anew.
            for probe in [probe, pooled.probe(), pooled.probe()] {
                let report = await probe.run()
                let failure = try #require(report.failure)
                #expect(report.samples.value("postgres_up") == 0)
                #expect(["connect", "reset", "connections"].contains(failure.reason), "\(failure)")
                let words = ["server", "query_wait_timeout", "shutting down", "terminating connection"]
                #expect(words.contains { failure.description.contains($0) }, "\(failure)")
            }
        }
    }

    @Test func aWrongPassword() async throws {
        try await withPooler("transaction") { pooled in
            let report = await pooled.probe("wrong").run()
            #expect(report.failure?.reason == "auth", "\(report.failure as Any)")
            #expect(report.derived.first?.samples.has("postgres_cluster_primaries") == false)
        }
    }

    /// No connection to the server is free: that is not a server that is gone.
    @Test func thePoolIsExhausted() async throws {
        try await withPooler("transaction") { pooled in
            let probe = pooled.probe()
            #expect(await probe.run().failure == nil)
            async let holder = pooled.psql("SELECT pg_sleep(6)")
            let isHeld = try await waitUntil {
                try await pooled.servers.primary.sql(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == "1"
            }
            #expect(isHeld)
            for probe in [probe, pooled.probe()] {
                let report = await probe.run()
                #expect(report.failure?.reason == "connections", "\(report.failure as Any)")
                #expect(
                    report.samples.contains {
                        $0.labels.name == "postgres_refusal_info"
                            && $0.labels["message"]?.contains("query_wait_timeout") == true
                    })
                #expect(report.derived.first?.samples.has("postgres_cluster_primaries") == false)
            }
            _ = try await holder
        }
    }
}

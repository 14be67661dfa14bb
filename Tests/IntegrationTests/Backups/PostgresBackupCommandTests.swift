import Foundation
import Lab
import Platform
import Testing
import TestServers

/// Backups of Vault's PostgreSQL storage, with a real server, the real pg_dump and moto.
@Suite(.serialized) struct PostgresBackupCommandTests {
    private static let password = "password-of-the-backup"

    private func source(_ server: LocalPostgres, _ world: String) -> String {
        """
        postgres:
          cluster: c
          host: 127.0.0.1
          port: \(server.primary.port)
          database: vault
          user: vault_backup
          password_file: pg-password
          sslmode: disable
          lock_wait_timeout: 2s
        """
    }

    @Test(.timeLimit(.minutes(5))) func dumpOfAnySizeComesBackInBoundedMemory() async throws {
        let server = try await LocalPostgres.start(.init(replica: false))
        try await server.primary.sql(
            "CREATE ROLE vault_backup LOGIN PASSWORD '\(Self.password)'; GRANT pg_read_all_data TO vault_backup")
        try await server.writeSecrets(count: 50)
        // A hundred megabytes that do not compress.
        try await server.primary.sql(
            """
            INSERT INTO vault_kv_store (parent_path, path, key, value)
            SELECT '/logical/', '/logical/filler/', n::text,
              (SELECT string_agg(sha512((n::text || i::text || random()::text)::bytea), '') FROM generate_series(1, 16384) i)
            FROM generate_series(1, 110) n
            """)
        let rows = try await server.primary.sql("SELECT count(*) FROM vault_kv_store")
        let moto = try await Moto.start(openRequests: 1_000_000)
        let keys = try await moto.user(bucket: WritableBucket.name)
        let world = try BackupWorld(source: source(server, ""), endpoint: moto.endpoint, keys: keys)
        try world.folder.write("pg-password", Self.password + "\n", mode: 0o600)

        let child = try await world.start(["run", "--set=daily", "--output=json"])
        var peak = 0
        var exposed = ""
        while child.exit == nil {
            if let status = try? ProcessStatus(of: child.pid) { peak = max(peak, status.peakResidentBytes) }
            exposed += BackupWorld.exposed(by: child.pid)
            _ = await child.wait(atMost: .milliseconds(100))
        }
        let error = String(decoding: child.standardError(limit: 4096), as: UTF8.self)
        try #require(child.exit == .exited(0), "\(error)")
        #expect(peak > 0 && peak <= 64 << 20, "\(peak >> 20) MiB")
        // pg_dump was seen, and no secret.
        #expect(exposed.contains("--exclude-table-data=vault_ha_locks"))
        for secret in [Self.password, keys.secret, BackupWorld.key] { #expect(!(exposed + error).contains(secret)) }
        #expect(world.events == ["started", "completed"] && world.leftovers == [])

        #expect(try await world.run(["verify"]).exit == 0)
        let dump = world.folder.file("vault.dump")
        #expect(try await world.run(["fetch", "--to=\(dump)"]).exit == 0)
        try await server.primary.sql("CREATE DATABASE copy", database: "postgres")
        let installation = try #require(PostgresInstallation.find())
        try await ChildProcess.run(
            installation.program("pg_restore"),
            [
                "-1", "--exit-on-error", "--no-owner", "-h", server.primary.socketDirectory, "-p",
                "\(server.primary.port)", "-U", "postgres", "-d", "copy", dump,
            ])
        #expect(try await server.primary.sql("SELECT count(*) FROM vault_kv_store", database: "copy") == rows)
        // The table of locks is there, and no lock: a copy must not take production's for its own.
        #expect(try await server.primary.sql("SELECT count(*) FROM vault_ha_locks", database: "copy") == "0")
        await moto.stop()
        await server.stop()
    }

    @Test(.timeLimit(.minutes(2))) func whatPostgresRefusesIsTold() async throws {
        let server = try await LocalPostgres.start(.init(replica: false))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: source(server, ""), endpoint: bucket.url)
        try world.folder.write("pg-password", Self.password + "\n", mode: 0o600)
        // The monitoring role sees no values.
        try await server.primary.sql(
            "CREATE ROLE vault_backup LOGIN PASSWORD '\(Self.password)'; GRANT SELECT (path, key) ON vault_kv_store TO vault_backup"
        )
        let denied = try await world.run(["run"])
        #expect(denied.exit == 10 && denied.error.contains("permission denied"), "\(denied.error)")
        try await server.primary.sql("GRANT pg_read_all_data TO vault_backup")

        // A migration holds the table: the dump gives up after lock_wait_timeout, and the next run succeeds.
        let holder = try await ChildProcess.start(
            try #require(PostgresInstallation.find()).program("psql"),
            [
                "-X", "-q", "-U", "postgres", "-h", server.primary.socketDirectory, "-p", "\(server.primary.port)",
                "-d",
                "vault", "-c", "BEGIN; LOCK vault_kv_store IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)",
            ])
        let isHeld = try await waitUntil {
            try await server.primary.sql(
                "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'vault_kv_store'::regclass"
            ) == "1"
        }
        #expect(isHeld)
        let waited = try await world.run(["run"])
        #expect(waited.exit == 10 && waited.error.contains("statement timeout"), "\(waited.error)")
        await holder.terminate()
        try await server.primary.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"
        )
        #expect(bucket.objects.isEmpty)
        try await server.writeSecrets(count: 5)
        let made = try await world.run(["run", "--set=daily"])
        #expect(made.exit == 0, "\(made.error)")
        await bucket.stop()
        await server.stop()
    }
}

package import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// PostgreSQL servers with Vault's storage, on loopback: a primary and optionally a streaming replica, with Vault's two
/// tables and the least-privilege role of vaultwatch's documentation.
///
/// Source of the tables: Vault's documentation of the PostgreSQL storage backend.
package final class LocalPostgres: Sendable {
    /// The servers to start.
    package struct Options: Sendable {
        /// Whether there is a streaming replica. Default: yes.
        package var replica = true
        /// Whether the replica uses a physical replication slot. Default: no.
        package var slot = false
        /// Whether TCP connections need a password (SCRAM). Default: yes.
        package var scram = true
        /// Whether writes survive a crash of the machine, as on a production server. Default: no, since its data is
        /// temporary.
        package var durable = false
        /// Whether the write-ahead log is archived, by a command that stores nothing. Default: no.
        package var archiving = false
        /// Whether TCP connections may be encrypted, with this certificate. Default: nil, no.
        package var certificate: CertificateAuthority.Certificate?
        /// `max_connections`. Default: 30.
        package var maxConnections = 30

        /// The defaults unless the rest is given.
        package init(replica: Bool = true, slot: Bool = false, scram: Bool = true, maxConnections: Int = 30) {
            self.replica = replica
            self.slot = slot
            self.scram = scram
            self.maxConnections = maxConnections
        }
    }

    /// The primary.
    package let primary: PostgresServer
    /// The replica; nil without one.
    package let replica: PostgresServer?
    /// The role with only the privileges that vaultwatch needs.
    package let user = "vaultwatch"
    /// The password of the role.
    package let password: Secret
    /// The name of Vault's database.
    package let database = "vault"
    private let replicationPassword: String
    private let options: Options
    let installation: PostgresInstallation
    let directory: TemporaryDirectory

    /// Creates and starts the servers, which takes about three seconds.
    /// - Throws: `ChildProcessError` without an installation, or with a program's message.
    package static func start(_ options: Options = Options()) async throws(ChildProcessError) -> LocalPostgres {
        guard let installation = PostgresInstallation.find() else {
            throw ChildProcessError(
                program: "initdb",
                reason: "no PostgreSQL server programs on this machine; Debian: apt install postgresql")
        }
        let servers = try LocalPostgres(options, installation)
        do throws(ChildProcessError) {
            try await servers.createPrimary()
            if let replica = servers.replica { try await servers.create(replica) }
        } catch {
            await servers.stop()
            throw error
        }
        return servers
    }

    private init(_ options: Options, _ installation: PostgresInstallation) throws(ChildProcessError) {
        self.options = options
        self.installation = installation
        directory = try TemporaryDirectory()
        primary = try PostgresServer(name: "primary", directory: directory, installation: installation)
        replica =
            options.replica
            ? try PostgresServer(name: "replica", directory: directory, installation: installation) : nil
        password = Secret(value: LocalPostgres.randomPassword())
        replicationPassword = LocalPostgres.randomPassword()
    }

    /// A libpq connection string for vaultwatch's role, without the password.
    package func connectionString(_ server: PostgresServer) -> String {
        "host=127.0.0.1 port=\(server.port) dbname=\(database) user=\(user)"
    }

    /// Writes the role's password to a file that only this account can read.
    /// - Returns: its path.
    package func passwordFile() throws(ChildProcessError) -> String {
        let text: String
        do { text = try password.reveal(SystemFiles()) } catch {
            throw ChildProcessError(program: error.path, reason: error.reason)
        }
        return try directory.write("vaultwatch.password", text + "\n", mode: 0o600)
    }

    /// Stops both servers and removes their data.
    package func stop() async {
        await replica?.stop()
        await primary.stop()
        directory.remove()
    }

    /// Cuts the replica off from its primary: there is no WAL receiver, and replay stops.
    package func cutReplication() async throws(ChildProcessError) {
        guard let replica else { return }
        try await replica.sql("ALTER SYSTEM SET primary_conninfo = ''")
        try await replica.sql("SELECT pg_reload_conf()")
        let gone = try await eventually { () async throws(ChildProcessError) in
            try await replica.sql("SELECT count(*) FROM pg_stat_wal_receiver") == "0"
        }
        guard gone else {
            throw ChildProcessError(
                program: "postgres replica", reason: "the WAL receiver does not stop: \(replica.logTail())")
        }
    }

    /// Ends `cutReplication()` and waits until the replica streams.
    package func restoreReplication() async throws(ChildProcessError) {
        guard let replica else { return }
        try await replica.sql("ALTER SYSTEM SET primary_conninfo = \(LocalPostgres.literal(primaryConnection))")
        try await replica.sql("SELECT pg_reload_conf()")
        try await waitForStreaming()
    }

    /// Waits until the replica streams and has replayed all that the primary wrote before this call.
    package func waitForStreaming() async throws(ChildProcessError) {
        guard let replica else { return }
        let written = try await primary.sql("SELECT pg_current_wal_lsn()")
        let streams = try await eventually { () async throws(ChildProcessError) in
            try await replica.sql(
                "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming' AND pg_last_wal_replay_lsn() >= '\(written)'"
            ) == "1"
        }
        guard streams else {
            throw ChildProcessError(program: "postgres replica", reason: "does not stream: \(replica.logTail())")
        }
    }

    /// Writes entries like those of Vault: `count` secrets of about `size` bytes of ciphertext.
    package func writeSecrets(count: Int, size: Int = 200, mount: String = "6f1f7a42-8f1b-4a56-9d0e-2f6d1c7b9a10")
        async throws(ChildProcessError)
    {
        try await primary.sql(
            """
            INSERT INTO vault_kv_store (parent_path, path, key, value)
            SELECT '/logical/\(mount)/', '/logical/\(mount)/', 'tenant-' || n, convert_to(repeat(md5(n::text), \(max(1, size / 32))), 'UTF8')
            FROM generate_series(1, \(count)) AS n
            ON CONFLICT (path, key) DO UPDATE SET value = EXCLUDED.value
            """)
    }

    /// Acquires or renews Vault's HA lock by the database's clock, as Vault does.
    /// - Parameters:
    ///   - identity: new for each acquisition.
    ///   - value: the UUID under `core/leader/`.
    package func holdLock(identity: String, value: String, seconds: Int = 15) async throws(ChildProcessError) {
        try await primary.sql(
            """
            INSERT INTO vault_ha_locks (ha_key, ha_identity, ha_value, valid_until)
            VALUES ('core/lock', \(LocalPostgres.literal(identity)), \(LocalPostgres.literal(value)), now() + interval '\(seconds) seconds')
            ON CONFLICT (ha_key) DO UPDATE SET ha_identity = EXCLUDED.ha_identity, ha_value = EXCLUDED.ha_value, valid_until = EXCLUDED.valid_until
            """)
    }

    /// Releases the HA lock by deleting its row.
    package func releaseLock() async throws(ChildProcessError) {
        try await primary.sql("DELETE FROM vault_ha_locks WHERE ha_key = 'core/lock'")
    }
}

extension LocalPostgres {
    private var primaryConnection: String {
        "host=127.0.0.1 port=\(primary.port) user=replicator password=\(replicationPassword) application_name=replica"
    }

    private func createPrimary() async throws(ChildProcessError) {
        try await ChildProcess.run(
            installation.program("initdb"),
            ["-D", primary.data, "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync", "-A", "trust"],
            options: ChildProcess.Options(workingDirectory: "/", user: installation.account))
        try configure(primary)
        if let certificate = options.certificate { try await install(certificate) }
        let method = options.scram ? "scram-sha-256" : "trust"
        try writeFile(
            primary.data + "/pg_hba.conf",
            """
            local all postgres trust
            local all all \(method)
            host all all 127.0.0.1/32 \(method)
            host replication replicator 127.0.0.1/32 \(method)

            """, mode: 0o600)
        try await primary.start()
        try await primary.sql("CREATE DATABASE vault", database: "postgres")
        let watchPassword: String
        do { watchPassword = try password.reveal(SystemFiles()) } catch {
            throw ChildProcessError(program: error.path, reason: error.reason)
        }
        try await primary.sql(
            """
            CREATE TABLE vault_kv_store (
                parent_path text COLLATE "C" NOT NULL, path text COLLATE "C", key text COLLATE "C", value bytea,
                CONSTRAINT pkey PRIMARY KEY (path, key));
            CREATE INDEX parent_path_idx ON vault_kv_store (parent_path);
            CREATE TABLE vault_ha_locks (
                ha_key text COLLATE "C" NOT NULL, ha_identity text COLLATE "C" NOT NULL, ha_value text COLLATE "C",
                valid_until timestamp with time zone NOT NULL, CONSTRAINT ha_key PRIMARY KEY (ha_key));
            CREATE ROLE replicator LOGIN REPLICATION PASSWORD \(LocalPostgres.literal(replicationPassword));
            CREATE ROLE vaultwatch LOGIN PASSWORD \(LocalPostgres.literal(watchPassword));
            GRANT pg_monitor TO vaultwatch;
            GRANT SELECT (path, key) ON vault_kv_store TO vaultwatch;
            GRANT SELECT (ha_key, ha_value, ha_identity, valid_until) ON vault_ha_locks TO vaultwatch;
            """)
        if options.slot { try await primary.sql("SELECT pg_create_physical_replication_slot('replica')") }
    }

    private func create(_ replica: PostgresServer) async throws(ChildProcessError) {
        var arguments = ["-D", replica.data, "-d", primaryConnection, "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        if options.slot { arguments += ["-S", "replica"] }
        try await ChildProcess.run(
            installation.program("pg_basebackup"), arguments,
            options: ChildProcess.Options(workingDirectory: "/", user: installation.account))
        try configure(replica)
        try await replica.start()
        try await waitForStreaming()
    }

    /// Configures a small server.
    private func configure(_ server: PostgresServer) throws(ChildProcessError) {
        try writeFile(
            server.data + "/postgresql.conf",
            """
            listen_addresses = '127.0.0.1'
            port = \(server.port)
            unix_socket_directories = '\(server.socketDirectory)'
            max_connections = \(options.maxConnections)
            shared_buffers = 4MB
            work_mem = 1MB
            maintenance_work_mem = 4MB
            huge_pages = off
            max_worker_processes = 2
            max_parallel_workers = 0
            autovacuum_max_workers = 1
            fsync = \(options.durable ? "on" : "off")
            full_page_writes = \(options.durable ? "on" : "off")
            archive_mode = \(options.archiving ? "on" : "off")
            archive_command = 'true'
            ssl = \(options.certificate == nil ? "off" : "on")
            wal_level = replica
            max_wal_senders = 4
            max_replication_slots = 4
            wal_keep_size = 64MB
            min_wal_size = 32MB
            max_wal_size = 128MB
            wal_retrieve_retry_interval = 200ms
            wal_receiver_status_interval = 1s
            password_encryption = 'scram-sha-256'
            timezone = 'UTC'
            log_min_messages = warning

            """, mode: 0o600)
    }

    /// Installs a certificate where the primary reads it, with a key that only its account can read.
    package func install(_ certificate: CertificateAuthority.Certificate) async throws(ChildProcessError) {
        for (file, name) in [(certificate.certificateFile, "server.crt"), (certificate.keyFile, "server.key")] {
            var arguments = ["-m", "0600", file, "\(primary.data)/\(name)"]
            if let account = installation.account { arguments = ["-o", account] + arguments }
            try await ChildProcess.run("install", arguments)
        }
    }

    private func eventually(_ condition: () async throws(ChildProcessError) -> Bool) async throws(ChildProcessError)
        -> Bool
    {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(30)
        while true {
            if try await condition() { return true }
            guard clock.now < deadline, (try? await Task.sleep(for: .milliseconds(50))) != nil else { return false }
        }
    }

    /// An SQL string literal; with `standard_conforming_strings` only quotes must be doubled.
    private static func literal(_ text: String) -> String {
        var out = "'"
        for character in text { out += character == "'" ? "''" : String(character) }
        return out + "'"
    }

    static func randomPassword() -> String {
        let random = SystemRandom()
        return String(random.next(), radix: 36) + String(random.next(), radix: 36)
    }
}

import Platform
import Transport

/// A new database for one restore test, on a server of its own.
struct ScratchDatabase: Sendable {
    /// The names begin with it, by which the next run finds what a killed one left behind.
    static let prefix = "vaultwatch_restore_"

    /// The database's name: letters, digits and underscores.
    let name: String
    private let options: RestoreTestOptions
    private let server: PostgresOptions
    private let tables: VaultTables
    private let connector: any PostgresConnector
    private let programs: any RestorePrograms
    private let files: any FileAccess

    /// Vault's tables, as in the SQL of their dump.
    struct VaultTables: Sendable, Hashable {
        var entries = "vault_kv_store"
        var locks = "vault_ha_locks"
    }

    init(
        name: String, options: RestoreTestOptions, server: PostgresOptions, tables: VaultTables,
        connector: any PostgresConnector, programs: any RestorePrograms, files: any FileAccess
    ) {
        self.name = name
        self.options = options
        var server = server
        // The first lasts as long as a checkpoint does.
        server.statementTimeout = .seconds(120)
        server.applicationName = "vaultwatch restore-test"
        self.server = server
        self.tables = tables
        self.connector = connector
        self.programs = programs
        self.files = files
    }

    /// Drops the databases that killed runs left behind. Only one run at a time: the caller holds the lock.
    /// - Returns: their names.
    func removeLeftovers() async throws(RestoreFailure) -> [String] {
        let connection = connector.connection(to: server)
        let found = try await execute(
            "SELECT datname FROM pg_catalog.pg_database WHERE starts_with(datname, '\(ScratchDatabase.prefix)') ORDER BY 1",
            on: connection)
        let names = found.rows.compactMap { $0.first ?? nil }.filter(ScratchDatabase.isOurs)
        for name in names { try await drop(name, on: connection) }
        await connection.close()
        return names
    }

    /// Creates the database.
    func create() async throws(RestoreFailure) {
        let connection = connector.connection(to: server)
        // Not template1, in which somebody may have created tables.
        try await execute(
            "CREATE DATABASE \(name) TEMPLATE template0\(options.role.map { " OWNER \(ScratchDatabase.quoted($0))" } ?? "")",
            on: connection)
        await connection.close()
    }

    /// Drops the database, and ends the connections of a Vault that still uses it.
    func drop() async throws(RestoreFailure) {
        let connection = connector.connection(to: server)
        try await drop(name, on: connection)
        await connection.close()
    }

    private func drop(_ name: String, on connection: any PostgresConnection) async throws(RestoreFailure) {
        try await execute("DROP DATABASE IF EXISTS \(name) WITH (FORCE)", on: connection)
    }

    /// Restores a dump: in one transaction, without owners and grants, whose roles staging does not have.
    func restore(_ dump: OpenFile, within limit: Duration) async throws(RestoreFailure) {
        var arguments = [
            options.program ?? "pg_restore", "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges",
            "--dbname=\(name)",
        ]
        if let role = options.role { arguments.append("--role=\(role)") }
        let outcome = await programs.run(
            arguments, environment: try environment(), input: dump, timeout: limit)
        guard outcome.status == 0 else {
            throw RestoreFailure(
                .structure,
                "pg_restore cannot restore the dump: \(outcome.words.isEmpty ? "exit status \(outcome.status.map(String.init) ?? "unknown")" : outcome.words)"
            )
        }
    }

    /// What a copy must not start with, and why.
    private var removals: [(what: String, sql: String)] {
        let entries = tables.entries
        return [
            // By a lock that is still valid and the address of its holder, a copy finds production and asks it.
            ("lock rows", "DELETE FROM \(tables.locks)"),
            ("rows of the former leader", "DELETE FROM \(entries) WHERE path = '/core/leader/'"),
            // Leases that ran out are revoked at once, on the real database or cloud. Those of logins act on nothing.
            (
                "leases of secrets",
                "DELETE FROM \(entries) WHERE path LIKE '/sys/expire/id/%' AND path NOT LIKE '/sys/expire/id/auth/%'"
            ),
            // The same path might be production's audit log; where it is missing, Vault does not start.
            ("audit devices", "DELETE FROM \(entries) WHERE path = '/core/' AND key IN ('audit', 'local-audit')"),
        ]
    }

    /// Removes what would make the copy act on something else than itself.
    /// - Returns: remarks on the dump.
    func prepare() async throws(RestoreFailure) -> [String] {
        let connection = connector.connection(to: database)
        var remarks: [String] = []
        let found = try await execute(
            "SELECT to_regclass('\(tables.entries)') IS NOT NULL, to_regclass('\(tables.locks)') IS NOT NULL",
            on: connection)
        guard found.rows.first?.first == "t" else {
            throw RestoreFailure(.structure, "the dump has no table \(tables.entries)")
        }
        let hasLocks = found.rows.first?.last == "t"
        if !hasLocks {
            remarks.append(
                "the dump has no table \(tables.locks): a Vault with ha_enabled on it would stay a standby for ever; dump it with --exclude-table-data instead of leaving it out"
            )
        }
        for removal in removals where hasLocks || removal.sql != "DELETE FROM \(tables.locks)" {
            try await execute(removal.sql, on: connection)
        }
        await connection.close()
        return remarks
    }

    /// How many unseal keys the copy has and needs: core/seal-config is stored in clear.
    /// - Returns: nil for another seal than Shamir's.
    func seal() async throws(RestoreFailure) -> SealNumbers? {
        let connection = connector.connection(to: database)
        let rows = try await execute(
            """
            SELECT encode(value, 'escape') FROM \(tables.entries) WHERE path = '/core/' AND key = 'seal-config' \
            AND EXISTS (SELECT FROM \(tables.entries) WHERE path = '/core/' AND key = 'keyring')
            """, on: connection)
        await connection.close()
        guard let text = rows.rows.first?.first ?? nil else {
            throw RestoreFailure(
                .structure, "the dump holds no initialised Vault: rows core/keyring and core/seal-config are missing")
        }
        return SealNumbers(Array(text.utf8))
    }

    // MARK: Connections

    private var database: PostgresOptions {
        var options = server
        options.parameters["dbname"] = name
        return options
    }

    @discardableResult
    private func execute(_ sql: String, on connection: any PostgresConnection) async throws(RestoreFailure)
        -> PostgresRows
    {
        do throws(PostgresError) {
            // The daemon's connections are read-only; those to a scratch database are not.
            _ = try await connection.query("SET default_transaction_read_only TO off")
            return try await connection.query(sql)
        } catch {
            throw RestoreFailure(.staging, "the scratch database's server: \(error.message)")
        }
    }

    /// For pg_restore: its arguments could be read by anybody. Source: PostgreSQL manual, "Environment Variables".
    func environment() throws(RestoreFailure) -> [String: String] {
        var result: [String: String] = ["PGAPPNAME": "vaultwatch restore-test", "PGCONNECT_TIMEOUT": "10"]
        let names = [
            "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "user": "PGUSER", "sslmode": "PGSSLMODE",
            "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY",
            "channel_binding": "PGCHANNELBINDING",
        ]
        for (key, name) in names { result[name] = server.parameters[key] }
        do throws(FileError) {
            if let password = server.password { result["PGPASSWORD"] = try password.reveal(files) }
        } catch {
            throw RestoreFailure(.configuration, "the scratch database's password: \(error)")
        }
        return result
    }

    /// Whether a name can only be one that a restore test made.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix(prefix)
            && name.utf8.dropFirst(prefix.utf8.count).allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == UInt8(ascii: "_")
            }
    }

    /// A quoted identifier. Source: PostgreSQL manual, "Identifiers and Key Words".
    private static func quoted(_ name: String) -> String {
        "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}

package import Platform
import Text

/// Vault's rows in a database.
extension LocalPostgres {
    /// Replaces the primary's rows, but for those of `writeSecrets`, by those of a simulated Vault.
    package func write(_ storage: VaultStorage) async throws(ChildProcessError) {
        var rest = storage.table[...]
        while !rest.isEmpty {
            // One argument of a program has at most 128 KiB, execve(2).
            let values = rest.prefix(16).map { row in
                let fields = [row.parent, row.path, row.key].map {
                    "convert_from('\\x\(Array($0.utf8).hexadecimal)', 'UTF8')"
                }
                return "(\(fields.joined(separator: ", ")), '\\x\(row.value.hexadecimal)')"
            }
            rest = rest.dropFirst(16)
            try await primary.sql(
                """
                INSERT INTO vault_kv_store (parent_path, path, key, value) VALUES \(values.joined(separator: ", "))
                ON CONFLICT (path, key) DO UPDATE SET value = EXCLUDED.value
                """)
        }
    }

    /// Creates a role.
    /// - Parameters:
    ///   - attributes: SQL after the name, as `LOGIN CREATEDB`.
    ///   - granted: roles that it is a member of.
    /// - Returns: a file with its password, which only this account can read.
    package func createRole(_ name: String, _ attributes: String, granted: [String] = [])
        async throws(ChildProcessError) -> String
    {
        let password = LocalPostgres.randomPassword()
        let grants = granted.map { "GRANT \($0) TO \(name);" }.joined(separator: " ")
        try await primary.sql("CREATE ROLE \(name) \(attributes) PASSWORD '\(password)'; \(grants)")
        return try directory.write("\(name).password", password + "\n", mode: 0o600)
    }

    /// A dump of Vault's database as `pg_dump --format=custom` makes it, without the rows of locks.
    package func dump() async throws(ChildProcessError) -> [UInt8] {
        try await ChildProcess.run(
            installation.program("pg_dump"),
            [
                "--format=custom", "--exclude-table-data=vault_ha_locks", "--no-owner", "--no-privileges", "-U",
                "postgres", "-h", primary.socketDirectory, "-p", String(primary.port), database,
            ], options: ChildProcess.Options(environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"]),
            limit: 64 << 20)
    }
}

extension PostgresServer {
    /// What a database of this server holds of a Vault.
    package func vault(in database: String) async throws(ChildProcessError) -> StagingVault.DatabaseCopy {
        let text = try await sql(
            "SELECT encode(convert_to(path, 'UTF8'), 'hex'), encode(convert_to(key, 'UTF8'), 'hex'), encode(value, 'hex') FROM vault_kv_store",
            database: database)
        let table = text.split(separator: "\n").map { line in
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map {
                UnsealKey.bytes(String($0)) ?? []
            }
            func field(_ index: Int) -> [UInt8] { index < fields.count ? fields[index] : [] }
            return (
                path: String(decoding: field(0), as: UTF8.self), key: String(decoding: field(1), as: UTF8.self),
                value: field(2)
            )
        }
        let hasLocks = try await sql("SELECT to_regclass('vault_ha_locks') IS NOT NULL", database: database) == "t"
        var isLocked: Bool?
        if hasLocks {
            isLocked =
                try await sql("SELECT count(*) > 0 FROM vault_ha_locks WHERE valid_until > now()", database: database)
                == "t"
        }
        return StagingVault.DatabaseCopy(storage: VaultStorage(table: table), isLocked: isLocked)
    }

    /// The names of the databases whose name begins with a text.
    package func databases(_ prefix: String) async throws(ChildProcessError) -> [String] {
        try await sql(
            "SELECT datname FROM pg_database WHERE datname LIKE '\(prefix)%' ORDER BY 1", database: "postgres"
        )
        .split(separator: "\n").map(String.init)
    }
}

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

    /// Creates roles for backups and for restore tests: `vault_backup` may read everything, `vault_staging` may create
    /// databases.
    package func createRecoveryRoles(password: String) async throws(ChildProcessError) {
        try await primary.sql(
            """
            CREATE ROLE vault_backup LOGIN PASSWORD '\(password)'; GRANT pg_read_all_data TO vault_backup;
            CREATE ROLE vault NOLOGIN;
            CREATE ROLE vault_staging LOGIN CREATEDB PASSWORD '\(password)'; GRANT vault TO vault_staging;
            """)
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

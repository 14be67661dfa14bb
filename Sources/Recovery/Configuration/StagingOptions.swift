package import Platform
package import Probes
package import Transport

/// `staging`: where temporary files are kept, and the Vault into which backups are restored as a test.
package struct StagingOptions: Sendable {
    /// `directory`: for temporary files, which hold encrypted backups and have no names. Default
    /// `/var/lib/vaultwatch-backup`.
    package var directory = "/var/lib/vaultwatch-backup"
    /// `restore_test`; nil without one.
    package var restoreTest: RestoreTestOptions?

    /// The defaults.
    package init() {}
}

/// `staging.restore_test`: the Vault into which a backup is restored.
package struct RestoreTestOptions: Sendable {
    /// What is restored, and how it is read back.
    package enum Kind: String, Sendable, CaseIterable {
        /// A snapshot, restored by `snapshot-force`.
        case raft
        /// A dump, restored into a scratch database on which a Vault is started.
        case postgres
        /// A dump in a scratch database, read by `vault server -recovery`, which acts on nothing.
        case recoveryMode = "recovery_mode"
    }

    /// `start` and `stop`: a program that starts or ends the staging Vault.
    package struct Hook: Sendable, Hashable {
        /// `argv`: the program and its arguments.
        package var arguments: [String]
        /// `timeout`. Default 60 s.
        package var timeout: Duration = .seconds(60)
    }

    /// `canary`: the secret that is read at the end.
    package struct Canary: Sendable {
        /// `path`: without `/v1/`.
        package var path: String
        /// A credential that lives in the backup.
        package var authentication: VaultClusterOptions.Authentication
    }

    /// `kind`.
    package var kind: Kind
    /// `url`: of the staging Vault, without a trailing slash.
    package var url: String
    /// `unix_socket`: to connect to instead of the URL's host. Default: none.
    package var unixSocket: String?
    /// TLS of the staging Vault.
    package var tls = TLSOptions()
    /// `key_files`: unseal shares of the *source*, one a file; empty for auto-unseal.
    package var keys: [Secret] = []
    /// `database`: the scratch database's server; nil for `raft`.
    package var database: PostgresOptions?
    /// `start`; nil if the staging Vault already runs.
    package var start: Hook?
    /// `stop`; nil leaves it running.
    package var stop: Hook?
    /// `canary`.
    package var canary: Canary?
    /// `isolated`: the operator's statement that staging reaches nothing but its own storage. Default false, which
    /// refuses to run.
    package var isIsolated = false
    /// `timeout`: limit for the whole restore test. Default 30 min.
    package var timeout: Duration = .seconds(1800)

    /// A test with defaults, which does not run before `isIsolated` is set.
    package init(kind: Kind, url: String) {
        self.kind = kind
        self.url = url
    }
}

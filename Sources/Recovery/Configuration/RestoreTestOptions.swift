package import Platform
package import Probes
package import Transport

/// `staging.restore_test`: the Vault into which a backup is restored.
package struct RestoreTestOptions: Sendable {
    /// What is restored, and how it is read back.
    package enum Kind: String, Sendable, CaseIterable, Encodable {
        /// A snapshot, restored by `snapshot-force`.
        case raft
        /// A dump, restored into a scratch database on which a Vault is started.
        case postgres
        /// A dump in a scratch database, read by `vault server -recovery`, which acts on nothing.
        case recoveryMode = "recovery_mode"

        /// What a passed test of this kind proves.
        package var proves: [String] {
            switch self {
            case .raft, .postgres:
                [
                    "the object is whole and a key opens it", "the unseal keys at hand open the copy",
                    "a Vault starts on it and serves by itself", "logins, policies and mounts work in it",
                    "the secret is there",
                ]
            case .recoveryMode:
                [
                    "the object is whole and a key opens it", "the unseal keys at hand open the copy",
                    "the secret is there",
                ]
            }
        }

        /// What it leaves open.
        package var leavesOpen: [String] {
            switch self {
            case .raft: ["that every secret is there", "that clients find the copy"]
            case .postgres:
                [
                    "that every secret is there", "that clients find the copy",
                    "leases and audit devices, which are left out of the copy",
                ]
            case .recoveryMode:
                [
                    "that every secret is there", "that auth methods and policies work",
                    "that a Vault serves the copy: audit devices and leases are never started",
                ]
            }
        }
    }

    /// A program that starts or ends the staging Vault, or tries to connect from there.
    package struct Hook: Sendable, Hashable {
        /// `argv`: the program and its arguments.
        package var arguments: [String]
        /// `timeout`. Default 60 s.
        package var timeout: Duration = .seconds(60)

        /// A program with the default timeout.
        package init(arguments: [String]) { self.arguments = arguments }
    }

    /// `canary`: the secret that is read at the end.
    package struct Canary: Sendable {
        /// `path`: without `/v1/`.
        package var path: String
        /// A credential that lives in the backup.
        package var authentication: VaultClusterOptions.Authentication

        /// A secret and who may read it.
        package init(path: String, authentication: VaultClusterOptions.Authentication) {
            self.path = path
            self.authentication = authentication
        }
    }

    /// `kind`.
    package var kind: Kind
    /// `url`: of the staging Vault, without a trailing slash.
    package var url: String
    /// `unix_socket`: to connect to instead of the URL's host, for a Vault without any network. Default: none.
    package var unixSocket: String?
    /// TLS of the staging Vault.
    package var tls = TLSOptions()
    /// `key_files`: unseal shares of the *source*, one a file; empty for auto-unseal.
    package var keys: [Secret] = []
    /// `token`: for a staging Vault that is already initialised, a token that may restore; a fresh one is initialised by
    /// the test. Default: none.
    package var token: Secret?
    /// `database`: the scratch database's server; nil for `raft`.
    package var database: PostgresOptions?
    /// `role`: owns the tables in the scratch database. Default: who connects.
    package var role: String?
    /// `pg_restore`: the program. Default: found in `PATH`; not older than the pg_dump that made the dump.
    package var program: String?
    /// `start`; nil if the staging Vault already runs, which only one for snapshots may: a dump has a database of its own
    /// in each test.
    package var start: Hook?
    /// `stop`; nil leaves it running.
    package var stop: Hook?
    /// `reach`: tries to connect from staging to the host and port that follow its arguments: exit status 0 if it could,
    /// which refuses the test, 1 if not. Nil does not try.
    package var reach: Hook?
    /// `canary`.
    package var canary: Canary?
    /// `isolated`: the operator's statement that staging reaches nothing but its own storage. Default false, which
    /// refuses to run.
    package var isIsolated = false
    /// `daemon_config`: the daemon's configuration, which says what is watched. Default
    /// `/etc/vaultwatch/vaultwatch.yml`.
    package var daemonConfig = "/etc/vaultwatch/vaultwatch.yml"
    /// `timeout`: limit for the whole restore test. Default 30 min.
    package var timeout: Duration = .seconds(1800)

    /// A test with defaults, which does not run before `isIsolated` is set.
    package init(kind: Kind, url: String) {
        self.kind = kind
        self.url = url
    }
}

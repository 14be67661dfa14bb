package import Samples

extension SimulatedVaultCluster {
    /// Settings that all nodes share.
    package struct Options: Sendable {
        /// The version that the nodes report.
        package var version = "1.8.0-dev"
        /// The name that the nodes report.
        package var name = "vault-cluster-051513bf"
        /// The cluster id that the nodes report.
        package var id = "3d35f816-b6ca-2d00-319e-639e2185b348"
        /// The unseal keys in hexadecimal, 33 bytes each; any `threshold` of them unseal a node.
        package var keys = (1...5).map { sha256(Array("lab-unseal-key-\($0)".utf8)) + "0\($0)" }
        /// The number of keys needed. Default 3.
        package var threshold = 3
        /// Whether the cluster is initialised. Default: yes.
        package var initialised = true
        /// The storage type that the nodes report.
        package var storageType = "postgresql"
        /// Vault's listener option `unauthenticated_metrics_access`. Default: yes.
        package var unauthenticatedMetrics = true
        /// The policies of each token. `root` allows everything, `watch` what vaultwatch's documented policy allows,
        /// `backup` to take a snapshot.
        package var tokens = [
            "s.LabRootToken00000000000": ["root"], "s.LabWatchToken0000000000": ["default", "watch"],
            "s.LabBackupToken000000000": ["default", "backup"],
        ]
        /// The lifetime of the AppRole's tokens.
        package var issuedLife = TokenLife(ttl: 3600)
        /// How often the secret id may be used; nil: without a limit.
        package var secretIDUses: Int?
        /// When the secret id expires; nil: never.
        package var secretIDEnd: Timestamp?
        /// What the policy `watch` allows besides the canary and telemetry: `audit`, `tune`, `secret_id`,
        /// `raft`.
        package var watchAllows: Set<String> = ["audit", "tune", "secret_id"]
        /// The maximum lifetime of the token mount in seconds. Default: 32 days, as in Vault.
        package var longestLife: Int64 = 2_764_800
        /// The audit devices by path, each with its type.
        package var auditDevices = ["file/": "file"]
        /// The condition of the audit devices.
        package var audit = AuditCondition.working
        /// Whether what a file audit device writes is kept for `takeAuditRecords`. Default: no.
        package var recordsAudit = false
        /// Paths that exceed a rate limit quota.
        package var limitedPaths: Set<String> = []
        /// The AppRole's role id.
        package var roleID = "1f3d2c7a-lab-role"
        /// The AppRole's secret id.
        package var secretID = "9b7e5a31-lab-secret"
        /// The path of the canary secret (KV v1), with its mount.
        package var canaryPath = "smtp/canary/admin"
        /// Behaviour of versions and editions other than the recorded one. Default: none.
        package var features = Features()
        /// The fields of the canary secret.
        package var canary = ["password": "x", "username": "admin"]
        /// Further secrets (KV v1) by path.
        package var secrets = [
            "smtp/test-tenant-id/admin": ["password": "y", "username": "admin"],
            "smtp/tenant-2/admin": ["password": "z", "username": "postmaster"],
            "dkim/example.org/2026": ["private_key": "lab"],
        ]
        /// Leases by id; those of a mount other than `auth/` act on another system when they are revoked.
        package var leases = ["database/creds/app/4XuOJnUhLsfVHm8xmIUqBYJv"]
        /// Whether the storage allows several nodes. Default: yes.
        package var haEnabled = true
        /// Whether the directory of the audit files is missing.
        package var auditPathMissing = false
        /// How long the steps of a restored snapshot take. Default: as measured.
        package var restoreTimes = RestoreTimes()
        /// The key of the barrier; nil derives it from the id.
        var storedRootKey: [UInt8]?
        /// The unseal keys of a storage that another Vault wrote; nil: `keys`.
        var storedSeal: VaultStorage.Seal?
        /// A restored cluster keeps its own name until its process starts again.
        var nameAfterRestart: String?

        /// The defaults.
        package init() {}
    }
}

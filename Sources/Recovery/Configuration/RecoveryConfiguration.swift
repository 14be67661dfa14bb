package import Platform
package import Probes
package import S3

/// `recovery.yml`: what the recovery commands work on, parsed and validated. The daemon does not read it.
package struct RecoveryConfiguration: Sendable {
    /// `source`: what is backed up.
    package var source: BackupSource
    /// `bucket`: where the backups are kept.
    package var bucket: S3Options
    /// `object_lock`: how long a new object may not be deleted; nil leaves that to the bucket's default.
    package var objectLock: ObjectLock?
    /// `sets`: at least one.
    package var sets: [RecoverySet]
    /// `encryption`.
    package var encryption: EncryptionOptions
    /// `staging`: temporary files, and the Vault of the restore test.
    package var staging: StagingOptions
    /// `record_file`: where the outcome of each run is appended for the daemon's `records`; nil records nothing.
    package var recordFile: String?
    /// `drills`.
    package var drills: DrillOptions
    /// `drill_targets`: the names of the clusters that drills may harm. Default: none.
    package var drillTargets: [String]
    /// The path of the file.
    package var path: String

    /// Where the configuration is by default.
    package static let defaultPath = "/etc/vaultwatch/recovery.yml"
}

/// One set of backups that the commands make and prune.
package struct RecoverySet: Sendable, Hashable {
    /// Name, prefix, schedule and retention, in the daemon's notation.
    package var options: BackupSetOptions
    /// `floor`: pruning always leaves this many backups. Default: 7, or `retention` if that is less.
    package var floor: Int

    /// A set with its floor.
    package init(options: BackupSetOptions, floor: Int) {
        self.options = options
        self.floor = floor
    }
}

/// `object_lock`: the retention that is asked for at the upload. Source: Amazon S3 API Reference, PutObject,
/// x-amz-object-lock-mode.
package struct ObjectLock: Sendable, Hashable {
    /// Who may shorten it.
    package enum Mode: String, Sendable, CaseIterable {
        /// Users with s3:BypassGovernanceRetention.
        case governance
        /// Nobody.
        case compliance
    }

    /// `mode`.
    package var mode: Mode
    /// `retain`: counted from the upload.
    package var retain: Duration
}

/// `encryption`: the AES-256-GCM keys.
package struct EncryptionOptions: Sendable, Hashable {
    /// `key_file`: the key of new backups.
    package var key: Secret
    /// `previous_key_files`: keys of older backups that are still read, the newest first. Default: none.
    package var previousKeys: [Secret] = []

    /// All keys, in the order in which they are tried.
    package var keys: [Secret] { [key] + previousKeys }
}

package import Delivery
package import Dispatching
package import Platform
package import Probes
import Samples
package import Store
package import TimeZones
package import Web

/// A configuration file, parsed and validated: the options of each stage.
package struct Configuration: Sendable {
    /// `global`.
    package var global = GlobalOptions()
    /// `vault`: the clusters.
    package var vault: [VaultClusterOptions] = []
    /// `postgres`: the servers.
    package var postgres: [PostgresServerOptions] = []
    /// `backups`: the buckets.
    package var backups: [BackupBucketOptions] = []
    /// `records`; nil without record files.
    package var records: RecordOptions?
    /// `postgres_backups`.
    package var postgresBackups: [PostgresBackupOptions] = []
    /// `audit_logs`.
    package var auditLogs: [AuditLogOptions] = []
    /// `services`.
    package var services: [ServiceOptions] = []
    /// `recovery`.
    package var recovery = RecoveryOptions()
    /// `rules`: shell patterns of rule files, absolute.
    package var ruleFiles: [String] = []
    /// The routing of `alerting`.
    package var dispatch: DispatchOptions
    /// The receivers of `alerting`.
    package var delivery: DeliveryOptions
    /// `remote_write`.
    package var remoteWrite: [RemoteWriteEndpoint] = []
    /// `web`.
    package var web = WebOptions()
    /// `storage`.
    package var storage = StorageOptions()
    /// The path of the file.
    package var path = ""
    /// The file without its secrets.
    package var text = ConfigurationText()
}

/// `global`: defaults for all targets.
package struct GlobalOptions: Sendable, Hashable {
    /// Time from one probe of a target to the next. Default 5 s.
    package var pollInterval: Duration = .seconds(5)
    /// Limit for each request of a probe. Default 4 s.
    package var timeout: Duration = .seconds(4)
    /// The interval of rule groups without one of their own. Default 15 s.
    package var evaluationInterval: Duration = .seconds(15)
    /// Added to every alert (see `alertLabels`) and to every series of `remote_write` that has none of that name, and
    /// available to templates as `$externalLabels`.
    package var externalLabels: [String: String] = [:]

    /// Every option at its default.
    package init() {}
}

/// `storage`: what is stored, where and for how long.
package struct StorageOptions: Sendable, Hashable {
    /// The directory of the journal. Default `/var/lib/vaultwatch`.
    package var path = "/var/lib/vaultwatch"
    /// The limits of the in-memory store of samples.
    package var memory = StoreOptions()
    /// How long entries stay in the history. Default 90 d.
    package var historyRetention: Duration = .seconds(90 * 86400)
}

/// `web`: the listen addresses and the access control.
package struct WebOptions: Sendable, Hashable {
    /// Each `host:port`, `:port` or `[::1]:port`. Default `:9321`.
    package var listenAddresses = [":9321"]
    /// The URL by which users reach the agent, for links; without a trailing slash. Default: none.
    package var externalURL = ""
    /// The path of an exporter-toolkit web configuration file (TLS and basic authentication for everything). Default:
    /// none.
    package var configFile: String?
    /// The path of the Unix socket through which this machine's administrators make changes; empty for none. Default:
    /// see `socketPath`.
    package var socket: String?
    /// bcrypt hashes of users who may make changes, by user name. Default: none.
    package var users: [String: Secret] = [:]
    /// Bearer tokens that permit changes, by name. Default: none.
    package var tokens: [String: Secret] = [:]
    /// `pagerduty_webhook_secret`: the secret that PagerDuty signs its webhooks with; nil if none are expected.
    package var pagerDutySecret: Secret?
    /// Whether any client may make changes. Default false.
    package var allowsAnonymousChanges = false
    /// Further names by which clients reach the agent. Default: none.
    package var allowedHosts: [String] = []
    /// The time zone of the pages and of messages. Default: the machine's.
    package var timeZone: TimeZoneData?
    /// The header in which a trusted proxy names the user that it has authenticated. Default: none.
    package var userHeader: String?
    /// The proxies from which `userHeader` is accepted. Default: none.
    package var trustedProxies: [AddressRange] = []
}

/// `recovery`: what is promised for the case that Vault is lost, to be compared with what is measured.
package struct RecoveryOptions: Sendable, Hashable {
    /// `rpo`: how much time of writes may be lost. Default: nothing is promised.
    package var point: Duration?
    /// `rto`: how long it may take until Vault serves again. Default: nothing is promised.
    package var time: Duration?
}

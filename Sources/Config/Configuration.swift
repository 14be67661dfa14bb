import Delivery
import Dispatching
import Probes
import Samples
import Store

/// A configuration file, read and checked: what each stage needs to know, and nothing that needs a second look.
package struct Configuration: Sendable {
    package var global = GlobalOptions()
    package var vault: [VaultClusterOptions] = []
    package var postgres: [PostgresServerOptions] = []
    package var backups: [BackupBucketOptions] = []
    /// Nil without record files.
    package var records: RecordOptions?
    /// Shell patterns of rule files, absolute.
    package var ruleFiles: [String] = []
    package var dispatch: DispatchOptions
    package var delivery: DeliveryOptions
    package var web = WebOptions()
    package var storage = StorageOptions()
    /// The file it came from.
    package var path = ""
}

/// `global`: what holds for every target that does not say otherwise.
package struct GlobalOptions: Sendable, Hashable {
    /// Default 5 s.
    package var pollInterval: Duration = .seconds(5)
    /// For each request of a probe. Default 4 s.
    package var timeout: Duration = .seconds(4)
    /// For rule groups without an interval of their own. Default 15 s.
    package var evaluationInterval: Duration = .seconds(15)
    /// Added to every alert, and available to templates as `$externalLabels`.
    package var externalLabels: [String: String] = [:]
}

/// `storage`: what is kept, where, and how much of it.
package struct StorageOptions: Sendable, Hashable {
    /// The folder of the journal. Default `/var/lib/vaultwatch`.
    package var path = "/var/lib/vaultwatch"
    package var memory = StoreOptions()
    /// How long sent notifications stay in the history. Default 90 d.
    package var historyRetention: Duration = .seconds(90 * 86400)
}

/// `web`: where the agent listens.
package struct WebOptions: Sendable, Hashable {
    /// `host:port`, `:port`, `[::1]:port`. Default `:9321`.
    package var listenAddresses = [":9321"]
    /// Where people reach the agent, for links; no slash at its end.
    package var externalURL = ""
    /// An exporter-toolkit web configuration file: TLS and basic authentication.
    package var configFile: String?
}

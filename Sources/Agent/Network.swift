package import Config
package import Platform
package import Probes
import S3
package import Transport

/// The network as the agent sees it: HTTP for probes, HTTP and mail for delivery, and PostgreSQL, each with threads of
/// its own. They outlive reloads, so that connections are kept.
package struct Network: Sendable {
    /// For probes.
    package var http: any HTTPClient
    /// For delivery: a burst of messages, or receivers out of reach, leave no probe without a place to connect.
    package var receivers: any HTTPClient
    /// Sends mail.
    package var mail: any MailSender
    /// Connects to PostgreSQL servers.
    package var database: any PostgresConnector
    /// Takes the number of connections that the probes' targets need.
    private let setConnectionLimit: @Sendable (Int) -> Void
    /// What reading whole backups showed, kept over reloads.
    private let verdicts = BackupVerdicts()

    /// - Parameter receivers: nil takes `http`.
    package init(
        http: any HTTPClient, receivers: (any HTTPClient)? = nil, mail: any MailSender,
        database: any PostgresConnector, setConnectionLimit: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.http = http
        self.receivers = receivers ?? http
        self.mail = mail
        self.database = database
        self.setConnectionLimit = setConnectionLimit
    }

    /// The machine's own network.
    /// - Parameter onIdleConnectionLost: called when the peer of a probe's idle connection drops it. Runs on a thread
    ///   of the network: hand it on and return.
    package static func real(_ platform: Platform, onIdleConnectionLost: (@Sendable (LostConnection) -> Void)? = nil)
        -> Network
    {
        let report = onIdleConnectionLost ?? { _ in }
        var options = CurlTransportOptions()
        options.onIdleConnectionLost = { report(.http(origin: $0)) }
        let probes = CurlTransport(name: "probes", options: options, platform: platform)
        let delivery = CurlTransport(name: "delivery", platform: platform)
        let database = PostgresPool(platform: platform) { report(.postgres($0)) }
        return Network(
            http: probes, receivers: delivery, mail: delivery, database: database,
            setConnectionLimit: { probes.setIdleConnectionLimit($0) })
    }

    /// How many connections the probes of a configuration may need at once: of a node one for its state, one for the
    /// canary or a login and one for telemetry, where all of them are asked in the same moment.
    static func connectionLimit(vault: [VaultClusterOptions], buckets: Int) -> Int {
        let nodes = vault.reduce(0) { $0 + $1.nodes.count + ($1.loadBalancerURL == nil ? 0 : 1) }
        return 64 + 3 * nodes + 4 * buckets
    }

    /// All probes of a configuration.
    package func probes(_ configuration: Configuration, platform: Platform) -> ProbeSet {
        setConnectionLimit(Network.connectionLimit(vault: configuration.vault, buckets: configuration.backups.count))
        var backups: [(options: BackupSetOptions, store: any BackupStore)] = []
        for bucket in configuration.backups {
            let store = S3BackupStore(
                client: S3Client(bucket.store, http: http, files: platform.files, time: platform.time))
            backups += bucket.sets.map { ($0, store) }
        }
        return ProbeSet(
            vault: configuration.vault, postgres: configuration.postgres, backups: backups, verdicts: verdicts,
            records: configuration.records, http: http,
            database: database, platform: platform)
    }
}

import Config
import Platform
import Probes
import S3
import Transport

/// The network's seams: one thread for HTTP, a few for mail, one for PostgreSQL. They outlive reloads, so that
/// connections are kept.
package struct Network: Sendable {
    package var http: any HTTPClient
    package var mail: any MailSender
    package var database: any PostgresConnector
    /// What reading whole backups showed, kept over reloads.
    private let verdicts = BackupVerdicts()

    package init(http: any HTTPClient, mail: any MailSender, database: any PostgresConnector) {
        self.http = http
        self.mail = mail
        self.database = database
    }

    /// The machine's own network.
    /// - Parameter onIdleConnectionLost: hears the origin (`https://vault-1:8200`) whose kept connection broke.
    package static func real(_ platform: Platform, onIdleConnectionLost: (@Sendable (String) -> Void)? = nil) -> Network
    {
        var options = CurlTransportOptions()
        options.onIdleConnectionLost = onIdleConnectionLost
        let curl = CurlTransport(options: options, platform: platform)
        return Network(http: curl, mail: curl, database: PostgresPool(platform: platform))
    }

    /// All probes of a configuration.
    package func probes(_ configuration: Configuration, platform: Platform) -> ProbeSet {
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

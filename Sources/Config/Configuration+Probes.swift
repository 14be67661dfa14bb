package import Platform
package import Probes
import S3
package import Transport

extension Configuration {
    /// The probes of all targets.
    /// - Parameters:
    ///   - network: its clients make the requests; its connection limit is set for them.
    ///   - beginnings: since when each backup set has been watched.
    ///   - auditPositions: up to where the audit logs have been counted.
    /// - Parameter verdicts: earlier results of reading whole backups.
    package func probes(
        _ network: Network, verdicts: BackupVerdicts = BackupVerdicts(),
        beginnings: BackupBeginnings = BackupBeginnings(), auditPositions: AuditPositions = AuditPositions(),
        platform: Platform
    ) -> ProbeSet {
        network.limitConnections(
            Configuration.connectionLimit(vault: vault, buckets: backups.count, services: services.count))
        var stores: [(options: BackupSetOptions, store: any BackupStore)] = []
        for bucket in backups {
            let store = S3BackupStore(
                bucket: bucket.store.bucket,
                client: S3Client(bucket.store, http: network.http, files: platform.files, time: platform.time))
            stores += bucket.sets.map { ($0, store) }
        }
        return ProbeSet(
            vault: vault, postgres: postgres, backups: stores, verdicts: verdicts, beginnings: beginnings,
            records: records, postgresBackups: postgresBackups, auditLogs: auditLogs, auditPositions: auditPositions,
            services: services, network: network,
            http: network.http, database: network.database,
            platform: platform)
    }

    /// How many connections the probes may need at once: per node one for its state, one for the canary or a login and
    /// one for telemetry, since all of them may be requested at the same moment; and one for each service.
    static func connectionLimit(vault: [VaultClusterOptions], buckets: Int, services: Int = 0) -> Int {
        let nodes = vault.reduce(0) { $0 + $1.nodes.count + ($1.loadBalancerURL == nil ? 0 : 1) }
        return 64 + 3 * nodes + 4 * buckets + services
    }
}

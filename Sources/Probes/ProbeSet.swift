package import Platform
package import Transport

/// The probes of all targets of a configuration.
package struct ProbeSet: Sendable {
    let probes: [any RunnableProbe]

    /// - Parameter probes: scripted probes, in tests.
    init(probes: [any RunnableProbe]) { self.probes = probes }

    /// - Parameters:
    ///   - backups: each set with the store that holds it.
    ///   - verdicts: earlier results of content verification.
    ///   - beginnings: since when each set has been watched.
    ///   - records: nil without record files.
    ///   - postgresBackups: the backups made by pgBackRest, WAL-G or Barman.
    ///   - auditLogs: the audit logs that are followed.
    ///   - auditPositions: up to where these have been counted.
    ///   - network: for services; nil without any.
    ///   - hooks: runs the commands that say whether a test mail has come back.
    package init(
        vault: [VaultClusterOptions] = [], postgres: [PostgresServerOptions] = [],
        backups: [(options: BackupSetOptions, store: any BackupStore)] = [],
        verdicts: BackupVerdicts = BackupVerdicts(), beginnings: BackupBeginnings = BackupBeginnings(),
        records: RecordOptions? = nil, postgresBackups: [PostgresBackupOptions] = [],
        auditLogs: [AuditLogOptions] = [], auditPositions: AuditPositions = AuditPositions(),
        services: [ServiceOptions] = [], network: Network? = nil, hooks: any HookRunner = ChildHookRunner(),
        http: any HTTPClient, database: any PostgresConnector, platform: Platform
    ) {
        var probes: [any RunnableProbe] = []
        let clusters = vault.map { VaultCluster(options: $0, http: http, platform: platform) }
        for cluster in clusters { probes += cluster.probes() }
        var databases: [String: PostgresCluster] = [:]
        for options in postgres where databases[options.cluster] == nil {
            databases[options.cluster] = PostgresCluster(
                name: options.cluster, servers: postgres.filter { $0.cluster == options.cluster }, platform: platform)
        }
        for options in postgres {
            guard let cluster = databases[options.cluster] else { continue }
            probes.append(PostgresProbe(options: options, cluster: cluster, connector: database, platform: platform))
        }
        // Only integrated storage can produce snapshots: the backup probe compares the backups' names with the storage
        // type that the nodes report.
        let storage: @Sendable () -> [String] = { clusters.compactMap(\.storageType) }
        for (options, store) in backups {
            let newest = NewestBackup()
            probes.append(
                BackupProbe(
                    options: options, store: store, newest: newest, beginnings: beginnings, verdicts: verdicts,
                    platform: platform, storageTypes: storage))
            guard options.verification.isEnabled else { continue }
            probes.append(
                BackupContentProbe(
                    options: options, store: store, newest: newest, verdicts: verdicts, platform: platform))
        }
        var buckets: Set<String> = []
        for (_, store) in backups where buckets.insert(store.bucket).inserted {
            let sets = backups.filter { $0.store.bucket == store.bucket }.map(\.options)
            probes.append(BucketProbe(store: store, sets: sets, platform: platform))
        }
        if let records { probes.append(RecordProbe(options: records, platform: platform)) }
        for options in postgresBackups { probes.append(PostgresBackupProbe(options: options, platform: platform)) }
        for options in auditLogs {
            probes.append(AuditLogProbe(options: options, positions: auditPositions, platform: platform))
        }
        if let network {
            for options in services { probes += ProbeSet.probes(options, network, hooks, platform) }
        }
        self.probes = probes
    }

    /// The probes of one service: what it answers, and a test mail's return.
    private static func probes(
        _ service: ServiceOptions, _ network: Network, _ hooks: any HookRunner, _ platform: Platform
    ) -> [any RunnableProbe] {
        let check: any ServiceCheck
        var mails: [any RunnableProbe] = []
        switch service.check {
        case .smtp(let options):
            check = SMTPServiceCheck(server: options.server, timeout: service.timeout, mail: network.mailProbes)
            if let mail = options.testMail {
                mails.append(
                    TestMailProbe(
                        service: service.name, server: options.server, options: mail, mailTimeout: service.timeout,
                        mail: network.mailProbes,
                        hook: TestMailHook(options: mail, runner: hooks, http: network.http, files: platform.files),
                        platform: platform))
            }
        case .http(let options):
            check = HTTPServiceCheck(
                options: options, timeout: service.timeout, http: network.http, files: platform.files)
        case .tcp(let options):
            check = TCPServiceCheck(options: options, timeout: service.timeout, client: network.dialogues)
        case .dns(let options):
            check = DNSServiceCheck(
                options: options, timeout: service.timeout, client: network.nameServers, platform: platform)
        }
        return [ServiceProbe(options: service, check: check, platform: platform)] + mails
    }

    /// The targets, in the order of the configuration.
    package var targets: [ProbeTarget] { probes.map(\.target) }
}

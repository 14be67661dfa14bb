package import Platform
import Samples
import Synchronization
import Text

/// A complete simulated estate on loopback: Vault nodes with their load balancer, PostgreSQL servers, a bucket of
/// backups, and an inbox. `stop()` ends all of it; child processes end with this process in any case.
package final class Estate: Sendable {
    struct State {
        var cluster: SimulatedVaultCluster
        var bucket: Bucket
        var bucketFailure: Bucket.Failure?
        var skippedBackups = 0
        var isReplicationCut = false
        var database = DatabaseState.running
        /// The nodes that fail because of the database.
        var struck: Set<Int> = []
        /// The holder of the HA lock while it is renewed.
        var lock: (identity: String, value: String)?
        var services = Services()
        var isStopped = false
    }

    enum DatabaseState: String, Sendable {
        case running, stopped, frozen
    }

    /// The receivers of notifications.
    package let inbox: Inbox
    /// The PostgreSQL servers; nil without them.
    package let postgres: LocalPostgres?
    /// The Vault for restore tests, which its hook starts; nil without one.
    package var staging: StagingVault? { stagingSide?.vault }
    var stagingSide: EstateStaging? { servers.withLock { $0.staging } }
    let platform: Platform
    let state: Mutex<State>
    let directory: TemporaryDirectory
    let authority: CertificateAuthority?
    private let servers = Mutex(Servers())
    private let renewal = Mutex<Task<Void, Never>?>(nil)
    /// Whether audit logs are written; locked while one is, so that entries stay in order.
    let auditLogs: Mutex<Bool>
    /// Serializes writes to the lock table.
    let lockWriter = SerialTasks()
    static let accessKey = "LABACCESSKEY"

    struct Servers {
        var nodes: [LabServer] = []
        var loadBalancer: LabServer?
        var bucket: LabServer?
        var web: LabServer?
        var mail: MailServer?
        var relay: MailServer?
        var website: LabServer?
        var names: LabNameServer?
        var staging: EstateStaging?
    }

    /// Starts everything, which takes about four seconds with PostgreSQL and one without.
    /// - Throws: the error of the first server that could not be started, after stopping the others.
    package static func start(_ options: EstateOptions = EstateOptions(), platform: Platform) async throws -> Estate {
        let authority = options.security == .http && !options.mailTLS ? nil : try await CertificateAuthority()
        var servers = options.postgres
        // As on a production server: the shipped rules alert otherwise.
        servers?.durable = true
        let postgres: LocalPostgres? = if let servers { try await LocalPostgres.start(servers) } else { nil }
        do {
            try await postgres?.writeSecrets(count: 50)
            let estate = try Estate(options, platform, authority, postgres)
            do {
                try await estate.open(options)
                return estate
            } catch {
                await estate.stop()
                throw error
            }
        } catch {
            await postgres?.stop()
            throw error
        }
    }

    private init(
        _ options: EstateOptions, _ platform: Platform, _ authority: CertificateAuthority?, _ postgres: LocalPostgres?
    ) throws {
        self.platform = platform
        self.authority = authority
        self.postgres = postgres
        directory = try TemporaryDirectory()
        auditLogs = Mutex(options.auditLogs)
        inbox = Inbox(time: platform.time)
        var bucket = Bucket(vault: options.cluster)
        bucket.fill(at: platform.time.wall())
        state = Mutex(
            State(cluster: SimulatedVaultCluster(options.cluster, nodes: [], at: platform.time.wall()), bucket: bucket))
        if options.auditLogs {
            for name in options.nodes { try directory.write(Estate.auditLog(of: name), "", mode: 0o640) }
        }
    }

    static func auditLog(of node: String) -> String { "audit-\(node).log" }

    private func open(_ options: EstateOptions) async throws {
        var good: CertificateAuthority.Certificate?
        if options.security != .http { good = try await authority?.issue("vault") }
        var nodes: [LabServer] = []
        for (index, name) in options.nodes.enumerated() {
            var certificate = good
            switch options.security {
            case .expired(let names) where names.contains(name):
                certificate = try await authority?.issue(name, validity: .expired)
            case .wrongHost(let names) where names.contains(name):
                certificate = try await authority?.issue(name, hosts: ["DNS:elsewhere.example"])
            default: break
            }
            nodes.append(try LabServer(certificate: certificate) { [weak self] in self?.vault($0, index) ?? .reset })
        }
        let loadBalancer = try LabServer(certificate: good) { [weak self] in self?.balanced($0) ?? .reset }
        let bucket = try LabServer { [weak self] in self?.bucketReply($0) ?? .reset }
        let web = try LabServer { [weak self] in await self?.webReply($0) ?? .reset }
        let mail = try MailServer(certificate: options.mailTLS ? try await authority?.issue("mail") : nil) { [inbox] in
            inbox.receiveMail($0, $1, $2)
        }
        let relay = try MailServer(certificate: options.mailTLS ? try await authority?.issue("relay") : nil) {
            [weak self] _, _, data in self?.relayMail(data)
        }
        let website = try LabServer(certificate: good) { [weak self] in self?.websiteReply($0) ?? .reset }
        let names = try LabNameServer(Estate.zone)
        servers.withLock {
            $0 = Servers(
                nodes: nodes, loadBalancer: loadBalancer, bucket: bucket, web: web, mail: mail, relay: relay,
                website: website, names: names)
        }
        if let staging = options.staging {
            let vault = try await EstateStaging.start(
                staging, certificate: good, cluster: options.cluster, postgres: postgres, platform: platform)
            servers.withLock { $0.staging = vault }
            if let dump = vault.dump {
                state.withLock { state in
                    state.bucket.content = dump
                    state.bucket.fill(at: platform.time.wall())
                }
            }
        }
        let now = platform.time.now()
        var cluster = options.cluster
        cluster.recordsAudit = options.auditLogs
        let events = state.withLock { [cluster] state in
            state.cluster = SimulatedVaultCluster(
                cluster, nodes: zip(options.nodes, nodes).map { ($0, $1.url, "https://127.0.0.1:\($1.port)") },
                at: now.wall)
            return nodes.indices.flatMap { state.cluster.perform(.unseal, on: $0, at: now, random: platform.random) }
        }
        follow(events)
        for server in nodes + [loadBalancer, bucket, web, website] { try await server.start() }
        for server in [mail, relay] { try await server.start() }
        try await names.start()
        renewal.withLock {
            $0 = Task { [weak self, platform] in
                while (try? await platform.time.sleep(for: Election.Timing.renewal)) != nil { self?.renewLock() }
            }
        }
    }

    /// Stops all servers and child processes and removes their files.
    package func stop() async {
        guard
            state.withLock({ state in
                defer { state.isStopped = true }
                return !state.isStopped
            })
        else { return }
        renewal.withLock { $0?.cancel() }
        let all = servers.withLock { servers in
            defer { servers = Servers() }
            return servers
        }
        for server in all.nodes + [all.loadBalancer, all.bucket, all.web, all.website].compactMap({ $0 }) {
            await server.close()
        }
        for server in [all.mail, all.relay] { await server?.close() }
        await all.names?.close()
        await all.staging?.stop()
        await lockWriter.finish()
        await postgres?.stop()
        directory.remove()
    }

    /// The names and roles of the nodes.
    package var roles: [(name: String, role: SimulatedVaultCluster.Role)] {
        advance()
        return state.withLock { state in
            state.cluster.nodes.indices.map { (state.cluster.nodes[$0].name, state.cluster.role($0)) }
        }
    }

    /// The mail server that is watched as a service.
    var relay: MailServer? { servers.withLock { $0.relay } }
    /// The name server that is watched as a service.
    package var names: LabNameServer? { servers.withLock { $0.names } }

    func server(ofNode index: Int) -> LabServer? {
        servers.withLock { $0.nodes.indices.contains(index) ? $0.nodes[index] : nil }
    }

    /// Writes the files of secrets and returns the addresses of everything.
    /// - Throws: `ChildProcessError` if a file cannot be written.
    package func endpoints() throws(ChildProcessError) -> EstateEndpoints {
        let servers = servers.withLock { $0 }
        let (options, bucket, names) = state.withLock { ($0.cluster.options, $0.bucket, $0.cluster.nodes.map(\.name)) }
        let isAudited = auditLogs.withLock { $0 }
        let inboxURL = servers.web?.url ?? ""
        let slackURL = inboxURL + "/services/T00000000/B00000000/lab"
        var databases: [EstateEndpoints.Database] = []
        if let postgres {
            let file = try postgres.passwordFile()
            for server in [postgres.primary] + (postgres.replica.map { [$0] } ?? []) {
                databases.append(
                    EstateEndpoints.Database(
                        name: server.name, host: "127.0.0.1", port: server.port, database: postgres.database,
                        user: postgres.user, passwordFile: file))
            }
        }
        func secret(_ name: String, _ value: String) throws(ChildProcessError) -> String {
            try directory.write(name, value + "\n", mode: 0o600)
        }
        func token(_ policy: String) -> String { options.tokens.first { $0.value.contains(policy) }?.key ?? "" }
        let staging = try servers.staging?.endpoints(options, directory)
        return EstateEndpoints(
            clusterName: options.name,
            nodes: zip(names, servers.nodes).map { name, server in
                EstateEndpoints.Node(
                    name: name, url: server.url, auditLog: isAudited ? directory.file(Estate.auditLog(of: name)) : nil)
            },
            loadBalancer: servers.loadBalancer?.url ?? "",
            caFile: authority?.certificateFile,
            tokenFile: try secret("vault-token", token("watch")),
            backupTokenFile: try secret("vault-backup-token", token("backup")),
            roleIDFile: try secret("vault-role-id", options.roleID),
            secretIDFile: try secret("vault-secret-id", options.secretID),
            canaryPath: options.canaryPath,
            databases: databases,
            bucket: EstateEndpoints.Bucket(
                endpoint: servers.bucket?.url ?? "", region: bucket.region, name: bucket.name,
                accessKeyFile: try secret("s3-access-key", Estate.accessKey),
                secretKeyFile: try secret("s3-secret-key", "LabSecretKey0000000000000000000000000000"),
                encryptionKeyFile: try secret(
                    "backup-key", bucket.encryptionKey.hexadecimal)),
            mail: "127.0.0.1:\(servers.mail?.port ?? 0)",
            slackURL: slackURL,
            slackURLFile: try secret("slack-url", slackURL),
            pagerDutyURL: inboxURL,
            pagerDutyKeyFile: try secret("pagerduty-key", "1ab0000000000000000000000000cafe"),
            webhookURL: inboxURL + "/webhook",
            services: EstateEndpoints.Services(
                mail: "127.0.0.1:\(servers.relay?.port ?? 0)", isMailSecure: servers.relay?.isSecure ?? false,
                mailPasswordFile: try secret("relay-password", "lab"),
                mailHook: inboxURL + "/returned/{token}", website: servers.website?.url ?? "",
                nameServer: "127.0.0.1:\(servers.names?.port ?? 0)"),
            inboxURL: inboxURL,
            staging: staging)
    }
}

/// Runs asynchronous work in order. At most 100 items wait; further ones are dropped.
final class SerialTasks: Sendable {
    private let input: AsyncStream<@Sendable () async -> Void>.Continuation
    private let worker: Task<Void, Never>

    init() {
        let (stream, input) = AsyncStream.makeStream(
            of: (@Sendable () async -> Void).self, bufferingPolicy: .bufferingOldest(100))
        self.input = input
        worker = Task { for await work in stream { await work() } }
    }

    func add(_ work: @escaping @Sendable () async -> Void) { input.yield(work) }

    /// Accepts no more work and waits for what is queued.
    func finish() async {
        input.finish()
        await worker.value
    }
}

import Config
import Platform
import Probes
import Transport

/// Everything that a restore test must keep away from: what the daemon watches, and what is backed up.
struct WatchedEstate: Sendable {
    /// The clusters of the daemon's configuration and of the source.
    private let clusters: [VaultClusterOptions]
    /// The connections to the database servers of both.
    private let servers: [PostgresOptions]
    private let platform: Platform

    /// - Throws: `RestoreFailure` if the daemon's configuration does not say what is watched.
    init(
        _ configuration: RecoveryConfiguration, daemonConfig: String, environment: [String: String], platform: Platform
    ) async throws(RestoreFailure) {
        let files = platform.files
        var watched: (vault: [VaultClusterOptions], postgres: [PostgresServerOptions])
        do {
            watched = try Configuration.targets(daemonConfig, files: files, environment: environment)
        } catch {
            throw RestoreFailure(
                .refused,
                "without the daemon's configuration nobody knows which Vaults and databases must not be touched: \(error)"
            )
        }
        guard !watched.vault.isEmpty || !watched.postgres.isEmpty else {
            throw RestoreFailure(
                .refused,
                "\(daemonConfig) watches neither a Vault nor a database; name the daemon's under daemon_config")
        }
        switch configuration.source {
        case .raft(let source): watched.vault.append(source.cluster)
        case .postgres(let source):
            if let vault = source.vault { watched.vault.append(vault) }
        }
        clusters = watched.vault
        var servers = watched.postgres.map(\.connection)
        if case .postgres(let source) = configuration.source { servers.append(source.connection) }
        self.servers = servers
        self.platform = platform
    }

    /// The addresses of all of them. Names are resolved: staging under another name is still the same server.
    func addresses(_ resolver: HostAddresses) async -> WatchedAddresses {
        var found = WatchedAddresses()
        for cluster in clusters {
            let urls = cluster.nodes.map { ("\(cluster.name)/\($0.name)", $0.url) }
            let balancer = cluster.loadBalancerURL.map { [("\(cluster.name)'s load balancer", $0)] } ?? []
            for (name, url) in urls + balancer {
                guard let endpoint = await WatchedEstate.endpoint(url, label: name, resolver) else { continue }
                found.vault.append(endpoint)
            }
        }
        for server in servers { found.postgres += await WatchedEstate.endpoints(server, resolver) }
        return found
    }

    /// The ids that the watched clusters report now, and whether each of them has told its own. Two clusters may have one
    /// name, as that of the source and one of the daemon's: what counts is that each was asked.
    func clusterIDs(_ http: any HTTPClient) async -> (ids: Set<String>, isComplete: Bool) {
        var ids: Set<String> = []
        var isComplete = true
        for cluster in clusters {
            var found: String?
            for node in cluster.nodes {
                var options = RestoreTestOptions(kind: .raft, url: node.url)
                options.tls = cluster.tls
                guard case .value(let health) = await StagingClient(options, http: http).health() else { continue }
                if let id = health.clusterID, !id.isEmpty {
                    found = id
                    break
                }
            }
            if let found { ids.insert(found) } else { isComplete = false }
        }
        return (ids, isComplete)
    }

    // MARK: Endpoints

    static func endpoint(_ url: String, label: String, _ resolver: HostAddresses) async -> WatchedAddresses.Endpoint? {
        guard let parts = WatchedAddresses.parts(url) else { return nil }
        return await endpoint(label, [parts.host], parts.port, resolver)
    }

    /// The servers of a connection: libpq takes lists of hosts and ports, and a folder for a Unix socket. Source:
    /// PostgreSQL manual, "Specifying Multiple Hosts".
    static func endpoints(_ options: PostgresOptions, _ resolver: HostAddresses) async -> [WatchedAddresses.Endpoint] {
        func list(_ key: String) -> [String] {
            (options.parameters[key] ?? "").split(separator: ",").map { $0.lowercased() }
        }
        let names = list("host")
        let numbers = list("hostaddr")
        let ports = list("port")
        var found: [WatchedAddresses.Endpoint] = []
        for index in 0..<max(names.count, numbers.count) {
            let hosts = [names, numbers].compactMap { $0.indices.contains(index) ? $0[index] : nil }
            let port = ports.indices.contains(index) ? Int(ports[index]) : ports.first.flatMap { Int($0) }
            found.append(await endpoint("PostgreSQL at \(hosts[0])", hosts, port ?? 5432, resolver))
        }
        return found
    }

    private static func endpoint(
        _ label: String, _ hosts: [String], _ port: Int, _ resolver: HostAddresses
    ) async -> WatchedAddresses.Endpoint {
        var all = Set(hosts)
        for host in hosts where !host.hasPrefix("/") { all.formUnion(await resolver.addresses(of: host) ?? []) }
        return WatchedAddresses.Endpoint(label: label, hosts: all, port: port)
    }
}

import Probes
import Transport

extension LostConnection {
    /// The configured targets that such a connection leads to.
    func targets(vault: [VaultClusterOptions], postgres: [PostgresServerOptions]) -> [ProbeTarget] {
        switch self {
        case .http(let origin):
            vault.flatMap { cluster in
                cluster.nodes.filter { LostConnection.isSame($0.url, origin) }.map {
                    ProbeTarget(.vaultNode, "\(cluster.name)/\($0.name)")
                }
            }
        case .postgres(let options):
            postgres.filter { $0.connection == options }.map(\.target)
        }
    }

    /// Whether a configured URL has this origin; either may omit the scheme's default port.
    static func isSame(_ url: String, _ origin: String) -> Bool { normal(url) == normal(origin) }

    private static func normal(_ url: String) -> String {
        let isTLS = url.hasPrefix("https://")
        let rest = url.dropFirst(isTLS ? 8 : 7)
        var host = String(rest.prefix { $0 != "/" }).lowercased()
        let port = host.split(separator: ":").last.map(String.init)
        if host.hasSuffix("]") || !host.contains(":") || port.flatMap({ Int($0) }) == nil {
            host += isTLS ? ":443" : ":80"
        }
        return (isTLS ? "https://" : "http://") + host
    }
}

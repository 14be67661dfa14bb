import Platform
import Transport

/// One Vault (or OpenBao) cluster to watch.
package struct VaultClusterOptions: Sendable, Hashable {
    /// One server of the cluster, reached directly and not through the load balancer.
    package struct Node: Sendable, Hashable {
        package var name: String
        /// `https://vault-1.internal:8200`, without a path.
        package var url: String

        package init(name: String, url: String) {
            self.name = name
            self.url = url
        }
    }

    /// Where the agent's own token comes from. Health, seal state and leader need none.
    package enum Authentication: Sendable, Hashable {
        case none
        /// A token kept fresh by somebody else, for instance Vault Agent's sink file.
        case token(Secret)
        /// - Parameter mount: where AppRole is mounted, `approle` by default.
        case appRole(roleID: Secret, secretID: Secret, mount: String)
    }

    package var name: String
    package var nodes: [Node]
    package var loadBalancerURL: String?
    package var tls = TLSOptions()
    /// Default: none. Then there is no canary, and telemetry only where Vault gives it without a token.
    package var authentication = Authentication.none
    /// Sent as `X-Vault-Namespace` with login and canary. Default: none.
    package var namespace: String?
    /// The API path of a secret that is there to be read, below `/v1/`: `secret/data/vaultwatch/canary` (KV v2) or
    /// `kv/vaultwatch/canary` (v1). Default: none, and no canary.
    package var canaryPath: String?
    /// Whether sys/metrics is read. Default: yes.
    package var telemetry = true
    /// Default 5 s.
    package var interval: Duration = .seconds(5)
    /// For each request. Default 4 s.
    package var timeout: Duration = .seconds(4)
    /// Between two readings of sys/metrics, at least `interval`. Default 15 s.
    package var telemetryInterval: Duration = .seconds(15)
    /// Largest answer of any endpoint but sys/metrics. Default 256 KiB.
    package var bodyLimitBytes = 256 << 10
    /// Largest page of sys/metrics. Default 8 MiB.
    package var telemetryLimitBytes = 8 << 20

    package init(name: String, nodes: [Node]) {
        self.name = name
        self.nodes = nodes
    }
}

package import Platform
package import Transport

/// One Vault (or OpenBao) cluster to watch.
package struct VaultClusterOptions: Sendable, Hashable {
    /// One server of the cluster, addressed directly and not through the load balancer.
    package struct Node: Sendable, Hashable {
        /// The value of the label `node`; unique in the cluster.
        package var name: String
        /// `https://vault-1.internal:8200`, without a path.
        package var url: String

        /// A node by name and URL.
        package init(name: String, url: String) {
            self.name = name
            self.url = url
        }
    }

    /// Where the agent's token comes from. Health, seal status and leader need none.
    package enum Authentication: Sendable, Hashable {
        /// No token.
        case none
        /// A token that another program renews, for instance in the sink file of Vault Agent.
        case token(Secret)
        /// Logs in with AppRole, mounted at `mount`.
        case appRole(roleID: Secret, secretID: Secret, mount: String)
    }

    /// The value of the label `cluster`; unique.
    package var name: String
    /// All servers of the cluster.
    package var nodes: [Node]
    /// Default: none.
    package var loadBalancerURL: String?
    /// The states of nodes that the load balancer may route to; others are a fault. Default: only active.
    package var loadBalancerAccepts: Set<VaultNodeState> = [.active]
    /// For the nodes and the load balancer.
    package var tls = TLSOptions()
    /// Default: none. Then there is no canary, and telemetry only if Vault serves it without a token.
    package var authentication = Authentication.none
    /// Sent as `X-Vault-Namespace` with login and canary. Default: none.
    package var namespace: String?
    /// The API path of the canary secret, without `/v1/`: `secret/data/vaultwatch/canary` (KV v2) or
    /// `kv/vaultwatch/canary` (v1). Default: none, and no canary.
    package var canaryPath: String?
    /// Whether sys/metrics is read. Default: yes.
    package var telemetry = true
    /// Time from one turn to the next. Default 5 s.
    package var interval: Duration = .seconds(5)
    /// Limit for each request. Default 4 s.
    package var timeout: Duration = .seconds(4)
    /// Time between two readings of sys/metrics, at least `interval`. Default 15 s.
    package var telemetryInterval: Duration = .seconds(15)
    /// The largest response of any endpoint except sys/metrics, in bytes. Default 256 KiB.
    package var bodyLimitBytes = 256 << 10
    /// Time between two requests for slowly changing facts: replication, rekeying, licence and the like. Default 60 s.
    package var factsInterval: Duration = .seconds(60)
    /// The largest page of sys/metrics, in bytes. Default 8 MiB.
    package var telemetryLimitBytes = 8 << 20

    /// A cluster with defaults for everything else.
    package init(name: String, nodes: [Node]) {
        self.name = name
        self.nodes = nodes
    }
}

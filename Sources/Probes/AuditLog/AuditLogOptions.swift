import Samples

/// The audit logs of one Vault node, as its file device writes them. Of several devices of a node one is enough: each has
/// every event.
package struct AuditLogOptions: Sendable, Hashable {
    /// The Vault cluster's name.
    package var cluster: String
    /// The node's name; nil for logs that several nodes share.
    package var node: String?
    /// Absolute paths or shell patterns; rotated and compressed files are left out.
    package var paths: [String]
    /// Tell the tenant from a secret's path. Default: none.
    package var tenantPatterns: [TenantPattern] = []
    /// Secrets whose reads are counted by path, without what KV version 2 inserts; at most `listedLimit`.
    package var listedPaths: [String] = []
    /// What is not counted as events.
    package var exclusions: [AuditExclusion] = []
    /// The number of different secrets that one client may read in `massReadWindow`. Default 100.
    package var massReads = 100
    /// Time from one reading to the next. Default 5 s.
    package var interval: Duration = .seconds(5)
    /// Limit for one reading. Default 4 s.
    package var timeout: Duration = .seconds(4)

    /// Maximum number of listed paths, each of which is a series.
    package static let listedLimit = 64
    /// Over so much time the reads of each client are counted.
    package static let massReadWindow = Duration.seconds(600)

    /// The logs of a node, or of a whole cluster.
    package init(cluster: String, node: String?, paths: [String]) {
        self.cluster = cluster
        self.node = node
        self.paths = paths
    }

    /// The target's name: `cluster/node`, or the cluster's.
    package var name: String { node.map { "\(cluster)/\($0)" } ?? cluster }
}

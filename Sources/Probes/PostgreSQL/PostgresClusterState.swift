import Platform
import Samples
import Text

/// The state of a PostgreSQL cluster, derived from its servers: the primary, its WAL position, the streaming replicas.
struct PostgresClusterState: Sendable {
    /// Number of observations so far.
    private(set) var version: UInt64 = 0
    /// What one probe saw of a server.
    struct Observation: Sendable {
        var isUp: Bool
        /// It responds but refuses the agent's connection: its role is unknown.
        var isRefusing = false
        var inRecovery: Bool?
        /// WAL position in bytes.
        var position: Double?
        var streamingReplicas: Int?
        /// A replica that gets its write-ahead log only from an archive.
        var isArchiveFed = false
        var moment: Moment
    }

    /// Replication as the replica sees it.
    struct Replica: Sendable, Hashable {
        var isStreaming: Bool
        /// Seconds since the last message from the primary; nil if there was none.
        var messageAge: Double?
        /// wal_receiver_timeout in seconds; 0 means none.
        var receiverTimeout: Double?
        /// WAL position replayed, in bytes.
        var position: Double?
        /// The primary's WAL position as last reported to the receiver, in bytes.
        var reportedPosition: Double?
        /// Seconds since the commit of the last replayed transaction.
        var replayAge: Double?
        /// `recovery_min_apply_delay` in seconds.
        var applyDelay = 0.0
    }

    /// The lag of a replica; nil if unknown.
    struct Lag: Sendable, Hashable {
        var seconds: Double?
        var bytes: Double?
        var lastSync: Timestamp?
    }

    let servers: [String]
    private let configuredReplicas: Int?
    private var seen: [String: Observation] = [:]
    private var lastRole: [String: Bool] = [:]
    private var roleChanges: [String: Int] = [:]
    private var lastSync: [String: Moment] = [:]

    init(servers: [String], expectedReplicas: Int?) {
        self.servers = servers
        configuredReplicas = expectedReplicas
    }

    /// As configured; otherwise all servers but one, without those fed from an archive, which do not stream.
    var expectedReplicas: Int {
        configuredReplicas ?? max(0, servers.count - 1 - servers.count { seen[$0]?.isArchiveFed == true })
    }

    /// Replicas that stream from any server, since replication may be cascading; nil while the number is unknown on
    /// every primary.
    private var streamingReplicas: Int? {
        guard primaries.contains(where: { seen[$0]?.streamingReplicas != nil }) else { return nil }
        return servers.filter { seen[$0]?.isUp == true }.compactMap { seen[$0]?.streamingReplicas }.reduce(0, +)
    }

    /// - Returns: whether the server went up or down or changed its role.
    mutating func observe(_ observation: Observation, of server: String) -> Bool {
        version += 1
        let before = seen[server]
        seen[server] = observation
        var changed = before.map { $0.isUp != observation.isUp } ?? false
        if let role = observation.inRecovery {
            if let last = lastRole[server], last != role {
                roleChanges[server, default: 0] += 1
                changed = true
            }
            lastRole[server] = role
        }
        return changed
    }

    func roleChanges(of server: String) -> Int { roleChanges[server] ?? 0 }

    private var primaries: [String] { servers.filter { seen[$0]?.isUp == true && seen[$0]?.inRecovery == false } }

    /// The primary's WAL position: its own answer or, if the primary is not configured, the one that it reported to the
    /// replica. Unknown if a configured primary does not answer, since its last report may be outdated.
    private func primaryPosition(reported: Double?) -> Double? {
        let highest = primaries.compactMap { seen[$0]?.position }.max()
        if let highest { return highest }
        let isConfigured = servers.contains { lastRole[$0] == false }
        return isConfigured ? nil : reported
    }

    /// A replica's lag: 0 only if it streams, its last message is recent and it has replayed everything that the
    /// primary has written. Otherwise the age of the last replayed transaction, but at most the time since it was last
    /// in sync.
    mutating func lag(of server: String, _ replica: Replica, now: Moment) -> Lag {
        let primary = primaryPosition(reported: replica.reportedPosition)
        let timeout = replica.receiverTimeout.flatMap { $0 > 0 ? $0 : nil } ?? 60
        let isFresh = replica.messageAge.map { $0 <= timeout } ?? false
        var lag = Lag()
        if let primary, let own = replica.position { lag.bytes = max(0, primary - own) }
        if replica.isStreaming, isFresh, lag.bytes == 0 {
            lastSync[server] = now
            lag.seconds = 0
        } else {
            let sinceSync = lastSync[server].map { (now.monotonic - $0.monotonic).seconds }
            lag.seconds = [replica.replayAge.map { max(0, $0) }, sinceSync].compactMap { $0 }.min()
        }
        lag.lastSync = lastSync[server]?.wall
        return lag
    }

    /// Whether every server has been probed once; nothing is derived before that.
    var isComplete: Bool { servers.allSatisfy { seen[$0] != nil } }

    func samples(cluster: String, at now: Timestamp) -> SampleSet {
        var set = SampleSet(["cluster": cluster], at: now)
        guard isComplete else { return set }
        set.add("postgres_cluster_servers", servers.count)
        set.add("postgres_cluster_servers_up", servers.count { seen[$0]?.isUp == true })
        let primaries = primaries
        // The primary may be a server that refuses the agent.
        let isKnown = !primaries.isEmpty || !servers.contains { seen[$0]?.isRefusing == true }
        if isKnown { set.add("postgres_cluster_primaries", primaries.count) }
        for server in primaries { set.add("postgres_cluster_primary_info", 1, ["server": server]) }
        set.add("postgres_cluster_expected_replicas", expectedReplicas)
        set.add("postgres_cluster_streaming_replicas", streamingReplicas.map(Double.init))
        return set
    }

    var targetStatus: TargetStatus {
        guard isComplete else {
            return TargetStatus(.unknown, "waiting", detail: "not every server has been probed yet")
        }
        let up = servers.count { seen[$0]?.isUp == true }
        let streaming = streamingReplicas ?? 0
        let detail = "\(up) of \(servers.count) servers up, \(streaming) of \(expectedReplicas) replicas streaming"
        switch primaries.count {
        case 0 where servers.contains { seen[$0]?.isRefusing == true }:
            return TargetStatus(.unknown, "primary unknown", detail: "\(detail); a server does not let the agent in")
        case 0: return TargetStatus(.critical, "no primary", detail: detail)
        case 1:
            return TargetStatus(
                streaming < expectedReplicas || up < servers.count ? .warning : .ok, "primary: \(primaries[0])",
                detail: detail)
        default: return TargetStatus(.critical, "several primaries", detail: primaries.joined(separator: ", "))
        }
    }
}

import Platform
import Samples

/// What the servers of one cluster amount to together: who is the primary, where its log stands, who streams.
struct PostgresClusterState: Sendable {
    /// One server at one time.
    struct Observation: Sendable {
        var isUp: Bool
        var inRecovery: Bool?
        /// Position in the write-ahead log, bytes.
        var position: Double?
        var streamingReplicas: Int?
        var moment: Moment
    }

    /// A replica's own view.
    struct Replica: Sendable, Hashable {
        var isStreaming: Bool
        /// Seconds since the primary was last heard; nil when never.
        var messageAge: Double?
        /// wal_receiver_timeout, seconds; 0 is none.
        var patience: Double?
        /// Replayed so far, bytes.
        var position: Double?
        /// The primary's position as it last told the receiver, bytes.
        var toldPosition: Double?
        /// Seconds since the commit of the last replayed transaction.
        var replayAge: Double?
    }

    /// What a replica's lag comes to.
    struct Lag: Sendable, Hashable {
        var seconds: Double?
        var bytes: Double?
        var lastSync: Timestamp?
    }

    let servers: [String]
    let expectedReplicas: Int
    private var seen: [String: Observation] = [:]
    private var lastRole: [String: Bool] = [:]
    private var roleChanges: [String: Int] = [:]
    private var lastSync: [String: Moment] = [:]

    init(servers: [String], expectedReplicas: Int?) {
        self.servers = servers
        self.expectedReplicas = expectedReplicas ?? max(0, servers.count - 1)
    }

    /// - Returns: whether the server is another than before: up or down, or in another role.
    mutating func observe(_ observation: Observation, of server: String) -> Bool {
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

    /// The primary's position: as it said itself, or as it told the replica where the primary is none of ours.
    /// A primary of ours that doesn't answer leaves it unknown: what it told last proves nothing.
    private func primaryPosition(told: Double?) -> Double? {
        let highest = primaries.compactMap { seen[$0]?.position }.max()
        if let highest { return highest }
        let wasOurs = servers.contains { lastRole[$0] == false }
        return wasOurs ? nil : told
    }

    /// A replica's lag: none only when it streams, heard the primary lately, and has replayed all that the primary
    /// wrote. Otherwise the age of the last replayed transaction, and at most the time since it was last without lag.
    mutating func lag(of server: String, _ replica: Replica, now: Moment) -> Lag {
        let primary = primaryPosition(told: replica.toldPosition)
        let patience = replica.patience.flatMap { $0 > 0 ? $0 : nil } ?? 60
        let isFresh = replica.messageAge.map { $0 <= patience } ?? false
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

    /// Nothing is said before every server was asked once.
    var isComplete: Bool { servers.allSatisfy { seen[$0] != nil } }

    func samples(cluster: String, at now: Timestamp) -> SampleSet {
        var set = SampleSet(["cluster": cluster], at: now)
        guard isComplete else { return set }
        set.add("postgres_cluster_servers", servers.count)
        set.add("postgres_cluster_servers_up", servers.count { seen[$0]?.isUp == true })
        let primaries = primaries
        set.add("postgres_cluster_primaries", primaries.count)
        for server in primaries { set.add("postgres_cluster_primary_info", 1, ["server": server]) }
        set.add("postgres_cluster_expected_replicas", expectedReplicas)
        let streaming = primaries.compactMap { seen[$0]?.streamingReplicas }
        if !streaming.isEmpty { set.add("postgres_cluster_streaming_replicas", streaming.reduce(0, +)) }
        return set
    }

    var targetStatus: TargetStatus {
        guard isComplete else { return TargetStatus(.unknown, "waiting", detail: "not every server was asked yet") }
        let up = servers.count { seen[$0]?.isUp == true }
        let streaming = primaries.compactMap { seen[$0]?.streamingReplicas }.reduce(0, +)
        let detail = "\(up) of \(servers.count) servers up, \(streaming) of \(expectedReplicas) replicas streaming"
        switch primaries.count {
        case 0: return TargetStatus(.critical, "no primary", detail: detail)
        case 1:
            return TargetStatus(
                streaming < expectedReplicas || up < servers.count ? .warning : .ok, "primary: \(primaries[0])",
                detail: detail)
        default: return TargetStatus(.critical, "several primaries", detail: primaries.joined(separator: ", "))
        }
    }
}

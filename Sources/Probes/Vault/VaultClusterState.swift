import Platform
import Samples
import Text

/// The state of a Vault cluster, derived from all its nodes: which one is active, whether they agree, how many more may
/// fail, how long a failover took. Pure: time comes with the observations.
struct VaultClusterState: Sendable {
    /// Number of observations so far.
    private(set) var version: UInt64 = 0
    /// Number of changes of the nodes' states so far.
    private(set) var changes: UInt64 = 0
    /// The latest observation of a node.
    private struct Seen: Sendable {
        var observation: VaultObservation
        /// When the current unbroken series of active observations began.
        var activeFrom: Instant?
    }

    /// What changed with an observation.
    enum Change: Sendable, Hashable {
        case none
        /// The node's state changed; the other nodes' may have too.
        case state(of: String)
    }

    /// What of an observation the cluster's state is derived from, but for times and the clock's skew.
    private struct Facts: Equatable {
        let state: VaultNodeState
        let version: String?
        let clusterID: String?
        let storageType: String?
        let haEnabled: Bool?
        let leaderAddress: String?
        let hidesLeader: Bool
        let activeSince: Timestamp?
        let replicationDRMode: String?
        let replicationPerformanceMode: String?

        init(_ observation: VaultObservation) {
            state = observation.state
            version = observation.version
            clusterID = observation.clusterID
            storageType = observation.seal?.storageType
            haEnabled = observation.leader?.haEnabled
            leaderAddress = observation.leader?.leaderAddress
            hidesLeader = observation.hidesLeader
            activeSince = observation.leader?.activeSince
            replicationDRMode = observation.health?.replicationDRMode
            replicationPerformanceMode = observation.health?.replicationPerformanceMode
        }
    }

    let cluster: String
    let nodes: [String]
    private let started: Moment
    private var seen: [String: Seen] = [:]
    /// When the state was last derived; nil if it has changed since.
    private var derivedAt: Instant?
    /// The last active node, and when it was last observed to be active.
    private var lastActive: (node: String, at: Moment)?
    /// `active_time` of sys/leader, as an active node last reported it.
    private var lastElection: (node: String, since: Timestamp)?
    private(set) var failovers = 0
    private(set) var elections = 0
    private(set) var lastFailover: (duration: Duration, at: Timestamp)?
    /// The last period without an active node, whichever node ended it.
    private(set) var lastOutage: (duration: Duration, at: Timestamp)?
    /// Whether no node has been active since the last one was.
    private var isOutage = false
    /// The mode of each kind of replication, `dr` and `performance`, as an unsealed node last reported it.
    private(set) var replicationModes: [String: String] = [:]

    init(cluster: String, nodes: [String], started: Moment) {
        self.cluster = cluster
        self.nodes = nodes
        self.started = started
    }

    /// Adds an observation of a node. One that is older than the latest is ignored.
    mutating func observe(_ observation: VaultObservation, of node: String) -> Change {
        version += 1
        guard nodes.contains(node) else { return .none }
        let before = seen[node]
        if let before, before.observation.moment.monotonic > observation.moment.monotonic { return .none }
        let isActive = observation.state == .active
        let activeFrom = isActive ? before?.activeFrom ?? observation.moment.monotonic : nil
        seen[node] = Seen(observation: observation, activeFrom: activeFrom)
        if before.map({ Facts($0.observation) }) != Facts(observation) {
            derivedAt = nil
        } else if !isActive {
            // Nothing below changes.
            return .none
        }
        let active = activeNodes
        if active == [node] { record(node, observation) }
        if active.isEmpty, lastActive != nil { isOutage = true }
        if let mode = observation.health?.replicationDRMode { replicationModes["dr"] = mode }
        if let mode = observation.health?.replicationPerformanceMode { replicationModes["performance"] = mode }
        if observation.state == .drSecondary { replicationModes["dr"] = "secondary" }
        guard let before else { return .none }
        if before.observation.state == observation.state { return .none }
        changes += 1
        return .state(of: node)
    }

    /// The node still is what its latest observation says, so that a failover is measured from the last time at which the
    /// active node was seen to be.
    mutating func reaffirm(_ node: String, at moment: Moment) {
        guard let known = seen[node], known.observation.moment.monotonic < moment.monotonic else { return }
        seen[node]?.observation.moment = moment
        if lastActive?.node == node, activeNodes == [node] { lastActive = (node, moment) }
    }

    /// Notes that the state is derived now, if it is to be: it has changed, grows with time, or was not derived for this
    /// long. With many nodes it would else be derived far more often than each of them is probed.
    /// - Returns: whether it is to be; true only once for each change.
    mutating func beginDerivation(now: Instant, every interval: Duration) -> Bool {
        // The last that was seen to be active is.
        let hasActive = seen.values.contains { $0.activeFrom != nil }
        if let derivedAt, now - derivedAt < interval, hasActive { return false }
        derivedAt = now
        return true
    }

    private mutating func record(_ node: String, _ observation: VaultObservation) {
        if let last = lastActive, last.node != node {
            failovers += 1
            lastFailover = (observation.moment.monotonic - last.at.monotonic, observation.moment.wall)
        }
        if let last = lastActive, isOutage || last.node != node {
            lastOutage = (observation.moment.monotonic - last.at.monotonic, observation.moment.wall)
        }
        isOutage = false
        let since = observation.leader?.activeSince
        if let since {
            if let known = lastElection, known.node != node || known.since != since { elections += 1 }
            lastElection = (node, since)
        } else if let last = lastActive, last.node != node {
            elections += 1
            lastElection = nil
        }
        lastActive = (node, observation.moment)
    }

    /// Whether every node has been probed once; nothing is derived before that, since missing nodes would look like an
    /// outage.
    var isComplete: Bool { nodes.allSatisfy { seen[$0] != nil } }

    /// The active nodes, sorted. Nodes are not probed at the same instant: a node that was last seen active before
    /// another became active may have stepped down meanwhile, and does not count until it is seen active again.
    var activeNodes: [String] {
        let claims = seen.filter { $0.value.activeFrom != nil }
        return claims.filter { name, claim in
            claims.allSatisfy { other, rival in
                guard other != name, let from = rival.activeFrom else { return true }
                return claim.observation.moment.monotonic >= from
            }
        }.map(\.key).sorted()
    }

    /// The cluster id that the nodes report; nil when there is none or they differ.
    var clusterID: String? {
        let ids = Set(seen.values.compactMap(\.observation.clusterID))
        return ids.count == 1 ? ids.first : nil
    }

    /// The storage type that the nodes report, `raft` or another; nil until one does.
    var storageType: String? { nodes.lazy.compactMap { seen[$0]?.observation.seal?.storageType }.first }

    /// Whether a node's latest answer is that its storage fails.
    var hasStorageError: Bool { seen.values.contains { $0.observation.state == .storageError } }

    /// Whether the cluster is a disaster recovery secondary, even while none of its nodes answers.
    var isDRSecondary: Bool { replicationModes["dr"] == "secondary" }

    /// The latest observation of a node.
    func observation(of node: String) -> VaultObservation? { seen[node]?.observation }

    /// The leader addresses that unsealed nodes report, and whether the nodes agree; nil if they hide addresses, so
    /// that it is unknown.
    private var reportedLeaders: (addresses: Set<String>, agree: Bool?) {
        var addresses: Set<String> = []
        var hidden = 0
        var silent = 0
        for case let observation? in nodes.map({ seen[$0]?.observation }) where observation.state.reportsLeader {
            guard let leader = observation.leader, leader.haEnabled != false else { continue }
            if let address = leader.leaderAddress {
                addresses.insert(VaultClusterState.normalised(address))
            } else if observation.hidesLeader {
                hidden += 1
            } else {
                silent += 1
            }
        }
        switch addresses.count {
        // If the active node itself hides its address, its standbys do too.
        case 0: return ([], hidden > 0 ? nil : false)
        case 1: return (addresses, silent == 0)
        default: return (addresses, false)
        }
    }

    private static func normalised(_ address: String) -> String {
        var text = address.lowercased()
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// How many usable nodes the cluster needs: a majority with integrated storage, one with any other.
    var quorumSize: Int { storageType == "raft" ? nodes.count / 2 + 1 : 1 }
    var usableCount: Int {
        seen.values.count { [.active, .drSecondary].contains($0.observation.state) } + standbyCount
    }
    /// Nodes that can take over. When the active node is gone every standby is cut off from it, but one of them still
    /// takes over.
    private var standbyCount: Int {
        let storage = storageType
        let isLeaderless = activeNodes.isEmpty
        return seen.values.count {
            $0.observation.canTakeOver(storage: storage) || isLeaderless && $0.observation.state == .cutOff
        }
    }

    /// The cluster's metrics; empty until every node has been probed.
    /// - Parameter previous: the series that they were the last time.
    func samples(at now: Moment, previous: [Labels] = []) -> SampleSet {
        var set = SampleSet(["cluster": cluster], at: now.wall, previous: previous)
        guard isComplete else { return set }
        let observations = nodes.compactMap { seen[$0]?.observation }
        let active = activeNodes
        let leaders = reportedLeaders
        set.add("vault_cluster_configured_nodes", nodes.count)
        for state in VaultNodeState.allCases {
            set.add("vault_cluster_nodes", observations.count { $0.state == state }, ["state": state.rawValue])
        }
        set.add("vault_cluster_active_nodes", active.count)
        set.add("vault_cluster_standby_nodes", standbyCount)
        set.add("vault_cluster_usable_nodes", usableCount)
        set.add("vault_cluster_quorum_size", quorumSize)
        set.add("vault_cluster_quorum_margin", usableCount - quorumSize)
        for node in active { set.add("vault_cluster_active_info", 1, ["node": node]) }
        let hasNoHA = !observations.isEmpty && observations.allSatisfy { $0.leader?.haEnabled == false }
        set.add(
            "vault_cluster_leader_agreement",
            hasNoHA ? active.count == 1 : leaders.agree)
        set.add("vault_cluster_named_leaders", leaders.addresses.count)
        set.add("vault_cluster_versions", Set(observations.compactMap(\.version)).count)
        set.add("vault_cluster_ids", Set(observations.compactMap(\.clusterID)).count)
        let skews = observations.compactMap(\.clockSkew)
        if let low = skews.min(), let high = skews.max() { set.add("vault_cluster_clock_spread_seconds", high - low) }
        set.add("vault_cluster_dr_secondary", isDRSecondary)
        for (kind, mode) in replicationModes.sorted(by: { $0.key < $1.key }) {
            for known in VaultClusterState.modes {
                set.add("vault_cluster_replication_mode", mode == known, ["kind": kind, "mode": known])
            }
        }
        set.add("vault_cluster_leaderless_seconds", leaderless(at: now.monotonic).seconds)
        set.add("vault_cluster_failovers_total", failovers)
        set.add("vault_cluster_elections_total", elections)
        if let lastFailover {
            set.add("vault_cluster_last_failover_duration_seconds", lastFailover.duration.seconds)
            set.add("vault_cluster_last_failover_timestamp_seconds", lastFailover.at)
        }
        if let lastOutage {
            set.add("vault_cluster_last_outage_duration_seconds", lastOutage.duration.seconds)
            set.add("vault_cluster_last_outage_timestamp_seconds", lastOutage.at)
        }
        return set
    }

    private static let modes = ["disabled", "primary", "secondary", "bootstrapping"]

    private func leaderless(at now: Instant) -> Duration {
        activeNodes.isEmpty ? now - (lastActive?.at ?? started).monotonic : .zero
    }

    /// The cluster's row of the status table.
    func targetStatus(at now: Moment) -> TargetStatus {
        guard isComplete else { return TargetStatus(.unknown, "waiting", detail: "not every node has been probed yet") }
        let active = activeNodes
        let standbys = standbyCount
        let margin = usableCount - quorumSize
        var detail = "\(usableCount) of \(Words.count(nodes.count, "node")) usable"
        // If too few nodes are left, or none leads, the margin is irrelevant.
        if margin < 0 {
            if usableCount > 0 { detail += ", \(quorumSize) needed" }
        } else if !active.isEmpty || isDRSecondary {
            detail += ", \(margin) may still fail"
        }
        switch active.count {
        case 0 where isDRSecondary:
            return TargetStatus(usableCount < nodes.count ? .warning : .ok, "dr secondary", detail: detail)
        case 0:
            return TargetStatus(
                .critical, "no active node",
                detail: "for \(Words.duration(leaderless(at: now.monotonic).seconds.rounded(.down))); \(detail)")
        case 1:
            let short = nodes.count > 1 && (standbys == 0 || usableCount < nodes.count)
            return TargetStatus(short ? .warning : .ok, "active: \(active[0])", detail: detail)
        default: return TargetStatus(.critical, "split brain", detail: "active: \(active.joined(separator: ", "))")
        }
    }
}

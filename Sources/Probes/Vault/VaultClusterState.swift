import Platform
import Samples

/// The truth about a cluster, derived from what all its nodes say: who is active, whether they agree, how much more
/// may fail, how long a failover took. A value that takes observations and gives facts; no clock of its own.
struct VaultClusterState: Sendable {
    /// What a node was last seen to be.
    private struct Seen: Sendable {
        var observation: VaultObservation
        /// First answer of the present unbroken run of active ones.
        var activeFrom: Instant?
    }

    /// What changed with an observation, for whoever wants to look again.
    enum Change: Sendable, Hashable {
        case none
        /// The node is in another state than before: the others may be too.
        case state(of: String)
    }

    let cluster: String
    let nodes: [String]
    private let started: Moment
    private var seen: [String: Seen] = [:]
    /// The last node that was seen active, and when last.
    private var lastActive: (node: String, at: Moment)?
    /// sys/leader's active_time as last told by an active node.
    private var lastElection: (node: String, since: Timestamp)?
    private(set) var failovers = 0
    private(set) var elections = 0
    private(set) var lastFailover: (duration: Duration, at: Timestamp)?

    init(cluster: String, nodes: [String], started: Moment) {
        self.cluster = cluster
        self.nodes = nodes
        self.started = started
    }

    /// Takes what one node said. An observation older than the one known is left aside.
    mutating func observe(_ observation: VaultObservation, of node: String) -> Change {
        guard nodes.contains(node) else { return .none }
        let before = seen[node]
        if let before, before.observation.moment.monotonic > observation.moment.monotonic { return .none }
        let isActive = observation.state == .active
        let activeFrom = isActive ? before?.activeFrom ?? observation.moment.monotonic : nil
        seen[node] = Seen(observation: observation, activeFrom: activeFrom)
        if activeNodes == [node] { record(node, observation) }
        guard let before else { return .none }
        return before.observation.state == observation.state ? .none : .state(of: node)
    }

    private mutating func record(_ node: String, _ observation: VaultObservation) {
        if let last = lastActive, last.node != node {
            failovers += 1
            lastFailover = (observation.moment.monotonic - last.at.monotonic, observation.moment.wall)
        }
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

    /// Nothing is said of the cluster before every node was asked once: half a picture looks like an outage.
    var isComplete: Bool { nodes.allSatisfy { seen[$0] != nil } }

    /// Nodes that are active, sorted. Nodes are not asked at one instant: a node whose claim is older than another's
    /// first one may have stepped down in between, and does not count until it repeats the claim.
    var activeNodes: [String] {
        let claims = seen.filter { $0.value.activeFrom != nil }
        return claims.filter { name, claim in
            claims.allSatisfy { other, rival in
                guard other != name, let from = rival.activeFrom else { return true }
                return claim.observation.moment.monotonic >= from
            }
        }.map(\.key).sorted()
    }

    /// The cluster id that the nodes name; nil when none or several do.
    var clusterID: String? {
        let ids = Set(seen.values.compactMap(\.observation.clusterID))
        return ids.count == 1 ? ids.first : nil
    }

    /// The storage that the nodes name, `raft` or another; nil until one does.
    var storageType: String? { nodes.lazy.compactMap { seen[$0]?.observation.seal?.storageType }.first }

    /// The addresses that unsealed nodes name as their leader, and whether each named one.
    private var leaderOpinions: (addresses: Set<String>, everyoneKnows: Bool) {
        var addresses: Set<String> = []
        var everyoneKnows = true
        var asked = 0
        for case let observation? in nodes.map({ seen[$0]?.observation }) where observation.state.hasOpinionOnLeader {
            guard let leader = observation.leader, leader.haEnabled != false else { continue }
            asked += 1
            if let address = leader.leaderAddress {
                addresses.insert(VaultClusterState.normalised(address))
            } else {
                everyoneKnows = false
            }
        }
        return (addresses, everyoneKnows && asked > 0)
    }

    private static func normalised(_ address: String) -> String {
        var text = address.lowercased()
        while text.hasSuffix("/") { text.removeLast() }
        return text
    }

    /// Usable nodes needed: a majority on integrated storage; elsewhere the storage decides and one node serves.
    var quorumSize: Int { storageType == "raft" ? nodes.count / 2 + 1 : 1 }
    var usableCount: Int { seen.values.count { $0.observation.state.isUsable } }

    /// The facts, once every node was asked.
    func samples(at now: Moment) -> SampleSet {
        var set = SampleSet(["cluster": cluster], at: now.wall)
        guard isComplete else { return set }
        let observations = nodes.compactMap { seen[$0]?.observation }
        let active = activeNodes
        let opinions = leaderOpinions
        set.add("vault_cluster_configured_nodes", nodes.count)
        for state in VaultNodeState.allCases {
            set.add("vault_cluster_nodes", observations.count { $0.state == state }, ["state": state.rawValue])
        }
        set.add("vault_cluster_active_nodes", active.count)
        set.add("vault_cluster_standby_nodes", observations.count { $0.state.isReadyStandby })
        set.add("vault_cluster_usable_nodes", usableCount)
        set.add("vault_cluster_quorum_size", quorumSize)
        set.add("vault_cluster_quorum_margin", usableCount - quorumSize)
        for node in active { set.add("vault_cluster_active_info", 1, ["node": node]) }
        let hasNoHA = !observations.isEmpty && observations.allSatisfy { $0.leader?.haEnabled == false }
        set.add(
            "vault_cluster_leader_agreement",
            hasNoHA ? active.count == 1 : opinions.everyoneKnows && opinions.addresses.count == 1)
        set.add("vault_cluster_named_leaders", opinions.addresses.count)
        set.add("vault_cluster_versions", Set(observations.compactMap(\.version)).count)
        set.add("vault_cluster_ids", Set(observations.compactMap(\.clusterID)).count)
        let skews = observations.compactMap(\.clockSkew)
        if let low = skews.min(), let high = skews.max() { set.add("vault_cluster_clock_spread_seconds", high - low) }
        set.add("vault_cluster_leaderless_seconds", leaderless(at: now.monotonic).seconds)
        set.add("vault_cluster_failovers_total", failovers)
        set.add("vault_cluster_elections_total", elections)
        if let lastFailover {
            set.add("vault_cluster_last_failover_duration_seconds", lastFailover.duration.seconds)
            set.add("vault_cluster_last_failover_timestamp_seconds", lastFailover.at)
        }
        return set
    }

    private func leaderless(at now: Instant) -> Duration {
        activeNodes.isEmpty ? now - (lastActive?.at ?? started).monotonic : .zero
    }

    /// A row of the status table.
    func targetStatus(at now: Moment) -> TargetStatus {
        guard isComplete else { return TargetStatus(.unknown, "waiting", detail: "not every node was asked yet") }
        let active = activeNodes
        let standbys = nodes.count { seen[$0]?.observation.state.isReadyStandby == true }
        let detail = "\(usableCount) of \(nodes.count) nodes usable, \(max(0, usableCount - quorumSize)) may still fail"
        switch active.count {
        case 0:
            return TargetStatus(
                .critical, "no active node",
                detail: "for \(leaderless(at: now.monotonic).milliseconds / 1000) s; \(detail)")
        case 1:
            let short = nodes.count > 1 && (standbys == 0 || usableCount < nodes.count)
            return TargetStatus(short ? .warning : .ok, "active: \(active[0])", detail: detail)
        default: return TargetStatus(.critical, "split brain", detail: "active: \(active.joined(separator: ", "))")
        }
    }
}

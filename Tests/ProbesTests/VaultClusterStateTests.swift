import Platform
import Samples
import Testing
import Transport

@testable import Probes

struct VaultClusterStateTests {
    private let nodes = ["a", "b", "c"]

    private func cluster() -> VaultClusterState { VaultClusterState(cluster: "main", nodes: nodes, started: moment(0)) }

    private func leader(_ name: String?, isSelf: Bool = false, since: String = "0001-01-01T00:00:00Z") -> HTTPResponse {
        json(
            200,
            #"{"ha_enabled":true,"is_self":\#(isSelf),"active_time":"\#(since)","leader_address":"\#(name.map { "https://\($0):8200" } ?? "")"}"#
        )
    }

    private func active(_ name: String, since: String = "2026-11-23T20:42:52Z", at time: Double) -> VaultObservation {
        observation(
            json(200, #"{"initialized":true,"sealed":false,"standby":false,"version":"1.8.0"}"#),
            leader: leader(name, isSelf: true, since: since), at: time)
    }

    private func standby(of name: String?, at time: Double) -> VaultObservation {
        observation(
            json(429, #"{"initialized":true,"sealed":false,"standby":true,"version":"1.8.0"}"#), leader: leader(name),
            at: time)
    }

    private func sealed(at time: Double) -> VaultObservation {
        observation(json(503, #"{"initialized":true,"sealed":true,"standby":true}"#), at: time)
    }

    private func dead(at time: Double) -> VaultObservation {
        let failed = Exchange.failure(TransportError(.connect, "refused"))
        return VaultObservation(health: failed, seal: failed, leader: failed, asked: moment(time))
    }

    private func facts(_ state: VaultClusterState, at time: Double) -> [Sample] {
        state.samples(at: moment(time)).samples
    }

    @Test func nothingIsSaidBeforeEveryNodeWasAsked() {
        var state = cluster()
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        #expect(facts(state, at: 2).isEmpty)
        #expect(state.targetStatus(at: moment(2)).health == .unknown)
        _ = state.observe(dead(at: 1), of: "c")
        #expect(facts(state, at: 2).value("vault_cluster_active_nodes") == 1)
    }

    @Test func aHealthyCluster() {
        var state = cluster()
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        _ = state.observe(standby(of: "a", at: 1), of: "c")
        let facts = facts(state, at: 2)
        #expect(facts.value("vault_cluster_active_info", ["node": "a"]) == 1)
        #expect(facts.value("vault_cluster_standby_nodes") == 2)
        #expect(facts.value("vault_cluster_leader_agreement") == 1)
        #expect(facts.value("vault_cluster_quorum_margin") == 2)
        #expect(facts.value("vault_cluster_versions") == 1)
        #expect(facts.value("vault_cluster_leaderless_seconds") == 0)
        #expect(facts.value("vault_cluster_failovers_total") == 0)
        #expect(!facts.has("vault_cluster_last_failover_duration_seconds"))
        #expect(
            state.targetStatus(at: moment(2))
                == TargetStatus(.ok, "active: a", detail: "3 of 3 nodes usable, 2 may still fail"))
    }

    /// Where no node is left nobody asks how many more may fail.
    @Test func aTotalOutageInOneLine() {
        var state = cluster()
        for name in ["a", "b", "c"] { _ = state.observe(dead(at: 1), of: name) }
        let status = state.targetStatus(at: moment(48))
        #expect(status.health == .critical && status.state == "no active node")
        #expect(status.detail.hasSuffix(" s; 0 of 3 nodes usable"), "\(status.detail)")
    }

    /// Nor where a majority is gone, or where nobody leads: the first failure has been one too many.
    @Test func anOutageWithNodesLeft() {
        var state = cluster()
        let seal = json(200, #"{"initialized":true,"sealed":false,"storage_type":"raft"}"#)
        let left = json(429, #"{"initialized":true,"sealed":false,"standby":true}"#)
        _ = state.observe(observation(left, seal: seal), of: "a")
        for name in ["b", "c"] { _ = state.observe(dead(at: 1), of: name) }
        let lost = state.targetStatus(at: moment(48))
        #expect(lost.state == "no active node" && lost.detail.hasSuffix(" s; 1 of 3 nodes usable, 2 needed"), "\(lost)")
        state = cluster()
        for name in nodes { _ = state.observe(standby(of: nil, at: 1), of: name) }
        let leaderless = state.targetStatus(at: moment(48))
        #expect(leaderless.detail.hasSuffix(" s; 3 of 3 nodes usable"), "\(leaderless)")
    }

    @Test func failoverIsMeasuredFromLastActiveToNewActive() {
        var state = cluster()
        for node in ["b", "c"] { _ = state.observe(standby(of: "a", at: 1), of: node) }
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(active("a", at: 6), of: "a")
        #expect(state.observe(dead(at: 11), of: "a") == .state(of: "a"))
        _ = state.observe(standby(of: "a", at: 11), of: "b")
        #expect(facts(state, at: 12).value("vault_cluster_active_nodes") == 0)
        #expect(facts(state, at: 12).value("vault_cluster_leaderless_seconds") == 6)
        // The other nodes still report the dead node as leader, so agreement alone does not mean health.
        #expect(facts(state, at: 12).value("vault_cluster_leader_agreement") == 1)
        _ = state.observe(active("b", since: "2026-11-23T21:00:00Z", at: 20.5), of: "b")
        let after = facts(state, at: 21)
        #expect(after.value("vault_cluster_failovers_total") == 1)
        #expect(after.value("vault_cluster_elections_total") == 1)
        #expect(after.value("vault_cluster_last_failover_duration_seconds") == 14.5)
        #expect(after.value("vault_cluster_active_info", ["node": "b"]) == 1)
        #expect(after.value("vault_cluster_leader_agreement") == 0)
    }

    @Test func theSameNodeElectedAgainIsNoFailover() {
        var state = cluster()
        for node in ["b", "c"] { _ = state.observe(standby(of: "a", at: 1), of: node) }
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(active("a", since: "2026-11-23T21:00:00Z", at: 6), of: "a")
        #expect(state.failovers == 0 && state.elections == 1)
    }

    /// The only node restarts, or it is the same one that is unsealed: an outage, and no failover.
    @Test func anOutageThatTheSameNodeEndsIsMeasured() {
        var state = cluster()
        for node in ["b", "c"] { _ = state.observe(dead(at: 1), of: node) }
        _ = state.observe(active("a", at: 1), of: "a")
        #expect(!facts(state, at: 2).has("vault_cluster_last_outage_duration_seconds"))
        _ = state.observe(dead(at: 6), of: "a")
        _ = state.observe(active("a", since: "2026-11-23T21:00:00Z", at: 61), of: "a")
        #expect(state.failovers == 0)
        #expect(facts(state, at: 62).value("vault_cluster_last_outage_duration_seconds") == 60)
        _ = state.observe(active("a", since: "2026-11-23T21:00:00Z", at: 66), of: "a")
        #expect(facts(state, at: 67).value("vault_cluster_last_outage_duration_seconds") == 60)
    }

    /// Nodes are asked one after the other: right after a takeover the old one's last answer is still "active".
    @Test func aTakeoverBetweenTwoPollsIsNoSplitBrain() {
        var state = cluster()
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        _ = state.observe(standby(of: "a", at: 1), of: "c")
        _ = state.observe(active("a", at: 2), of: "a")
        _ = state.observe(active("b", at: 5), of: "b")
        #expect(state.activeNodes == ["b"])
        #expect(state.failovers == 1)
        _ = state.observe(standby(of: "b", at: 7), of: "a")
        #expect(state.activeNodes == ["b"])
    }

    @Test func twoThatKeepSayingItAreASplitBrain() {
        var state = cluster()
        _ = state.observe(standby(of: "a", at: 1), of: "c")
        _ = state.observe(active("a", at: 2), of: "a")
        _ = state.observe(active("b", at: 5), of: "b")
        _ = state.observe(active("a", at: 7), of: "a")
        #expect(state.activeNodes == ["a", "b"])
        let facts = facts(state, at: 8)
        #expect(facts.value("vault_cluster_active_nodes") == 2)
        #expect(facts.value("vault_cluster_named_leaders") == 2)
        #expect(facts.value("vault_cluster_leader_agreement") == 0)
        #expect(state.targetStatus(at: moment(8)).state == "split brain")
    }

    @Test func betweenLeadersNobodyAgrees() {
        var state = cluster()
        for node in nodes { _ = state.observe(standby(of: nil, at: 1), of: node) }
        let facts = facts(state, at: 4)
        #expect(facts.value("vault_cluster_active_nodes") == 0)
        #expect(facts.value("vault_cluster_named_leaders") == 0)
        #expect(facts.value("vault_cluster_leader_agreement") == 0)
        #expect(facts.value("vault_cluster_leaderless_seconds") == 4)
    }

    @Test func sealedNodesHaveNoSay() {
        var state = cluster()
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        _ = state.observe(sealed(at: 1), of: "c")
        let facts = facts(state, at: 2)
        #expect(facts.value("vault_cluster_leader_agreement") == 1)
        #expect(facts.value("vault_cluster_nodes", ["state": "sealed"]) == 1)
        #expect(facts.value("vault_cluster_quorum_margin") == 1)
        #expect(state.targetStatus(at: moment(2)).health == .warning)
    }

    @Test func integratedStorageNeedsAMajority() {
        var state = cluster()
        let seal = json(200, #"{"initialized":true,"sealed":false,"storage_type":"raft"}"#)
        _ = state.observe(
            observation(json(200, #"{"initialized":true,"sealed":false,"standby":false}"#), seal: seal), of: "a")
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        _ = state.observe(dead(at: 1), of: "c")
        #expect(facts(state, at: 2).value("vault_cluster_quorum_size") == 2)
        #expect(facts(state, at: 2).value("vault_cluster_quorum_margin") == 0)
    }

    @Test func anOlderObservationComesTooLate() {
        var state = cluster()
        for node in ["b", "c"] { _ = state.observe(standby(of: "a", at: 1), of: node) }
        _ = state.observe(dead(at: 9), of: "a")
        #expect(state.observe(active("a", at: 8), of: "a") == .none)
        #expect(state.activeNodes.isEmpty)
    }

    private func secondary(at time: Double) -> VaultObservation {
        observation(
            json(472, #"{"initialized":true,"sealed":false,"standby":true,"replication_dr_mode":"secondary"}"#),
            at: time)
    }

    /// It stays one while none of its nodes answers; and once it is promoted it is none any more.
    @Test func aDisasterRecoverySecondaryHasNoActiveNodeByDesign() {
        var state = cluster()
        for node in nodes { _ = state.observe(secondary(at: 1), of: node) }
        let facts = facts(state, at: 2)
        #expect(facts.value("vault_cluster_dr_secondary") == 1 && facts.value("vault_cluster_active_nodes") == 0)
        #expect(facts.value("vault_cluster_usable_nodes") == 3)
        #expect(facts.value("vault_cluster_replication_mode", ["kind": "dr", "mode": "secondary"]) == 1)
        #expect(state.targetStatus(at: moment(2)).health == .ok)
        for node in nodes { _ = state.observe(dead(at: 3), of: node) }
        #expect(self.facts(state, at: 4).value("vault_cluster_dr_secondary") == 1)
        let promoted = observation(
            json(200, #"{"initialized":true,"sealed":false,"standby":false,"replication_dr_mode":"primary"}"#), at: 5)
        _ = state.observe(promoted, of: "a")
        #expect(self.facts(state, at: 6).value("vault_cluster_dr_secondary") == 0)
        #expect(
            self.facts(state, at: 6).value("vault_cluster_replication_mode", ["kind": "dr", "mode": "primary"]) == 1)
    }

    @Test func aSealedNodeDoesNotKnowTheMode() {
        var state = cluster()
        for node in nodes { _ = state.observe(secondary(at: 1), of: node) }
        let body =
            #"{"initialized":true,"sealed":true,"standby":true,"replication_dr_mode":"unknown","replication_performance_mode":"unknown"}"#
        _ = state.observe(observation(json(503, body), at: 2), of: "a")
        #expect(facts(state, at: 3).value("vault_cluster_dr_secondary") == 1)
    }

    /// Every listener hides addresses, one node says that it is the leader: nobody knows whether they agree.
    @Test func hiddenAddressesAreNoDisagreement() {
        var state = cluster()
        let active = observation(
            json(200, #"{"initialized":true,"sealed":false,"standby":false,"version":""}"#),
            leader: json(200, #"{"ha_enabled":true,"is_self":true,"leader_address":""}"#))
        let standby = observation(
            json(429, #"{"initialized":true,"sealed":false,"standby":true,"version":"1.17.0"}"#),
            leader: json(200, #"{"ha_enabled":true,"is_self":false,"leader_address":""}"#))
        _ = state.observe(active, of: "a")
        for node in ["b", "c"] { _ = state.observe(standby, of: node) }
        #expect(!facts(state, at: 2).has("vault_cluster_leader_agreement"))
        #expect(facts(state, at: 2).value("vault_cluster_versions") == 1)
    }

    /// One node's listener hides addresses, the others' do not: it has no say. A silent one that hides nothing has.
    @Test func oneListenerThatHidesHasNoSay() {
        var state = cluster()
        _ = state.observe(active("a", at: 1), of: "a")
        _ = state.observe(standby(of: "a", at: 1), of: "b")
        let hidden = observation(
            json(429, #"{"initialized":true,"sealed":false,"standby":true,"version":""}"#), leader: leader(nil))
        _ = state.observe(hidden, of: "c")
        #expect(facts(state, at: 2).value("vault_cluster_leader_agreement") == 1)
        _ = state.observe(standby(of: nil, at: 3), of: "c")
        #expect(facts(state, at: 4).value("vault_cluster_leader_agreement") == 0)
    }

    private func cutOff(_ storage: String, at time: Double) -> VaultObservation {
        observation(
            json(474, #"{"initialized":true,"sealed":false,"standby":true,"ha_connection_healthy":false}"#),
            seal: json(200, #"{"initialized":true,"sealed":false,"storage_type":"\#(storage)"}"#),
            leader: leader("a"), at: time)
    }

    @Test(arguments: [("postgresql", 2.0), ("raft", 0)])
    func standbysThatAreCutOff(storage: String, standbys: Double) {
        var state = cluster()
        _ = state.observe(active("a", at: 1), of: "a")
        for node in ["b", "c"] { _ = state.observe(cutOff(storage, at: 1), of: node) }
        #expect(facts(state, at: 2).value("vault_cluster_standby_nodes") == standbys)
        #expect(facts(state, at: 2).value("vault_cluster_usable_nodes") == standbys + 1)
        // All are cut off from an active node that is dead, and one of them takes over.
        _ = state.observe(dead(at: 3), of: "a")
        #expect(facts(state, at: 4).value("vault_cluster_standby_nodes") == 2)
    }

    @Test func mixedVersionsAndForeignNodesAreCounted() {
        var state = cluster()
        for (index, node) in nodes.enumerated() {
            let body =
                #"{"initialized":true,"sealed":false,"standby":true,"version":"1.\#(index)","cluster_id":"\#(index == 2 ? "y" : "x")"}"#
            _ = state.observe(observation(json(429, body)), of: node)
        }
        #expect(facts(state, at: 2).value("vault_cluster_versions") == 3)
        #expect(facts(state, at: 2).value("vault_cluster_ids") == 2)
        #expect(state.clusterID == nil)
    }
}

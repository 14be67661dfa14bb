import Samples
import Testing
import Transport

@testable import Probes

struct VaultObservationTests {
    private func samples(_ observation: VaultObservation) -> [Sample] {
        observation.samples(cluster: "main", node: "vault-1", at: Timestamp(milliseconds: 0)).samples
    }

    @Test func recordedActiveNode() {
        let seen = observation(
            Recording.response("active.health"), seal: Recording.response("active.seal-status"),
            leader: Recording.response("active.leader"))
        #expect(seen.state == .active && seen.failure == nil && !seen.isInconsistent)
        let samples = samples(seen)
        #expect(samples.value("vault_node_up") == 1)
        #expect(samples.value("vault_node_state", ["state": "active"]) == 1)
        #expect(samples.filter { $0.labels.name == "vault_node_state" }.map(\.value).reduce(0, +) == 1)
        #expect(samples.value("vault_node_sealed") == 0)
        #expect(samples.value("vault_node_seal_threshold") == 3)
        #expect(
            samples.value(
                "vault_node_info",
                ["version": "1.8.0-dev", "storage_type": "postgresql", "cluster_name": "vault-cluster-051513bf"]) == 1)
        #expect(samples.value("vault_node_leader_info", ["leader_address": "https://127.0.1.10:8200"]) == 1)
        #expect(samples.value("vault_node_leader_since_timestamp_seconds") == 1_795_466_572.805)
        #expect(!samples.has("vault_node_unreachable"))
    }

    @Test func recordedStandbyHasNoActiveTime() {
        let seen = observation(
            Recording.response("standby.health"), seal: Recording.response("standby.seal-status"),
            leader: Recording.response("standby.leader"))
        #expect(seen.state == .standby)
        let samples = samples(seen)
        #expect(samples.value("vault_node_standby") == 1)
        #expect(samples.value("vault_node_knows_leader") == 1)
        #expect(!samples.has("vault_node_leader_since_timestamp_seconds"))
    }

    @Test func recordedSealedNode() {
        let seen = observation(
            Recording.response("sealed.health"), seal: Recording.response("unsealing-1-of-3.seal-status"),
            leader: Recording.response("sealed.leader"))
        #expect(seen.state == .sealed && seen.failure == nil)
        let samples = samples(seen)
        #expect(samples.value("vault_node_sealed") == 1)
        #expect(samples.value("vault_node_unseal_progress") == 1)
        #expect(!samples.has("vault_node_knows_leader"))
        #expect(seen.targetStatus.health == .critical)
        #expect(seen.targetStatus.detail.contains("1 of 3 key shares given"))
    }

    @Test func recordedUninitialisedAndRaftNodes() {
        #expect(observation(Recording.response("uninitialised.health")).state == .uninitialized)
        #expect(observation(Recording.response("raft.active.health")).state == .active)
        let standby = observation(
            Recording.response("raft.standby.health"), leader: Recording.response("raft.standby.leader"))
        #expect(standby.state == .standby)
        #expect(samples(standby).value("vault_node_raft_applied_index") == 32)
    }

    @Test(arguments: [
        (472, VaultNodeState.drSecondary, #"{"initialized":true,"sealed":false,"standby":true}"#),
        (473, .performanceStandby, #"{"initialized":true,"sealed":false,"standby":true,"performance_standby":true}"#),
        (474, .cutOff, #"{"initialized":true,"sealed":false,"standby":true,"ha_connection_healthy":false}"#),
        (530, .removed, #"{"initialized":true,"sealed":true,"removed_from_cluster":true}"#),
        (500, .storageError, #"{"errors":[]}"#),
        (418, .degraded, #"{"initialized":true,"sealed":false}"#),
    ])
    func everyOtherStatusIsAState(status: Int, state: VaultNodeState, body: String) {
        let seen = observation(json(status, body))
        #expect(seen.state == state)
        #expect(samples(seen).value("vault_node_up") == 1)
    }

    /// A proxy that answers instead of Vault may return 503 or 429; that means neither sealed nor standby.
    @Test(arguments: [200, 429, 500, 501, 503])
    func aBodyThatIsNotVaultsIsDegraded(status: Int) {
        for body in ["", "<html>Service Unavailable</html>", #"{"initialized":tru"#, "[]", "{}", "\u{0}\u{1}"] {
            let seen = observation(json(status, body))
            #expect(seen.state == .degraded)
            #expect(seen.failure?.reason == "body")
            #expect(!samples(seen).has("vault_node_sealed"))
        }
    }

    @Test func aRedirectIsNotFollowedAndNamed() {
        let seen = observation(json(307, ""))
        #expect(seen.state == .degraded && seen.failure?.reason == "redirect")
    }

    /// `standbyok=true` set by a proxy makes a standby answer 200.
    @Test func theBodyWinsOverTheStatus() {
        let standby = observation(json(200, #"{"initialized":true,"sealed":false,"standby":true}"#))
        #expect(standby.state == .standby && standby.isInconsistent)
        let sealed = observation(json(200, #"{"initialized":true,"sealed":true,"standby":true}"#))
        #expect(sealed.state == .sealed && sealed.isInconsistent)
        #expect(sealed.targetStatus.health == .critical)
    }

    @Test func sealStatusThatDisagreesIsTold() {
        let seen = observation(Recording.response("active.health"), seal: Recording.response("sealed.seal-status"))
        #expect(seen.state == .active && seen.isInconsistent)
        #expect(samples(seen).value("vault_node_inconsistent") == 1)
    }

    @Test func openBaoLeavesFieldsOut() {
        let seen = observation(
            json(429, #"{"initialized":true,"sealed":false,"standby":true,"version":"2.0.0"}"#),
            leader: json(200, #"{"ha_enabled":true}"#))
        #expect(seen.state == .standby && !seen.isInconsistent)
        #expect(samples(seen).value("vault_node_knows_leader") == 0)
    }

    /// A field of an unexpected type is ignored without affecting the others.
    @Test func aFieldOfAnotherTypeCountsAsAbsent() {
        let seen = observation(
            json(
                200,
                #"{"initialized":true,"sealed":false,"standby":false,"server_time_utc":"now","version":7,"license":[],"clock_skew_ms":250}"#
            ))
        #expect(seen.state == .active)
        #expect(seen.version == nil && seen.clockSkew == nil)
        #expect(samples(seen).value("vault_node_reported_clock_skew_seconds") == 0.25)
    }

    /// Source: Vault's listener documentation, redact_addresses, redact_version, redact_cluster_name.
    @Test func whatAListenerHidesIsUnknown() {
        let seen = observation(
            json(
                429,
                #"{"initialized":true,"sealed":false,"standby":true,"version":"","cluster_name":"","cluster_id":"i"}"#),
            seal: json(200, #"{"type":"shamir","initialized":true,"sealed":false,"version":"","storage_type":"raft"}"#),
            leader: json(200, #"{"ha_enabled":true,"is_self":false,"leader_address":"","leader_cluster_address":""}"#))
        #expect(seen.state == .standby && seen.version == nil && seen.clusterName == nil)
        let samples = samples(seen)
        #expect(!samples.has("vault_node_knows_leader") && !samples.has("vault_node_leader_info"))
        #expect(samples.value("vault_node_info", ["storage_type": "raft", "cluster_id": "i"]) == 1)
    }

    @Test(arguments: [
        (472, #"{"initialized":true,"sealed":false,"standby":true,"replication_dr_mode":"secondary"}"#, false),
        // Before 1.14 the documentation says 472 of the active node alone.
        (429, #"{"initialized":true,"sealed":false,"standby":true,"replication_dr_mode":"secondary"}"#, false),
        (
            473,
            #"{"initialized":true,"sealed":false,"standby":true,"performance_standby":true,"replication_dr_mode":"secondary"}"#,
            false
        ),
        // A balancer's drsecondarycode=200.
        (200, #"{"initialized":true,"sealed":false,"standby":false,"replication_dr_mode":"secondary"}"#, true),
    ])
    func aDisasterRecoverySecondary(status: Int, body: String, isInconsistent: Bool) {
        let seen = observation(json(status, body))
        #expect(seen.state == .drSecondary && seen.isInconsistent == isInconsistent && seen.failure == nil)
        #expect(samples(seen).value("vault_node_standby") == 0)
    }

    @Test(arguments: [
        (530, #"{"initialized":true,"sealed":true,"removed_from_cluster":true}"#, ""),
        (503, #"{"initialized":true,"sealed":true,"removed_from_cluster":true}"#, ""),
        (
            503, #"{"initialized":true,"sealed":true}"#,
            #"{"initialized":true,"sealed":true,"removed_from_cluster":true}"#
        ),
    ])
    func aRemovedNodeIsMoreThanSealed(status: Int, body: String, seal: String) {
        let seen = observation(json(status, body), seal: seal.isEmpty ? nil : json(200, seal))
        #expect(seen.state == .removed && !seen.isInconsistent)
    }

    /// A standby that cannot reach the active node takes part in the lock of a database, not in the log of raft.
    @Test(arguments: [("postgresql", 1.0), ("consul", 1), ("raft", 0)])
    func aStandbyCutOff(storage: String, standby: Double) {
        let seen = observation(
            json(
                474,
                #"{"initialized":true,"sealed":false,"standby":true,"ha_connection_healthy":false,"last_request_forwarding_heartbeat_ms":-1}"#
            ), seal: json(200, #"{"initialized":true,"sealed":false,"storage_type":"\#(storage)"}"#))
        #expect(seen.state == .cutOff)
        let samples = samples(seen)
        #expect(samples.value("vault_node_standby") == standby)
        #expect(samples.value("vault_node_ha_connection_healthy") == 0)
        #expect(!samples.has("vault_node_request_forwarding_heartbeat_age_seconds"))
    }

    @Test func aListenerForMetricsAloneIsNamed() {
        let seen = observation(json(404, #"{"errors":[]}"#))
        #expect(seen.state == .degraded && seen.failure?.message.contains("metrics_only") == true)
    }

    @Test(arguments: TransportError.Reason.allCases)
    func unreachableHasItsReason(reason: TransportError.Reason) {
        let failed = Exchange.failure(TransportError(reason, "no"))
        let seen = VaultObservation(health: failed, seal: failed, leader: failed, asked: moment(1))
        let samples = samples(seen)
        #expect(seen.state == .unreachable && samples.value("vault_node_up") == 0)
        #expect(samples.value("vault_node_unreachable", ["reason": reason.rawValue]) == 1)
        for name in ["vault_node_active", "vault_node_standby", "vault_node_sealed", "vault_node_info"] {
            #expect(!samples.has(name))
        }
    }

    @Test func clockSkewIsAgainstTheMiddleOfTheRequest() {
        // Recorded at 1795467001; asked 6 s later by our clock, answered within 4 ms.
        let seen = observation(Recording.response("active.health"), at: 7)
        #expect(abs((seen.clockSkew ?? 0) - -5.502) < 0.001)
    }
}

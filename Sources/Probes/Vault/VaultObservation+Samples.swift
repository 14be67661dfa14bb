import Samples
import Text

extension VaultObservation {
    /// The node's metrics.
    /// - Parameters:
    ///   - storage: the storage type that the cluster's nodes report.
    ///   - previous: the series of the node's last run.
    func samples(
        cluster: String, node: String, storage: String? = nil, at timestamp: Timestamp, previous: [Labels] = []
    ) -> SampleSet {
        var set = SampleSet(["cluster": cluster, "node": node], at: timestamp, previous: previous)
        let answers = state != .unreachable
        set.add("vault_node_up", answers)
        if !answers { set.add("vault_node_unreachable", 1, ["reason": failure?.reason ?? "other"]) }
        set.addState("vault_node_state", state.rawValue, of: VaultNodeState.names)
        set.add("vault_node_health_status", status)
        set.add("vault_node_active", answers ? state == .active : nil)
        set.add("vault_node_standby", answers ? canTakeOver(storage: storage) : nil)
        set.add("vault_node_sealed", isSealed)
        set.add("vault_node_initialized", isInitialized)
        set.add("vault_node_inconsistent", isInconsistent)
        if health != nil || seal != nil {
            set.add(
                "vault_node_info", 1,
                [
                    "version": version ?? "", "cluster_name": clusterName ?? "", "cluster_id": clusterID ?? "",
                    "storage_type": seal?.storageType ?? "", "seal_type": seal?.type ?? "",
                ])
        }
        set.add(
            "vault_node_version_support_end_timestamp_seconds",
            version.flatMap { VaultReleases.supportEnd($0, isOpenBao: isOpenBao) })
        set.add("vault_node_clock_skew_seconds", clockSkew)
        set.add("vault_node_certificate_expiry_timestamp_seconds", certificateExpiry)
        set.add("vault_node_certificate_lifetime_seconds", certificateLifetime?.seconds)
        addSeal(to: &set)
        addLeader(to: &set)
        addNewer(to: &set)
        return set
    }

    private func addSeal(to set: inout SampleSet) {
        set.add("vault_node_seal_threshold", seal?.threshold.map(Double.init))
        set.add("vault_node_seal_shares", seal?.shares.map(Double.init))
        set.add("vault_node_unseal_progress", seal?.progress.map(Double.init))
        set.add("vault_node_seal_migration", seal?.migration)
    }

    private func addLeader(to set: inout SampleSet) {
        guard let leader else { return }
        set.add("vault_node_ha_enabled", leader.haEnabled)
        if leader.leaderAddress != nil || leader.isSelf == true {
            set.add("vault_node_knows_leader", 1)
        } else if !hidesLeader {
            set.add("vault_node_knows_leader", 0)
        }
        if let address = leader.leaderAddress { set.add("vault_node_leader_info", 1, ["leader_address": address]) }
        set.add("vault_node_leader_since_timestamp_seconds", leader.activeSince)
        set.add("vault_node_raft_committed_index", leader.raftCommittedIndex.map(Double.init))
        set.add("vault_node_raft_applied_index", leader.raftAppliedIndex.map(Double.init))
    }

    private func addNewer(to set: inout SampleSet) {
        set.add("vault_node_last_wal", (health?.lastWAL ?? leader?.lastWAL).map(Double.init))
        set.add("vault_node_ha_connection_healthy", health?.haConnectionHealthy)
        // -1 before the first heartbeat.
        set.add(
            "vault_node_request_forwarding_heartbeat_age_seconds",
            health?.forwardingHeartbeatMs.flatMap { $0 < 0 ? nil : $0 / 1000 })
        set.add("vault_node_echo_duration_seconds", health?.echoDurationMs.map { $0 / 1000 })
        set.add("vault_node_reported_clock_skew_seconds", health?.clockSkewMs.map { $0 / 1000 })
        set.add("vault_node_replication_canary_age_seconds", health?.replicationCanaryAgeMs.map { $0 / 1000 })
        set.add("vault_node_license_expiry_timestamp_seconds", health?.licenseExpiry)
    }

    /// The node's row of the status table.
    var targetStatus: TargetStatus {
        var parts: [String] = []
        if let version { parts.append(version) }
        if state == .sealed, let progress = seal?.progress, let threshold = seal?.threshold {
            parts.append("\(progress) of \(threshold) key shares given")
        }
        if let clockSkew, clockSkew.magnitude > 2 {
            parts.append("clock off by \(Int64(saturating: clockSkew.rounded())) s")
        }
        if let failure { parts.append(failure.description) }
        var warnings: [String] = []
        if isInconsistent { warnings.append("the responses of sys/health and sys/seal-status contradict each other") }
        let health: TargetStatus.Health =
            switch state {
            case .active, .standby, .performanceStandby, .drSecondary: isInconsistent ? .warning : .ok
            case .cutOff, .degraded: .warning
            case .sealed, .uninitialized, .storageError, .removed, .unreachable: .critical
            }
        return TargetStatus(health, state.rawValue, detail: parts.joined(separator: ", "), warnings: warnings)
    }
}

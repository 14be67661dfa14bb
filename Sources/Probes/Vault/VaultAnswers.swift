import Samples
import Text
import Transport

/// The body of sys/health. Every field may be absent, depending on version, edition and state.
package struct HealthAnswer: Decodable, Sendable, Hashable {
    var initialized: Bool?
    var sealed: Bool?
    var standby: Bool?
    var performanceStandby: Bool?
    var serverTimeUTC: Int64?
    /// Nil if the listener hides it.
    package var version: String?
    /// `cluster_name`.
    package var clusterName: String?
    /// `cluster_id`.
    package var clusterID: String?
    var lastWAL: Int64?
    var licenseExpiry: Timestamp?
    var echoDurationMs: Double?
    var clockSkewMs: Double?
    var replicationCanaryAgeMs: Double?
    var haConnectionHealthy: Bool?
    var removedFromCluster: Bool?
    var forwardingHeartbeatMs: Double?
    /// `primary`, `secondary`, `disabled`; nil while unknown to the node, when Vault writes `unknown`.
    var replicationDRMode: String?
    /// The same for performance replication.
    var replicationPerformanceMode: String?
    /// Newer versions: whether the node is of the Enterprise edition.
    var enterprise: Bool?
    /// Whether the version is present but empty: the listener hides it (`redact_version`).
    var hidesVersion = false

    package init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        initialized = fields["initialized"]
        sealed = fields["sealed"]
        standby = fields["standby"]
        performanceStandby = fields["performance_standby"]
        serverTimeUTC = fields["server_time_utc"]
        let version: String? = fields["version"]
        hidesVersion = version == ""
        self.version = version.nonEmpty
        clusterName = fields.text("cluster_name")
        clusterID = fields.text("cluster_id")
        lastWAL = fields["last_wal"]
        func mode(_ name: String) -> String? { fields.text(name).flatMap { $0 == "unknown" ? nil : $0 } }
        replicationDRMode = mode("replication_dr_mode")
        replicationPerformanceMode = mode("replication_performance_mode")
        enterprise = fields["enterprise"]
        echoDurationMs = fields["echo_duration_ms"]
        clockSkewMs = fields["clock_skew_ms"]
        replicationCanaryAgeMs = fields["replication_primary_canary_age_ms"]
        haConnectionHealthy = fields["ha_connection_healthy"]
        removedFromCluster = fields["removed_from_cluster"]
        forwardingHeartbeatMs = fields["last_request_forwarding_heartbeat_ms"]
        let license: [String: LenientText]? = fields["license"]
        licenseExpiry = license?["expiry_time"]?.text.flatMap { Timestamp(rfc3339: $0) }
    }

    /// Whether the object is a response of sys/health at all.
    var isRecognisable: Bool { sealed != nil && initialized != nil }
}

/// The body of sys/seal-status.
struct SealAnswer: Decodable, Sendable, Hashable {
    var type: String?
    var initialized: Bool?
    var sealed: Bool?
    var threshold: Int64?
    var shares: Int64?
    var progress: Int64?
    var version: String?
    var migration: Bool?
    var storageType: String?
    var clusterName: String?
    var clusterID: String?
    var removedFromCluster: Bool?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        type = fields.text("type")
        initialized = fields["initialized"]
        sealed = fields["sealed"]
        threshold = fields["t"]
        shares = fields["n"]
        progress = fields["progress"]
        version = fields.text("version")
        migration = fields["migration"]
        storageType = fields.text("storage_type")
        clusterName = fields.text("cluster_name")
        clusterID = fields.text("cluster_id")
        removedFromCluster = fields["removed_from_cluster"]
    }
}

/// The body of sys/leader. OpenBao omits empty fields.
package struct LeaderAnswer: Decodable, Sendable, Hashable {
    var haEnabled: Bool?
    /// Whether the node that answered is the active one.
    package var isSelf: Bool?
    /// Nil on a standby, where Vault writes the year 1.
    var activeSince: Timestamp?
    /// Nil while there is no leader, and if the listener hides it (`redact_addresses`): Vault writes "" in both cases.
    package var leaderAddress: String?
    var raftCommittedIndex: Int64?
    var raftAppliedIndex: Int64?
    var lastWAL: Int64?

    package init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        haEnabled = fields["ha_enabled"]
        isSelf = fields["is_self"]
        activeSince = fields.time("active_time").flatMap { $0.milliseconds > 0 ? $0 : nil }
        leaderAddress = fields.text("leader_address")
        raftCommittedIndex = fields["raft_committed_index"]
        raftAppliedIndex = fields["raft_applied_index"]
        lastWAL = fields["last_wal"]
    }
}

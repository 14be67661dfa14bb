import Samples
import Text

/// A response whose object is in `data` or, with some endpoints of sys/ and old versions, at the top level.
struct Enveloped<Answer: Decodable & Sendable>: Decodable, Sendable {
    let answer: Answer

    init(from decoder: any Decoder) throws {
        let inner: Answer? = try LenientFields(decoder)["data"]
        answer = try inner ?? Answer(from: decoder)
    }
}

/// sys/replication/dr/status and sys/replication/performance/status.
/// Source: Vault's documentation, Monitor replication, and its API documentation, /sys/replication.
struct ReplicationAnswer: Decodable, Sendable {
    /// The other side of a connection.
    struct Peer: Decodable, Sendable {
        var isConnected: Bool?
        var lastHeartbeat: Timestamp?

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            isConnected = fields.text("connection_status").map { $0 == "connected" }
            lastHeartbeat = fields.time("last_heartbeat")
        }
    }

    var mode: String?
    var state: String?
    var connectionState: String?
    var lastWAL: Int64?
    var lastRemoteWAL: Int64?
    /// The same on both sides.
    var clusterID: String?
    /// The first twelve digits of the hash of all replicated data, as a number.
    var merkleRoot: Double?
    var primaries: [Peer]
    var secondaries: [Peer]

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        mode = fields.text("mode")
        state = fields.text("state")
        connectionState = fields.text("connection_state")
        lastWAL = fields["last_dr_wal"] ?? fields["last_performance_wal"] ?? fields["last_wal"]
        lastRemoteWAL = fields["last_remote_wal"]
        clusterID = fields.text("cluster_id")
        merkleRoot = fields.text("merkle_root").flatMap { Int64($0.prefix(12), radix: 16) }.map(Double.init)
        primaries = fields["primaries"] ?? []
        secondaries = fields["secondaries"] ?? []
    }

    /// Whether a secondary receives what its primary writes: `stream-wals` over an established connection. Early
    /// versions do not report connections.
    var isStreaming: Bool {
        state == "stream-wals" && connectionState != "transient_failure" && connectionState != "shutdown"
            && (primaries.isEmpty || primaries.contains { $0.isConnected != false })
    }
}

/// Both kinds at once: sys/replication/status.
struct ReplicationsAnswer: Decodable, Sendable {
    var dr: ReplicationAnswer?
    var performance: ReplicationAnswer?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        dr = fields["dr"]
        performance = fields["performance"]
    }
}

/// An attempt that needs key shares: sys/rekey/init, sys/rekey-recovery-key/init, sys/generate-root/attempt.
struct KeyAttemptAnswer: Decodable, Sendable {
    var isStarted: Bool?
    var progress: Int64?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        isStarted = fields["started"]
        progress = fields["progress"]
    }
}

/// sys/seal-backend-status, from Vault 1.16 on.
struct SealBackendsAnswer: Decodable, Sendable {
    struct Backend: Decodable, Sendable {
        var name: String?
        var isHealthy: Bool?
        var isDisabled: Bool?

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            name = fields.text("name")
            isHealthy = fields["healthy"]
            isDisabled = fields["disabled"]
        }
    }

    var backends: [Backend]

    init(from decoder: any Decoder) throws { backends = try LenientFields(decoder)["backends"] ?? [] }
}

/// sys/ha-status, from Vault 1.10 on: the active node and the standbys that it has received heartbeats from.
struct HAStatusAnswer: Decodable, Sendable {
    struct Member: Decodable, Sendable {
        var address: String?
        var lastEcho: Timestamp?

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            address = fields.text("api_address") ?? fields.text("hostname")
            lastEcho = fields.time("last_echo")
        }
    }

    var members: [Member]

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        // Capitalised in the documentation, lower case in Vault.
        members = fields["nodes"] ?? fields["Nodes"] ?? []
    }
}

/// sys/storage/raft/autopilot/state.
struct AutopilotAnswer: Decodable, Sendable {
    struct Server: Decodable, Sendable {
        var isHealthy: Bool?

        init(from decoder: any Decoder) throws { isHealthy = try LenientFields(decoder)["healthy"] }
    }

    var isHealthy: Bool?
    var failureTolerance: Int64?
    var servers: [String: Server]

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        isHealthy = fields["healthy"]
        failureTolerance = fields["failure_tolerance"]
        servers = fields["servers"] ?? [:]
    }
}

/// sys/storage/raft/configuration: the servers in the Raft configuration, whether they are alive or not.
struct RaftConfigurationAnswer: Decodable, Sendable {
    private struct Content: Decodable {
        let servers: [Server]?
    }

    struct Server: Decodable, Sendable {
        var isVoter: Bool?

        init(from decoder: any Decoder) throws { isVoter = try LenientFields(decoder)["voter"] }
    }

    var servers: [Server]?

    init(from decoder: any Decoder) throws {
        let content: Content? = try LenientFields(decoder)["config"]
        servers = content?.servers
    }
}

/// sys/license/status of Vault Enterprise.
struct LicenseAnswer: Decodable, Sendable {
    private struct License: Decodable {
        var expiry: Timestamp?
        var termination: Timestamp?

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            expiry = fields.time("expiration_time")
            termination = fields.time("termination_time")
        }
    }

    /// When the licence expires; Vault warns from then on.
    var expiry: Timestamp?
    /// When Vault stops because the licence has expired.
    var termination: Timestamp?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        let license: License? = fields["autoloaded"] ?? fields["stored"]
        expiry = license?.expiry
        termination = license?.termination
    }
}

/// The names of a listing.
struct KeysAnswer: Decodable, Sendable {
    var keys: [String]

    init(from decoder: any Decoder) throws { keys = try LenientFields(decoder)["keys"] ?? [] }
}

/// sys/storage/raft/snapshot-auto/status/:name of Vault Enterprise.
struct AutosnapshotAnswer: Decodable, Sendable {
    var consecutiveErrors: Int64?
    var lastEnd: Timestamp?

    init(from decoder: any Decoder) throws {
        let fields = try LenientFields(decoder)
        consecutiveErrors = fields["consecutive_errors"]
        lastEnd = fields.time("last_snapshot_end")
    }
}

import Platform
package import Samples

extension SimulatedVaultCluster {
    /// The behaviour of versions and editions other than the recorded Vault 1.8, all off by default. No recordings of
    /// them exist: the answers follow the vendors' API documentation, which each case names.
    package struct Features: Sendable {
        /// One kind of replication of Vault Enterprise.
        /// Source: Vault's documentation, Monitor replication; API documentation, /sys/replication.
        package struct Replication: Sendable {
            /// `primary` or `secondary`.
            package var mode: String
            /// `stream-wals`, `merkle-diff`, `merkle-sync`, `idle`; for a primary `running`.
            package var state: String
            /// The age of the last heartbeat.
            package var heartbeatAge = Duration.seconds(2)
            /// Whether the other side is connected.
            package var isConnected = true

            /// One side of a replication.
            package init(mode: String, state: String) {
                self.mode = mode
                self.state = state
            }
        }

        /// An attempt that needs key shares, as recorded from Vault 1.8.
        package struct Attempt: Sendable {
            /// The shares given so far.
            package var progress: Int

            /// An attempt with some shares given.
            package init(progress: Int) { self.progress = progress }
        }

        /// Integrated storage as autopilot reports it, as recorded from Vault 1.8.
        package struct Raft: Sendable {
            /// Whether autopilot calls it healthy. Default: yes.
            package var isHealthy = true
            /// Servers that may fail. Default 1.
            package var failureTolerance = 1
            /// Servers in the configuration. Default 3.
            package var servers = 3

            /// Three healthy servers.
            package init() {}
        }

        /// `shamir`, or the type of an auto-unseal: `awskms`, `transit`.
        package var sealType = "shamir"
        /// `redact_addresses` of the listener, from Vault 1.16 on. Source: vault#23534, listener documentation.
        package var redactsAddresses = false
        /// `redact_version`.
        package var redactsVersion = false
        /// `redact_cluster_name`.
        package var redactsClusterName = false
        /// OpenBao omits empty fields. Source: openbao.org, API documentation, /sys/health and /sys/leader.
        package var isOpenBao = false
        /// From Vault 1.19 on standbys report their connection to the active node. Source: API documentation,
        /// /sys/health.
        package var reportsConnection = false
        /// Standbys of Vault Enterprise that serve reads and answer 473. Source: API documentation, /sys/health.
        package var hasPerformanceStandbys = false
        /// By kind: `dr`, `performance`.
        package var replication: [String: Replication] = [:]
        /// The licence of Vault Enterprise. Source: API documentation, /sys/health.
        package var licenseExpiry: Timestamp?
        /// Backends of the seal with their health, from Vault 1.16 on. Source: API documentation, /sys/seal-backend-status.
        package var sealBackends: [String: Bool]?
        /// Whether Prometheus' format is off: 400 "prometheus is not enabled".
        package var prometheusIsOff = false
        /// `metrics_prefix` of the telemetry stanza.
        package var metricsPrefix = "vault"
        /// Gauges contain the host's name unless `disable_hostname` is set. Source: vault#1898.
        package var metricsHost: String?
        /// An attempt to change the unseal keys.
        package var rekey: Attempt?
        /// An attempt to generate a root token.
        package var rootGeneration: Attempt?
        /// OpenBao 2.5 refuses to report attempts without a token. Source: openbao.org, Deprecating unauthenticated
        /// rekey endpoints.
        package var refusesAttempts = false
        /// Vault 2.0 reports attempts only to a token whose policy allows it. Source: Vault's release notes of 2.0.
        package var attemptsNeedToken = false
        /// Nil if the storage is not the integrated one.
        package var raft: Raft?

        /// No features.
        package init() {}

        /// Whether the cluster is a disaster recovery secondary.
        var isDRSecondary: Bool { replication["dr"]?.mode == "secondary" }
    }

    /// What is particular to one node.
    package struct Traits: Sendable {
        /// 474 from Vault 1.19 on: a standby that does not reach the active node. Source: API documentation, /sys/health.
        package var isCutOff = false
        /// 530: removed from the cluster. Source: API documentation, /sys/health.
        package var isRemoved = false
        /// A seal migration is under way.
        package var isMigrating = false
        /// The node's clock minus the true one.
        package var clockOffset = Duration.zero
        /// In place of the cluster's.
        package var clusterID: String?
        /// In place of the cluster's.
        package var version: String?
        /// It reports itself active, whichever node holds the lock.
        package var claimsLeadership = false
        /// It holds the lock and does not become active. Source: vault#29694.
        package var refusesToLead = false

        /// None.
        package init() {}
    }

    func version(_ index: Int) -> String {
        options.features.redactsVersion ? "" : nodes[index].traits.version ?? options.version
    }

    func clusterFields(_ index: Int) -> String {
        let id = nodes[index].traits.clusterID ?? options.id
        return (options.features.redactsClusterName ? "" : ",\"cluster_name\":\(json(options.name))")
            + ",\"cluster_id\":\(json(id))"
    }

    /// The fields of sys/health that newer versions and Enterprise add.
    func newerHealthFields(_ index: Int) -> String {
        var body = ""
        if options.features.reportsConnection, role(index) == .standby {
            let isCutOff = nodes[index].traits.isCutOff
            body += ",\"ha_connection_healthy\":\(!isCutOff)"
            body += ",\"last_request_forwarding_heartbeat_ms\":\(isCutOff ? -1 : 512)"
        }
        if let expiry = options.features.licenseExpiry {
            body += ",\"license\":{\"state\":\"autoloaded\",\"expiry_time\":\"\(expiry.rfc3339)\",\"terminated\":false}"
        }
        return body
    }

    /// The status of sys/health where it is not one of those of the recordings.
    func newerHealthStatus(_ index: Int) -> Int? {
        let traits = nodes[index].traits
        if traits.isRemoved { return 530 }
        switch role(index) {
        case .active: return options.features.isDRSecondary ? 472 : nil
        case .standby:
            if options.features.isDRSecondary { return 472 }
            if traits.isCutOff { return 474 }
            return options.features.hasPerformanceStandbys ? 473 : nil
        default: return nil
        }
    }

    /// The responses of endpoints that need no token and answer while unsealed; nil for others.
    func newerStatus(_ path: String, at now: Moment) -> (status: Int, body: String)? {
        let features = options.features
        switch path {
        case "sys/rekey/init": return attempt(features.rekey, "\"t\":0,\"n\":0,")
        case "sys/rekey-recovery-key/init":
            return features.sealType == "shamir"
                ? (400, #"{"errors":["recovery rekeying not supported"]}"#) : attempt(nil, "\"t\":0,\"n\":0,")
        case "sys/generate-root/attempt": return attempt(features.rootGeneration, "\"complete\":false,")
        case "sys/seal-backend-status":
            guard let backends = features.sealBackends else { return nil }
            let list = backends.sorted { $0.key < $1.key }.map { "{\"name\":\(json($0.key)),\"healthy\":\($0.value)}" }
            let isHealthy = backends.values.allSatisfy { $0 }
            return (200, "{\"healthy\":\(isHealthy),\"backends\":[\(list.joined(separator: ","))]}")
        case "sys/replication/dr/status": return replication("dr", at: now)
        case "sys/replication/performance/status": return replication("performance", at: now)
        default: return nil
        }
    }

    private func attempt(_ attempt: Features.Attempt?, _ more: String) -> (status: Int, body: String) {
        if options.features.refusesAttempts { return (403, #"{"errors":["permission denied"]}"#) }
        let nonce = attempt == nil ? "" : "921bfab7-7cd4-9666-bfc5-67dc21dae238"
        return (
            200,
            "{\"nonce\":\"\(nonce)\",\"started\":\(attempt != nil),\(more)\"progress\":\(attempt?.progress ?? 0),\"required\":3}"
        )
    }

    private func replication(_ kind: String, at now: Moment) -> (status: Int, body: String) {
        guard let replication = options.features.replication[kind] else {
            return (200, #"{"data":{"mode":"disabled"}}"#)
        }
        let heartbeat = (now.wall - replication.heartbeatAge).rfc3339
        let peer =
            "{\"api_address\":\"https://other:8200\",\"connection_status\":\"\(replication.isConnected ? "connected" : "disconnected")\",\"last_heartbeat\":\"\(heartbeat)\",\"last_heartbeat_duration_ms\":\"1\"}"
        let isSecondary = replication.mode == "secondary"
        return (
            200,
            "{\"data\":{\"cluster_id\":\"e4bfa800-002e-7b6d-14c2-617855ece02f\",\"mode\":\"\(replication.mode)\",\"state\":\"\(replication.state)\",\"merkle_root\":\"43f40fc775b40cc76cd5d7e289b2e6eaf4ba138c\",\"\(isSecondary ? "last_remote_wal" : "last_wal")\":291,\"\(isSecondary ? "primaries" : "secondaries")\":[\(peer)]}}"
        )
    }

    /// The responses of sys/storage/raft with a token; nil where the storage is another.
    func raftStatus(_ path: String) -> String? {
        guard let raft = options.features.raft else { return nil }
        let names = (1...max(1, raft.servers)).map { "raft-\($0)" }
        switch path {
        case "sys/storage/raft/autopilot/state":
            let servers = names.map {
                "\"\($0)\":{\"id\":\"\($0)\",\"healthy\":\(raft.isHealthy),\"status\":\"voter\"}"
            }
            return
                "\"data\":{\"healthy\":\(raft.isHealthy),\"failure_tolerance\":\(raft.failureTolerance),\"servers\":{\(servers.joined(separator: ","))}}"
        case "sys/storage/raft/configuration":
            let servers = names.map { "{\"node_id\":\"\($0)\",\"voter\":true}" }
            return "\"data\":{\"config\":{\"servers\":[\(servers.joined(separator: ","))],\"index\":0}}"
        default: return nil
        }
    }

    /// A page of telemetry under the names that options of the telemetry stanza give them.
    func renamed(_ page: String) -> String {
        let features = options.features
        guard features.metricsHost != nil || features.metricsPrefix != "vault" else { return page }
        var isGauge = false
        return page.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            if line.hasPrefix("# TYPE ") { isGauge = line.hasSuffix(" gauge") }
            guard !line.hasPrefix("#"), line.hasPrefix("vault_") else {
                return line.hasPrefix("#") ? "" : String(line)
            }
            let host = isGauge ? features.metricsHost.map { "\($0)_" } ?? "" : ""
            return "\(features.metricsPrefix)_\(host)\(line.dropFirst(6))"
        }.filter { !$0.isEmpty }.joined(separator: "\n") + "\n"
    }
}

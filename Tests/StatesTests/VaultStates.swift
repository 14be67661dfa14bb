import Lab
import Platform
import Samples
import Simulation
import Transport

/// States of a Vault cluster: each state of a node × version family × storage.
enum VaultStates {
    static let rows = healthy + nodes + clusters + loadBalancers + facts

    /// What the canary gives while nobody serves.
    private static let canary: Set<String> = [
        "VaultSecretReadFailing", "VaultSecretReadsLossy", "VaultServesNothing", "VaultTokenInvalid",
        "VaultwatchProbeStalled",
    ]
    private static let docs = "Vault's API documentation, "
    private static let recordings = "Recordings of Vault 1.8"

    /// 20 minutes, which is longer than the longest `for` of the rules that these states concern.
    private static func row(
        _ name: String, _ source: String, isHealthy: Bool = false, _ fires: Set<String> = [],
        mayFire: Set<String> = [], lasts: Duration = .seconds(1200),
        _ prepare: @escaping @Sendable (StateEstate) -> Void = { _ in }
    ) -> StateRow {
        StateRow(
            name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire, lasts: lasts,
            prepare: prepare)
    }

    private static func perform(_ action: SimulatedVaultCluster.Action, on index: Int, _ estate: StateEstate) {
        _ = estate.vault.perform(action, on: index, at: estate.time.now(), random: estate.random)
    }

    /// Integrated storage; the token may read what it says of itself.
    private static func raft(_ version: String, _ estate: StateEstate) {
        estate.vault.options.version = version
        estate.vault.options.storageType = "raft"
        estate.vault.options.features.raft = .init()
        estate.files["/token"] = "s.LabRootToken00000000000"
        estate.vault.options.features.reportsConnection = version.hasPrefix("1.19")
    }

    private static func enterprise(_ kind: String, _ mode: String, _ state: String, _ estate: StateEstate) {
        raft("1.17.2+ent", estate)
        estate.vault.options.features.replication[kind] = .init(mode: mode, state: state)
        // A disaster recovery secondary has no secrets to read.
        if kind == "dr", mode == "secondary" { estate.hasCanary = false }
    }

    private static func page(_ status: Int, _ text: String) -> LabReply {
        .response(LabResponse(status, type: "text/html", "<html><body><h1>\(status) \(text)</h1></body></html>"))
    }

    /// A node's sys/health answered by something in between.
    private static func health(of node: String, _ estate: StateEstate, _ reply: @escaping () -> LabReply) {
        let before = estate.answer
        estate.answer = { request in
            request.url.hasPrefix("https://\(node):8200/v1/sys/health") ? .success(reply()) : before(request)
        }
    }

    /// A load balancer that sends each request to the node that is told.
    private static func balance(_ settings: String, _ estate: StateEstate, _ node: @escaping (Int) -> Int?) {
        estate.vaultSettings = settings
        var count = 0
        estate.answer = { [unowned estate] request in
            guard request.url.hasPrefix("https://lb/") else { return nil }
            count += 1
            guard let index = node(count) else { return .success(page(503, "Service Unavailable")) }
            return .success(estate.reply(request, node: index))
        }
    }

    // MARK: What the vendors call healthy

    private static let healthy: [StateRow] = [
        row("three healthy nodes on PostgreSQL storage", recordings, isHealthy: true, lasts: .seconds(3600)),
        row("three healthy nodes on integrated storage, 1.8", recordings, isHealthy: true, lasts: .seconds(3600)) {
            raft("1.8.12", $0)
        },
        row("three healthy nodes on integrated storage, 1.15", docs + "/sys/health 1.15", isHealthy: true) {
            raft("1.15.4", $0)
        },
        row("1.17 on PostgreSQL with auto-unseal", docs + "/sys/seal-backend-status", isHealthy: true) {
            $0.vault.options.version = "1.17.6"
            $0.vault.options.features.sealType = "awskms"
            $0.vault.options.features.sealBackends = ["awskms": true]
        },
        row("1.19 on PostgreSQL", docs + "/sys/health 1.19", isHealthy: true) {
            $0.vault.options.version = "1.19.0"
            $0.vault.options.features.reportsConnection = true
        },
        row("1.19 on integrated storage", docs + "/sys/health 1.19", isHealthy: true) { raft("1.19.2", $0) },
        row("Enterprise with performance standbys (473) and a licence", docs + "/sys/health", isHealthy: true) {
            raft("1.17.2+ent", $0)
            $0.vault.options.features.hasPerformanceStandbys = true
            $0.vault.options.features.licenseExpiry = StateRig.begin + .seconds(300 * 86_400)
        },
        row(
            "a DR secondary that streams", "DataDog/integrations-core#7819, vault#9215", isHealthy: true,
            lasts: .seconds(3600)
        ) { enterprise("dr", "secondary", "stream-wals", $0) },
        row("a DR secondary with performance standbys", docs + "/sys/health", isHealthy: true) {
            enterprise("dr", "secondary", "stream-wals", $0)
            $0.vault.options.features.hasPerformanceStandbys = true
        },
        row("a performance secondary that streams", docs + "/sys/replication", isHealthy: true) {
            enterprise("performance", "secondary", "stream-wals", $0)
            $0.vault.options.features.hasPerformanceStandbys = true
        },
        row("a DR primary with its secondary", docs + "/sys/replication", isHealthy: true) {
            enterprise("dr", "primary", "running", $0)
        },
        row(
            "OpenBao 2.0 on PostgreSQL leaves empty fields out", "openbao.org, /sys/health, /sys/leader",
            isHealthy: true
        ) {
            $0.vault.options.version = "2.0.0"
            $0.vault.options.features.isOpenBao = true
        },
        row("OpenBao 2.5 on raft refuses to tell of attempts", "openbao.org, unauthenticated rekey", isHealthy: true) {
            raft("2.5.3", $0)
            $0.vault.options.features.isOpenBao = true
            $0.vault.options.features.refusesAttempts = true
        },
        row("listeners hide addresses, version and cluster name", "vault#23534, vault#23568", isHealthy: true) {
            $0.vault.options.version = "1.17.6"
            $0.vault.options.features.redactsAddresses = true
            $0.vault.options.features.redactsVersion = true
            $0.vault.options.features.redactsClusterName = true
        },
        row("listeners hide addresses alone", "vault#23534", isHealthy: true) {
            $0.vault.options.version = "1.16.3"
            $0.vault.options.features.redactsAddresses = true
        },
        row("OpenBao that hides addresses", "openbao.org, listener documentation", isHealthy: true) {
            $0.vault.options.version = "2.2.0"
            $0.vault.options.features.isOpenBao = true
            $0.vault.options.features.redactsAddresses = true
        },
        row("telemetry with a prefix of its own and host names", "vault#1898, vault#7902", isHealthy: true) {
            $0.vault.options.features.metricsPrefix = "acme"
            $0.vault.options.features.metricsHost = "host1"
        },
        row("an upgrade that pauses for an hour", docs + "upgrading", isHealthy: true, lasts: .seconds(3600)) {
            $0.vault.options.version = "1.17.6"
            $0.vault.nodes[2].traits.version = "1.18.0"
        },
        row("a step-down", recordings, isHealthy: true) { estate in
            estate.after(.seconds(300)) { perform(.stepDown, on: 0, $0) }
        },
        row("three planned step-downs in a quarter of an hour", recordings, isHealthy: true) { estate in
            for (seconds, node) in [(300, 0), (500, 1), (700, 2)] {
                estate.after(.seconds(seconds)) { perform(.stepDown, on: node, $0) }
            }
        },
        row("an auto-unseal node that is sealed for ten seconds at its start", docs + "seal", isHealthy: true) {
            estate in
            estate.vault.options.features.sealType = "awskms"
            estate.after(.seconds(300)) { perform(.seal, on: 2, $0) }
            estate.after(.seconds(310)) { perform(.unseal, on: 2, $0) }
        },
        row("one answer that was lost", "prometheus/blackbox_exporter practice", isHealthy: true) { estate in
            let time = estate.time
            let begin = time.monotonic() + .seconds(300)
            estate.answer = { request in
                let isLost = time.monotonic() >= begin && time.monotonic() < begin + .seconds(4)
                return isLost && request.url.hasPrefix("https://vault-3:8200/") ? .success(.hang) : nil
            }
        },
        row("one answer of the active node that was lost", "a network that drops a packet", isHealthy: true) { estate in
            let time = estate.time
            let begin = time.monotonic() + .seconds(300)
            estate.answer = { request in
                let isLost = time.monotonic() >= begin && time.monotonic() < begin + .seconds(4)
                return isLost && request.url.hasPrefix("https://vault-1:8200/v1/sys/") ? .success(.hang) : nil
            }
        },
        row("a load balancer that routes to the active node", docs + "/sys/health", isHealthy: true) {
            balance("load_balancer_url: \"https://lb\"", $0) { _ in 0 }
        },
        row("a load balancer that may choose standbys", "vault#7240, vault#5870", isHealthy: true) {
            balance("load_balancer: {url: \"https://lb\", accepts: [active, standby, performance_standby]}", $0) {
                $0 % 3
            }
        },
        row("a load balancer that may choose standbys, with its old key", "vault#7240", isHealthy: true) {
            balance(
                "load_balancer_url: \"https://lb\"\nload_balancer: {accepts: [active, standby]}", $0
            ) { _ in 2 }
        },
        row("a load balancer's check is a moment behind a failover", recordings, isHealthy: true) { estate in
            balance("load_balancer_url: \"https://lb\"", estate) { (60...62).contains($0) ? 1 : 0 }
        },
    ]

    // MARK: Nodes

    private static let nodes: [StateRow] = [
        row("a standby was killed", recordings, ["VaultNodeUnreachable", "VaultTooFewStandbys"], lasts: .seconds(3600))
        {
            perform(.kill, on: 2, $0)
        },
        row(
            "a standby hangs", recordings, ["VaultNodeUnreachable", "VaultTooFewStandbys"],
            mayFire: ["VaultwatchProbeStalled"]
        ) {
            perform(.hang, on: 2, $0)
        },
        row(
            "a node on integrated storage was killed", recordings,
            ["VaultNodeUnreachable", "VaultTooFewStandbys", "VaultNoReserve"]
        ) {
            raft("1.15.4", $0)
            perform(.kill, on: 2, $0)
        },
        row(
            "the active node was killed, and a standby takes over", recordings,
            ["VaultNodeUnreachable", "VaultTooFewStandbys"], mayFire: canary.union(["VaultActiveNodeLost"])
        ) { estate in estate.after(.seconds(300)) { perform(.kill, on: 0, $0) } },
        row(
            "the active node hangs, and a standby takes over", recordings,
            ["VaultNodeUnreachable", "VaultTooFewStandbys"], mayFire: canary.union(["VaultActiveNodeLost"])
        ) { estate in estate.after(.seconds(300)) { perform(.hang, on: 0, $0) } },
        row("a standby is sealed", recordings, ["VaultSealed", "VaultTooFewStandbys"]) { perform(.seal, on: 2, $0) },
        row("an auto-unseal node stays sealed", docs + "seal", ["VaultSealed", "VaultTooFewStandbys"]) {
            $0.vault.options.features.sealType = "awskms"
            perform(.seal, on: 2, $0)
        },
        row("half an unseal was left", recordings, ["VaultSealed", "VaultUnsealStuck", "VaultTooFewStandbys"]) {
            perform(.seal, on: 2, $0)
            perform(.giveKey("lab-unseal-key-1"), on: 2, $0)
        },
        row(
            "a seal migration was forgotten", docs + "/sys/seal-status", ["VaultSealMigrationOpen"],
            lasts: .seconds(4000)
        ) {
            $0.vault.nodes[1].traits.isMigrating = true
        },
        row("a standby's storage fails", recordings, ["VaultNodeStorageError", "VaultTooFewStandbys"]) {
            perform(.storageError, on: 2, $0)
        },
        row(
            "standbys on PostgreSQL cannot forward (474) and can take over",
            "vault#29893, jitsi/infra-configuration#940",
            ["VaultForwardingBroken"]
        ) {
            $0.vault.options.version = "1.19.0"
            $0.vault.options.features.reportsConnection = true
            for index in [1, 2] { $0.vault.nodes[index].traits.isCutOff = true }
        },
        row(
            "a standby on integrated storage is cut off (474)", docs + "/sys/health 1.19",
            ["VaultNodeDegraded", "VaultTooFewStandbys", "VaultNoReserve"]
        ) {
            raft("1.19.2", $0)
            $0.vault.nodes[2].traits.isCutOff = true
        },
        row(
            "a node was removed (530)", docs + "/sys/health 1.19",
            ["VaultNodeRemoved", "VaultTooFewStandbys", "VaultNoReserve"]
        ) {
            raft("1.19.2", $0)
            $0.vault.nodes[2].traits.isRemoved = true
        },
        row(
            "a removed node has sealed itself", docs + "/sys/seal-status 1.19",
            ["VaultNodeRemoved", "VaultTooFewStandbys", "VaultNoReserve"]
        ) {
            raft("1.19.2", $0)
            $0.vault.nodes[2].traits.isRemoved = true
            perform(.seal, on: 2, $0)
        },
        row("a proxy before a standby answers 502 itself", "nginx' page", ["VaultNodeDegraded", "VaultTooFewStandbys"])
        {
            health(of: "vault-2", $0) { page(502, "Bad Gateway") }
        },
        row(
            "a proxy before a standby answers 429 itself", "haproxy's page",
            ["VaultNodeDegraded", "VaultTooFewStandbys"]
        ) {
            health(of: "vault-2", $0) { page(429, "Too Many Requests") }
        },
        row(
            "a status that no version is known to give", "a future version",
            ["VaultNodeDegraded", "VaultTooFewStandbys"]
        ) {
            health(of: "vault-2", $0) {
                .response(
                    LabResponse(299, type: "application/json", #"{"initialized":true,"sealed":false,"standby":true}"#))
            }
        },
        row(
            "the URL of a listener for metrics alone", "bao#1834, bao#1853",
            ["VaultNodeDegraded", "VaultTooFewStandbys"]
        ) {
            health(of: "vault-2", $0) { .response(LabResponse(404, type: "application/json", #"{"errors":[]}"#)) }
        },
        row("a proxy adds standbyok", docs + "/sys/health", ["VaultNodeInconsistent"]) {
            health(of: "vault-2", $0) {
                .response(
                    LabResponse(200, type: "application/json", #"{"initialized":true,"sealed":false,"standby":true}"#))
            }
        },
    ]

    // MARK: Clusters

    private static let clusters: [StateRow] = [
        row(
            "all nodes are sealed", recordings, ["VaultSealed", "VaultNoActiveNode", "VaultTooFewStandbys"],
            mayFire: canary
        ) { estate in (0..<3).forEach { perform(.seal, on: $0, estate) } },
        row(
            "nothing is initialised", recordings, ["VaultUninitialized", "VaultNoActiveNode", "VaultTooFewStandbys"],
            mayFire: canary
        ) { estate in
            var options = SimulatedVaultCluster.Options()
            options.initialised = false
            let nodes = estate.vault.nodes.map { ($0.name, $0.address, $0.clusterAddress) }
            estate.vault = SimulatedVaultCluster(options, nodes: nodes, at: estate.time.wall())
        },
        row(
            "all nodes were away for ten minutes until a moment ago", recordings,
            ["VaultFailoverSlow"],
            mayFire: canary.union([
                "VaultNodeUnreachable", "VaultNoActiveNode", "VaultActiveNodeLost", "VaultTooFewStandbys",
                "VaultNoReserve", "VaultwatchBlind", "VaultSealed",
            ]), lasts: .seconds(925)
        ) { estate in
            estate.after(.seconds(300)) { estate in (0..<3).forEach { perform(.hang, on: $0, estate) } }
            estate.after(.seconds(900)) { estate in (0..<3).forEach { perform(.start, on: $0, estate) } }
        },
        row(
            "all nodes lost their storage", recordings,
            ["VaultNodeStorageError", "VaultNoActiveNode", "VaultTooFewStandbys"], mayFire: canary
        ) { estate in (0..<3).forEach { perform(.storageError, on: $0, estate) } },
        row(
            "all standby and no leader", "vault#29694", ["VaultNoActiveNode", "VaultActiveNodeLost"], mayFire: canary
        ) { estate in (0..<3).forEach { estate.vault.nodes[$0].traits.refusesToLead = true } },
        row(
            "only the active node is left on PostgreSQL", recordings,
            ["VaultNodeUnreachable", "VaultTooFewStandbys", "VaultNoReserve"]
        ) { estate in [1, 2].forEach { perform(.kill, on: $0, estate) } },
        row(
            "two nodes that both lead", "vault#11319", ["VaultSplitBrain", "VaultLeaderDisagreement"]
        ) { $0.vault.nodes[1].traits.claimsLeadership = true },
        row("a node of another cluster", recordings, ["VaultForeignNode"]) {
            $0.vault.nodes[2].traits.clusterID = "ffffffff-b6ca-2d00-319e-639e2185b348"
        },
        row("the clock of one node is wrong", recordings, ["VaultClockSkew"]) {
            $0.vault.nodes[1].traits.clockOffset = .seconds(-7)
        },
        row(
            "all nodes' clocks differ from the agent's", recordings,
            mayFire: ["VaultwatchClockWrong"]
        ) { estate in (0..<3).forEach { estate.vault.nodes[$0].traits.clockOffset = .seconds(-40) } },
        row(
            "the active node changes five times in a quarter of an hour", recordings, ["VaultLeadershipFlapping"],
            mayFire: canary.union(["VaultActiveNodeLost"]), lasts: .seconds(1000)
        ) { estate in
            for turn in 0..<5 { estate.after(.seconds(300 + turn * 120)) { perform(.stepDown, on: turn % 3, $0) } }
        },
        row(
            "a DR secondary of which no node answers", docs + "/sys/replication",
            ["VaultNodeUnreachable", "VaultTooFewStandbys", "VaultReplicationUnknown"], mayFire: ["VaultwatchBlind"],
            lasts: .seconds(2400)
        ) { estate in
            enterprise("dr", "secondary", "stream-wals", estate)
            estate.after(.seconds(300)) { estate in (0..<3).forEach { perform(.kill, on: $0, estate) } }
        },
        row(
            "a DR secondary of which one node is sealed", docs + "/sys/health", ["VaultSealed", "VaultTooFewStandbys"]
        ) {
            enterprise("dr", "secondary", "stream-wals", $0)
            perform(.seal, on: 2, $0)
        },
    ]

    // MARK: Load balancers

    private static let loadBalancers: [StateRow] = [
        row("a load balancer that finds no node", "haproxy's page", ["VaultLoadBalancerDown"], mayFire: canary) {
            balance("load_balancer_url: \"https://lb\"", $0) { _ in nil }
        },
        row("a load balancer that refuses connections", "a stopped haproxy", ["VaultLoadBalancerDown"], mayFire: canary)
        {
            $0.vaultSettings = "load_balancer_url: \"https://lb\""
        },
        row("a load balancer in turn on all nodes", "vault#5870", ["VaultLoadBalancerOnStandby"]) {
            balance("load_balancer_url: \"https://lb\"", $0) { $0 % 3 }
        },
        row("a load balancer pinned to a standby", "vault#7240", ["VaultLoadBalancerOnStandby"]) {
            balance("load_balancer_url: \"https://lb\"", $0) { _ in 1 }
        },
        row(
            "a load balancer that goes on to a sealed node", docs + "/sys/health",
            ["VaultLoadBalancerWrongNode", "VaultSealed", "VaultTooFewStandbys"], mayFire: canary
        ) {
            balance("load_balancer_url: \"https://lb\"", $0) { $0 % 2 * 2 }
            perform(.seal, on: 2, $0)
        },
        row(
            "a load balancer of another cluster", recordings, ["VaultLoadBalancerOtherCluster"]
        ) { estate in
            balance("load_balancer_url: \"https://lb\"", estate) { _ in 0 }
            let before = estate.answer
            estate.answer = { request in
                guard request.url.hasPrefix("https://lb/v1/sys/health"),
                    case .success(.response(var other))? = before(request)
                else { return before(request) }
                let text = String(decoding: other.body, as: UTF8.self)
                other.body = Array(text.replacing("3d35f816", with: "ffffffff").utf8)
                return .success(.response(other))
            }
        },
        row(
            "a load balancer before a DR secondary finds no node, by design", "DataDog/integrations-core#7819",
            isHealthy: true
        ) {
            balance("load_balancer_url: \"https://lb\"", $0) { _ in nil }
            enterprise("dr", "secondary", "stream-wals", $0)
        },
    ]

    // MARK: What changes slowly

    private static let facts: [StateRow] = [
        row("a DR secondary that stands still", docs + "/sys/replication", ["VaultDRReplicationBroken"]) {
            enterprise("dr", "secondary", "idle", $0)
        },
        row("a DR secondary that never ends its merkle sync", "vault#5565", ["VaultDRReplicationBroken"]) {
            enterprise("dr", "secondary", "merkle-sync", $0)
        },
        row("a DR secondary without heartbeats", docs + "/sys/replication", ["VaultDRReplicationBroken"]) {
            enterprise("dr", "secondary", "stream-wals", $0)
            $0.vault.options.features.replication["dr"]?.heartbeatAge = .seconds(600)
        },
        row("a DR secondary that lost its primary", docs + "/sys/replication", ["VaultDRReplicationBroken"]) {
            enterprise("dr", "secondary", "stream-wals", $0)
            $0.vault.options.features.replication["dr"]?.isConnected = false
        },
        row("a DR secondary whose replication nobody tells", docs + "/sys/replication", ["VaultReplicationUnknown"]) {
            enterprise("dr", "secondary", "stream-wals", $0)
            $0.answer = { $0.url.contains("/sys/replication/") ? .success(page(404, "Not Found")) : nil }
        },
        row(
            "a DR secondary that was promoted", docs + "/sys/replication", ["VaultReplicationModeChanged"]
        ) { estate in
            enterprise("dr", "secondary", "stream-wals", estate)
            estate.after(.seconds(300)) {
                $0.vault.options.features.replication["dr"] = .init(mode: "primary", state: "running")
            }
        },
        row(
            "a cluster that serves is demoted to a DR secondary", docs + "/sys/replication", ["VaultBecameDRSecondary"],
            mayFire: canary
        ) { estate in
            enterprise("dr", "primary", "running", estate)
            estate.after(.seconds(300)) {
                $0.vault.options.features.replication["dr"] = .init(mode: "secondary", state: "stream-wals")
            }
        },
        row(
            "a DR secondary whose replication was disabled", docs + "/sys/replication", ["VaultReplicationModeChanged"]
        ) { estate in
            enterprise("dr", "secondary", "stream-wals", estate)
            estate.after(.seconds(300)) { $0.vault.options.features.replication["dr"] = nil }
        },
        row(
            "a performance secondary that stands still", docs + "/sys/replication",
            ["VaultPerformanceReplicationBroken"]
        ) { enterprise("performance", "secondary", "merkle-diff", $0) },
        row("a DR primary whose secondary is gone", docs + "/sys/replication", ["VaultReplicationPeerLost"]) {
            enterprise("dr", "primary", "running", $0)
            $0.vault.options.features.replication["dr"]?.isConnected = false
        },
        row("somebody began a rekey", recordings, ["VaultRekeyStarted"]) {
            $0.vault.options.features.rekey = .init(progress: 0)
        },
        row("somebody gave a share to a rekey", recordings, ["VaultRekeyStarted", "VaultRekeyProgress"]) {
            $0.vault.options.features.rekey = .init(progress: 1)
        },
        row("somebody began to make a root token", recordings, ["VaultRootGenerationStarted"]) {
            $0.vault.options.features.rootGeneration = .init(progress: 0)
        },
        row(
            "somebody gave a share to make a root token", recordings,
            ["VaultRootGenerationStarted", "VaultRootGenerationProgress"]
        ) { $0.vault.options.features.rootGeneration = .init(progress: 2) },
        row("the key service of auto-unseal is gone", docs + "/sys/seal-backend-status", ["VaultSealBackendUnhealthy"])
        {
            $0.vault.options.version = "1.17.6"
            $0.vault.options.features.sealType = "awskms"
            $0.vault.options.features.sealBackends = ["awskms": false]
        },
        row("integrated storage that can lose no more", "Recording raft.autopilot-state", ["VaultRaftUnhealthy"]) {
            raft("1.15.4", $0)
            $0.vault.options.features.raft?.failureTolerance = 0
        },
        row("a dead server still counts in raft", recordings, ["VaultRaftPeersDiffer"], lasts: .seconds(4000)) {
            raft("1.15.4", $0)
            $0.vault.options.features.raft?.servers = 4
        },
        row("Prometheus' format is off", docs + "/sys/metrics", isHealthy: true, ["VaultTelemetryUnreadable"]) {
            $0.vault.options.features.prometheusIsOff = true
        },
        row("a licence of 20 days", docs + "/sys/health", isHealthy: true, ["VaultLicenseEnding"]) {
            raft("1.17.2+ent", $0)
            $0.vault.options.features.licenseExpiry = StateRig.begin + .seconds(20 * 86_400)
        },
        row("a licence of 5 days", docs + "/sys/health", ["VaultLicenseEnding", "VaultLicenseEndingSoon"]) {
            raft("1.17.2+ent", $0)
            $0.vault.options.features.licenseExpiry = StateRig.begin + .seconds(5 * 86_400)
        },
        row(
            "a licence that has ended", docs + "/sys/health",
            ["VaultLicenseEnding", "VaultLicenseEndingSoon", "VaultLicenseEnded"]
        ) {
            raft("1.17.2+ent", $0)
            $0.vault.options.features.licenseExpiry = StateRig.begin + .seconds(-86_400)
        },
    ]
}

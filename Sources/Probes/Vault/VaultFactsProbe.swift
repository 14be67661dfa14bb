import Platform
import Samples
import Synchronization
import Text
import Transport

/// Infrequently requests slowly changing facts about a cluster: replication, attempts to rekey or to generate a root
/// token, the backends of auto-unseal, integrated storage, licence. Requests are sequential and go to the active node;
/// for a disaster recovery secondary to the node that leads it.
final class VaultFactsProbe: RunnableProbe {
    /// How long a request is paused after it was refused, or if this version or edition does not know it.
    private static let rest = Duration.seconds(600)
    /// Limits for lists of the servers: members, servers and backends; automated snapshots.
    private static let memberLimit = 50
    private static let snapshotLimit = 10

    /// One run.
    private struct Turn: Sendable {
        let base: String
        /// No request starts after this time.
        let end: Instant
        /// Nil without one; then only endpoints that need no token are requested.
        var token: String?
        var set: SampleSet
        var answers = 0
        /// Whether the last request for each fact was answered.
        var facts: [String: Bool] = [:]
        var failure: ProbeFailure?
        /// Set once a node has let a request time out: it gets no more in this run.
        var isOver = false
    }

    let target: ProbeTarget
    private let cluster: VaultCluster
    /// By request: when it is sent again after a refusal.
    private let resting = Mutex<[String: Instant]>([:])

    init(cluster: VaultCluster) {
        self.cluster = cluster
        target = ProbeTarget(.vaultFacts, cluster.options.name)
    }

    /// A token that the agent logged in for is useless after its last probe.
    func close() async {
        guard let base = cluster.activeNode?.url else { return }
        await cluster.session.close(base: base)
    }

    var interval: Duration { max(cluster.options.interval, cluster.options.factsInterval) }
    var timeout: Duration { cluster.options.timeout * 2 + .seconds(1) }
    var executor: (any TaskExecutor)? { cluster.http.executor }

    func timedOut() -> ProbeReport {
        failed(ProbeFailure("timeout", "facts: no answer within \(Words.duration(timeout))"))
    }

    private func failed(_ failure: ProbeFailure) -> ProbeReport {
        ProbeReport(
            samples: [], failure: failure, status: TargetStatus(.unknown, "unknown", detail: failure.description))
    }

    func run() async -> ProbeReport {
        let now = cluster.platform.time.now()
        let active = cluster.activeNode
        guard let base = active?.url ?? secondaryLeader else {
            return failed(ProbeFailure("no_active_node", "facts: no node to query"))
        }
        var turn = Turn(
            base: base, end: now.monotonic + cluster.options.timeout * 2,
            set: SampleSet(["cluster": cluster.options.name], at: now.wall))
        await askReplication(&turn)
        await askSealBackends(&turn)
        // A secondary has no keys of its own to change and accepts no tokens.
        if active != nil {
            await askAttempts(&turn)
            await askWithToken(&turn)
        }
        if turn.answers == 0, let failure = turn.failure { return failed(failure) }
        for (fact, isAnswered) in turn.facts.sorted(by: { $0.key < $1.key }) {
            turn.set.add("vault_fact_available", isAnswered, ["fact": fact])
        }
        return ProbeReport(
            samples: turn.set.samples, status: TargetStatus(.ok, "read", detail: "\(turn.answers) answers"))
    }

    /// The node that leads a disaster recovery secondary, otherwise one of its nodes.
    private var secondaryLeader: String? {
        let nodes = cluster.observations.filter { $0.observation.state == .drSecondary }
        return (nodes.first { $0.observation.leader?.isSelf == true } ?? nodes.first)?.node.url
    }

    // MARK: Requests without a token

    private func askReplication(_ turn: inout Turn) async {
        for (kind, mode) in cluster.replicationModes.sorted(by: { $0.key < $1.key }) where mode != "disabled" {
            var answer = await ask(
                ReplicationAnswer.self, "replication_\(kind)", "/v1/sys/replication/\(kind)/status", &turn)
            if answer?.mode == nil {
                let both = await ask(ReplicationsAnswer.self, "replication", "/v1/sys/replication/status", &turn)
                answer = kind == "dr" ? both?.dr : both?.performance
            }
            if let answer, answer.mode != nil { add(answer, kind, to: &turn) }
        }
    }

    private func add(_ answer: ReplicationAnswer, _ kind: String, to turn: inout Turn) {
        turn.set.add(
            "vault_replication_info", 1,
            [
                "kind": kind, "mode": answer.mode ?? "", "state": answer.state ?? "",
                "connection_state": answer.connectionState ?? "",
            ])
        let isSecondary = answer.mode == "secondary"
        if isSecondary { turn.set.add("vault_replication_streaming", answer.isStreaming, ["kind": kind]) }
        let peers = isSecondary ? answer.primaries : answer.secondaries
        for (connection, isConnected) in [("connected", true), ("disconnected", false)] {
            turn.set.add(
                "vault_replication_peers", peers.count { $0.isConnected == isConnected },
                ["kind": kind, "connection": connection])
        }
        if isSecondary, let heartbeat = answer.primaries.compactMap(\.lastHeartbeat).max() {
            turn.set.add(
                "vault_replication_heartbeat_age_seconds", max(0, serverTime(turn).seconds - heartbeat.seconds),
                ["kind": kind])
        }
        if let root = answer.merkleRoot, let id = answer.clusterID {
            turn.set.add(
                "vault_replication_merkle_root", root, ["kind": kind, "mode": answer.mode ?? "", "replication": id])
        }
        turn.set.add("vault_replication_wal_index", answer.lastWAL.map(Double.init), ["kind": kind, "side": "own"])
        turn.set.add(
            "vault_replication_wal_index", answer.lastRemoteWAL.map(Double.init), ["kind": kind, "side": "primary"])
    }

    /// The time by the node's clock, which also stamps heartbeats.
    private func serverTime(_ turn: Turn) -> Timestamp {
        let skew = cluster.observations.first { $0.node.url == turn.base }?.observation.clockSkew ?? 0
        return Timestamp(seconds: turn.set.timestamp.seconds + skew)
    }

    private func askSealBackends(_ turn: inout Turn) async {
        for (node, observation) in cluster.observations where observation.isSealed == false {
            guard let type = observation.seal?.type, type != "shamir" else { continue }
            let answer = await ask(
                SealBackendsAnswer.self, "seal_backend", "/v1/sys/seal-backend-status", &turn, base: node.url,
                key: "seal_backend/\(node.name)")
            var names: Set<String> = []
            for backend in answer?.backends.prefix(VaultFactsProbe.memberLimit) ?? [] where backend.isDisabled != true {
                let name = backend.name ?? type
                guard names.insert(name).inserted else { continue }
                turn.set.add(
                    "vault_seal_backend_healthy", backend.isHealthy, ["node": node.name, "backend": name])
            }
        }
    }

    private func askAttempts(_ turn: inout Turn) async {
        let sealType = cluster.observations.first { $0.node.url == turn.base }?.observation.seal?.type
        var questions = [("rekey", "/v1/sys/rekey/init", "unseal")]
        if sealType != "shamir" { questions.append(("rekey_recovery", "/v1/sys/rekey-recovery-key/init", "recovery")) }
        for (fact, path, keys) in questions {
            guard let answer = await askAttempt(fact, path, &turn) else { continue }
            turn.set.add("vault_rekey_started", answer.isStarted, ["keys": keys])
            turn.set.add("vault_rekey_progress", answer.progress.map(Double.init), ["keys": keys])
        }
        if let answer = await askAttempt("generate_root", "/v1/sys/generate-root/attempt", &turn) {
            turn.set.add("vault_root_generation_started", answer.isStarted)
            turn.set.add("vault_root_generation_progress", answer.progress.map(Double.init))
        }
    }

    /// Unauthenticated before Vault 2.0 and OpenBao 2.5, which require a token whose policy allows it.
    private func askAttempt(_ fact: String, _ path: String, _ turn: inout Turn) async -> KeyAttemptAnswer? {
        if let answer = await ask(KeyAttemptAnswer.self, fact, path, &turn) { return answer }
        guard cluster.options.hasToken, !turn.isOver,
            case .success(let token) = await cluster.session.token(base: turn.base)
        else { return nil }
        turn.token = token
        defer { turn.token = nil }
        return await ask(KeyAttemptAnswer.self, fact, path, &turn, key: fact + "/token")
    }

    // MARK: Requests with a token

    private func askWithToken(_ turn: inout Turn) async {
        guard cluster.options.hasToken, !turn.isOver else { return }
        guard case .success(let token) = await cluster.session.token(base: turn.base) else { return }
        turn.token = token
        if let answer = await ask(HAStatusAnswer.self, "ha_status", "/v1/sys/ha-status", &turn) {
            turn.set.add("vault_ha_nodes", answer.members.count)
            var addresses: Set<String> = []
            for member in answer.members.prefix(VaultFactsProbe.memberLimit) {
                guard let echo = member.lastEcho, let address = member.address, addresses.insert(address).inserted
                else { continue }
                turn.set.add(
                    "vault_ha_node_echo_age_seconds", max(0, serverTime(turn).seconds - echo.seconds),
                    ["address": address])
            }
        }
        let isRaft = cluster.storageType == "raft"
        if isRaft { await askRaft(&turn) }
        guard cluster.observations.contains(where: { $0.observation.isEnterprise }) else { return }
        if let answer = await ask(LicenseAnswer.self, "license", "/v1/sys/license/status", &turn) {
            turn.set.add("vault_license_expiry_timestamp_seconds", answer.expiry)
            turn.set.add("vault_license_termination_timestamp_seconds", answer.termination)
        }
        if isRaft { await askAutosnapshots(&turn) }
    }

    private func askRaft(_ turn: inout Turn) async {
        if let answer = await ask(
            AutopilotAnswer.self, "raft_autopilot", "/v1/sys/storage/raft/autopilot/state", &turn)
        {
            turn.set.add("vault_raft_healthy", answer.isHealthy)
            turn.set.add("vault_raft_failure_tolerance", answer.failureTolerance.map(Double.init))
            for (name, server) in answer.servers.sorted(by: { $0.key < $1.key }).prefix(VaultFactsProbe.memberLimit) {
                turn.set.add("vault_raft_server_healthy", server.isHealthy, ["server": name])
            }
        }
        if let servers = await ask(
            RaftConfigurationAnswer.self, "raft_configuration", "/v1/sys/storage/raft/configuration", &turn)?.servers
        {
            turn.set.add("vault_raft_servers", servers.count)
            turn.set.add("vault_raft_voters", servers.count { $0.isVoter == true })
        }
    }

    private func askAutosnapshots(_ turn: inout Turn) async {
        let path = "/v1/sys/storage/raft/snapshot-auto"
        guard
            let names = await ask(KeysAnswer.self, "autosnapshot", path + "/config?list=true", &turn)?.keys
        else { return }
        for name in Set(names).sorted().prefix(VaultFactsProbe.snapshotLimit) where VaultFactsProbe.isSegment(name) {
            guard
                let answer = await ask(
                    AutosnapshotAnswer.self, "autosnapshot", path + "/status/" + PercentCoding.encode(name), &turn,
                    key: "autosnapshot/" + name)
            else { continue }
            turn.set.add(
                "vault_autosnapshot_consecutive_errors", answer.consecutiveErrors.map(Double.init), ["name": name])
            turn.set.add("vault_autosnapshot_last_end_timestamp_seconds", answer.lastEnd, ["name": name])
        }
    }

    /// Whether a name is safe as one segment of a path, even when encoded: Vault decodes before it splits at slashes
    /// and interprets dots.
    private static func isSegment(_ name: String) -> Bool {
        (1...256).contains(name.utf8.count) && !name.contains("/") && !name.contains("\\") && name != "."
            && name != ".."
    }

    // MARK: Sending

    /// Sends one request.
    /// - Parameters:
    ///   - fact: the value of the label `fact`.
    ///   - key: distinguishes several requests for one fact; the fact itself unless given.
    /// - Returns: the content of a 200; nil for any other answer, for none, and while the request is paused.
    private func ask<Answer: Decodable & Sendable>(
        _ type: Answer.Type, _ fact: String, _ path: String, _ turn: inout Turn, base: String? = nil,
        key: String? = nil
    ) async -> Answer? {
        let key = key ?? fact
        let now = cluster.platform.time.monotonic()
        let left = turn.end - now
        guard !turn.isOver, left > .zero else { return nil }
        guard resting.withLock({ $0[key].map { $0 <= now } ?? true }) else {
            turn.facts[fact] = false
            return nil
        }
        var request = cluster.options.request(base ?? turn.base, path, token: turn.token)
        request.timeout = min(request.timeout, left)
        request.connectTimeout = min(request.connectTimeout, left)
        switch await cluster.http.exchange(request) {
        case .failure(let error):
            turn.failure = ProbeFailure(error)
            turn.isOver = base == nil || error.reason == .timeout
            turn.facts[fact] = false
            return nil
        case .success(let response):
            turn.answers += 1
            turn.facts[fact] = response.status == 200
            if response.status == 200 { return decodeJSON(Enveloped<Answer>.self, response.body)?.answer }
            // A refused or unknown request will still be so in a minute; a server error may be temporary.
            if (300..<500).contains(response.status) {
                let again = cluster.platform.time.monotonic() + VaultFactsProbe.rest
                resting.withLock { $0[key] = again }
            }
            return nil
        }
    }
}

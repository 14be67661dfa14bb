import Platform
import Samples
import Synchronization
import Text
import Transport

/// Requests health and, where that leaves them open, the seal's status and the leader from one node without a token, one
/// after the other, so that a single persistent connection serves them.
final class VaultNodeProbe: RunnableProbe {
    private enum Endpoint: String, CaseIterable {
        case health
        case seal = "seal_status"
        case leader

        var path: String {
            switch self {
            case .health: "/v1/sys/health"
            case .seal: "/v1/sys/seal-status"
            case .leader: "/v1/sys/leader"
            }
        }
    }

    /// What the endpoints answered.
    private struct Answers {
        var health: Exchange
        /// Nil if it was not asked, since the last answer still holds.
        var seal: Exchange?
        /// The same.
        var leader: Exchange?

        subscript(_ endpoint: Endpoint) -> Exchange? {
            switch endpoint {
            case .health: health
            case .seal: seal
            case .leader: leader
            }
        }
    }

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let node: VaultClusterOptions.Node
    /// Of health, which is asked each time. Nothing would read those of the others, of 16 series each.
    private let histogram = Mutex(LatencyHistogram())
    private let series = Mutex(SeriesOfRun())
    private let patience = Mutex(Patience())
    private let memory = Mutex(VaultNodeMemory())
    private let lastHealth = Mutex(HealthMemory())

    init(cluster: VaultCluster, node: VaultClusterOptions.Node) {
        self.cluster = cluster
        self.node = node
        target = cluster.target(node.name)
    }

    var interval: Duration { cluster.options.interval }
    var timeout: Duration { cluster.options.timeout + .seconds(1) }
    var executor: (any TaskExecutor)? { cluster.http.executor }
    var canGlance: Bool { true }

    func run() async -> ProbeReport {
        let asked = cluster.platform.time.now()
        let end = asked.monotonic + cluster.options.timeout
        return await report(await askHealth(until: end), asked: asked, until: end)
    }

    /// Asks for the health alone: a node that is sealed or steps down breaks no connection.
    func glance() async -> ProbeReport? {
        // One that did not answer has its full timeout, in its own turn.
        guard let known = memory.withLock(\.condition) else { return nil }
        let asked = cluster.platform.time.now()
        let end = asked.monotonic + cluster.options.timeout
        let health = await askHealth(until: end)
        guard VaultObservation.Condition(observation(health, asked: asked)) == known else {
            return await report(health, asked: asked, until: end)
        }
        cluster.reaffirm(node.name, at: asked)
        observe(health)
        return nil
    }

    /// Asks the rest and reports.
    private func report(_ health: Exchange, asked: Moment, until end: Instant) async -> ProbeReport {
        if let error = health.error, error.reason == .notBegun {
            return ProbeReport(samples: [], failure: ProbeFailure(error), status: TargetStatus(.unknown, "not asked"))
        }
        var observation = observation(health, asked: asked)
        let condition = VaultObservation.Condition(observation)
        // Before the questions: a change that is seen meanwhile requires new ones.
        let changes = cluster.changes
        let (knownSeal, knownLeader) = memory.withLock {
            (
                $0.seal(for: condition, now: asked.monotonic),
                $0.leader(for: condition, changes: changes, now: asked.monotonic)
            )
        }
        let sealExchange = knownSeal == nil ? await ask(.seal, health, until: end) : nil
        let leaderExchange = knownLeader == nil ? await ask(.leader, health, until: end) : nil
        let seal = knownSeal ?? sealExchange?.answer(SealAnswer.self)
        let leader = knownLeader ?? leaderExchange?.answer(LeaderAnswer.self)
        memory.withLock {
            if knownSeal == nil { $0.keep(condition, seal: seal, now: asked.monotonic) } else { $0.keep(condition) }
            if knownLeader == nil { $0.keep(leader: leader, condition, changes: changes, now: asked.monotonic) }
        }
        observation.add(seal: seal, leader: leader)
        return report(observation, Answers(health: health, seal: sealExchange, leader: leaderExchange))
    }

    private func observation(_ health: Exchange, asked: Moment) -> VaultObservation {
        VaultObservation(health: health, asked: asked) { body in lastHealth.withLock { $0.answer(body) } }
    }

    private func askHealth(until end: Instant) async -> Exchange {
        let time = cluster.platform.time
        return await Patience.ask(patience, timeout: cluster.options.timeout, time: time) { limit in
            let limit = limit.map { min(time.monotonic() + $0, end) }
            return await ask(.health, nil, until: limit ?? end)
        }
    }

    /// - Parameters:
    ///   - health: the outcome of the first request; nil if this one is the first.
    ///   - end: all three must be answered by then, so that the probe takes no longer than a single request may.
    private func ask(_ endpoint: Endpoint, _ health: Exchange?, until end: Instant) async -> Exchange {
        // A node that was just unreachable, or that hangs, is not tried again.
        if let error = health?.error, error.isUnsent || error.isTaken { return .failure(error) }
        var request = cluster.options.request(node.url, endpoint.path)
        let left = end - cluster.platform.time.monotonic()
        guard left > .zero else {
            return .failure(
                TransportError(
                    .timeout, "\(endpoint.path): not requested, since the previous requests took the whole timeout"))
        }
        request.timeout = min(request.timeout, left)
        request.connectTimeout = min(request.connectTimeout, left)
        return await cluster.http.exchange(request)
    }

    func timedOut() -> ProbeReport {
        let error = Exchange.failure(TransportError(.timeout, "no answer within \(Words.duration(timeout))"))
        memory.withLock { $0.keep(nil, seal: nil, now: cluster.platform.time.monotonic()) }
        return report(
            VaultObservation(health: error, asked: cluster.platform.time.now()),
            Answers(health: error, seal: error, leader: error))
    }

    private func report(_ observation: VaultObservation, _ answers: Answers) -> ProbeReport {
        let (derived, confirm) = cluster.observe(observation, of: node.name)
        var set = observation.samples(
            cluster: cluster.options.name, node: node.name, storage: cluster.storageType,
            at: cluster.platform.time.wall(), previous: series.withLock(\.labels))
        observe(answers.health)
        for endpoint in Endpoint.allCases {
            set.add("vault_node_endpoint_up", answers[endpoint]?.isSuccess ?? true, ["endpoint": endpoint.rawValue])
        }
        set.add(
            "vault_node_request_duration_seconds", histogram.withLock { $0 },
            [Label("endpoint", Endpoint.health.rawValue)])
        series.withLock { $0.keep(set.samples) }
        return ProbeReport(
            samples: set.samples, failure: observation.failure, status: observation.targetStatus,
            derived: derived.map { [$0] } ?? [],
            confirm: confirm)
    }

    private func observe(_ health: Exchange) {
        guard case .success(let response) = health else { return }
        histogram.withLock { $0.observe(response.timing.total) }
    }
}

extension Result {
    var isSuccess: Bool {
        if case .success = self { true } else { false }
    }

    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}

import Platform
import Samples
import Synchronization
import Text
import Transport

/// Requests health, seal status and leader from one node without a token, one after the other, so that a single
/// persistent connection serves them.
final class VaultNodeProbe: RunnableProbe {
    private static let endpoints = [
        ("health", "/v1/sys/health"), ("seal_status", "/v1/sys/seal-status"), ("leader", "/v1/sys/leader"),
    ]

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let node: VaultClusterOptions.Node
    /// Of the first two endpoints: what it takes to ask, with and without what health looks up. Nothing would read the
    /// leader's 16 series.
    private let histograms = Mutex([LatencyHistogram](repeating: LatencyHistogram(), count: 2))
    private let series = Mutex(SeriesOfRun())
    private let patience = Mutex(Patience())

    init(cluster: VaultCluster, node: VaultClusterOptions.Node) {
        self.cluster = cluster
        self.node = node
        target = cluster.target(node.name)
    }

    var interval: Duration { cluster.options.interval }
    var timeout: Duration { cluster.options.timeout + .seconds(1) }
    var executor: (any TaskExecutor)? { cluster.http.executor }

    func run() async -> ProbeReport {
        let asked = cluster.platform.time.now()
        let end = asked.monotonic + cluster.options.timeout
        var exchanges = [await askHealth(until: end)]
        for endpoint in VaultNodeProbe.endpoints.dropFirst() {
            exchanges.append(await ask(endpoint.1, exchanges.first, until: end))
        }
        return report(exchanges, asked: asked)
    }

    private func askHealth(until end: Instant) async -> Exchange {
        let time = cluster.platform.time
        return await Patience.ask(patience, timeout: cluster.options.timeout, time: time) { limit in
            let limit = limit.map { min(time.monotonic() + $0, end) }
            return await ask(VaultNodeProbe.endpoints[0].1, nil, until: limit ?? end)
        }
    }

    /// - Parameters:
    ///   - health: the outcome of the first request; nil if this one is the first.
    ///   - end: all three must be answered by then, so that the probe takes no longer than a single request may.
    private func ask(_ path: String, _ health: Exchange?, until end: Instant) async -> Exchange {
        // A node that was just unreachable, or that hangs, is not tried again.
        if let error = health?.error, error.isUnsent || error.isTaken { return .failure(error) }
        var request = cluster.options.request(node.url, path)
        let left = end - cluster.platform.time.monotonic()
        guard left > .zero else {
            return .failure(
                TransportError(.timeout, "\(path): not requested, since the previous requests took the whole timeout"))
        }
        request.timeout = min(request.timeout, left)
        request.connectTimeout = min(request.connectTimeout, left)
        return await cluster.http.exchange(request)
    }

    func timedOut() -> ProbeReport {
        let error = Exchange.failure(TransportError(.timeout, "no answer within \(Words.duration(timeout))"))
        return report([error, error, error], asked: cluster.platform.time.now())
    }

    private func report(_ exchanges: [Exchange], asked: Moment) -> ProbeReport {
        let observation = VaultObservation(health: exchanges[0], seal: exchanges[1], leader: exchanges[2], asked: asked)
        let (derived, confirm) = cluster.observe(observation, of: node.name)
        var set = observation.samples(
            cluster: cluster.options.name, node: node.name, storage: cluster.storageType,
            at: cluster.platform.time.wall(), previous: series.withLock(\.labels))
        let histograms = self.histograms.withLock { histograms in
            for index in histograms.indices {
                if case .success(let response) = exchanges[index] { histograms[index].observe(response.timing.total) }
            }
            return histograms
        }
        for (index, endpoint) in VaultNodeProbe.endpoints.enumerated() {
            set.add("vault_node_endpoint_up", exchanges[index].isSuccess, ["endpoint": endpoint.0])
            guard index < histograms.count else { continue }
            set.add("vault_node_request_duration_seconds", histograms[index], [Label("endpoint", endpoint.0)])
        }
        series.withLock { $0.keep(set.samples) }
        return ProbeReport(
            samples: set.samples, failure: observation.failure, status: observation.targetStatus, derived: [derived],
            confirm: confirm)
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

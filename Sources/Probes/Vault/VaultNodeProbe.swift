import Platform
import Samples
import Synchronization
import Transport

/// Requests health, seal status and leader from one node, concurrently and without a token.
final class VaultNodeProbe: RunnableProbe {
    private static let endpoints = [
        ("health", "/v1/sys/health"), ("seal_status", "/v1/sys/seal-status"), ("leader", "/v1/sys/leader"),
    ]

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let node: VaultClusterOptions.Node
    private let histograms = Mutex([LatencyHistogram](repeating: LatencyHistogram(), count: endpoints.count))

    init(cluster: VaultCluster, node: VaultClusterOptions.Node) {
        self.cluster = cluster
        self.node = node
        target = cluster.target(node.name)
    }

    var interval: Duration { cluster.options.interval }
    var timeout: Duration { cluster.options.timeout + .seconds(1) }

    func run() async -> ProbeReport {
        let asked = cluster.platform.time.now()
        let http = cluster.http
        let requests = VaultNodeProbe.endpoints.map { cluster.options.request(node.url, $0.1) }
        async let health = http.exchange(requests[0])
        async let seal = http.exchange(requests[1])
        async let leader = http.exchange(requests[2])
        return await report([health, seal, leader], asked: asked)
    }

    func timedOut() -> ProbeReport {
        let error = Exchange.failure(TransportError(.timeout, "no answer within \(timeout.prometheusDescription)"))
        return report([error, error, error], asked: cluster.platform.time.now())
    }

    private func report(_ exchanges: [Exchange], asked: Moment) -> ProbeReport {
        let observation = VaultObservation(health: exchanges[0], seal: exchanges[1], leader: exchanges[2], asked: asked)
        let (derived, confirm) = cluster.observe(observation, of: node.name)
        var set = observation.samples(cluster: cluster.options.name, node: node.name, at: cluster.platform.time.wall())
        let histograms = self.histograms.withLock { histograms in
            for (index, exchange) in exchanges.enumerated() {
                if case .success(let response) = exchange { histograms[index].observe(response.timing.total) }
            }
            return histograms
        }
        for (index, endpoint) in VaultNodeProbe.endpoints.enumerated() {
            set.add("vault_node_endpoint_up", exchanges[index].isSuccess, ["endpoint": endpoint.0])
            set.add("vault_node_request_duration_seconds", histograms[index], [Label("endpoint", endpoint.0)])
        }
        return ProbeReport(
            samples: set.samples, failure: observation.failure, status: observation.targetStatus, derived: [derived],
            confirm: confirm)
    }
}

extension Result {
    var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}

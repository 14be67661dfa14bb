import Platform
import Samples
import Synchronization
import Transport

/// Requests sys/health through the load balancer, which should route to the active node only.
final class VaultLoadBalancerProbe: RunnableProbe {
    private struct Tally {
        var histogram = LatencyHistogram()
        var answers: [VaultNodeState: Int] = [.active: 0]
    }

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let url: String
    private let tally = Mutex(Tally())

    init(cluster: VaultCluster, url: String) {
        self.cluster = cluster
        self.url = url
        target = ProbeTarget(.vaultLoadBalancer, cluster.options.name)
    }

    var interval: Duration { cluster.options.interval }
    var timeout: Duration { cluster.options.timeout + .seconds(1) }

    func run() async -> ProbeReport {
        let asked = cluster.platform.time.now()
        return report(await cluster.http.exchange(cluster.options.request(url, "/v1/sys/health")), asked: asked)
    }

    func timedOut() -> ProbeReport {
        report(
            .failure(TransportError(.timeout, "no answer within \(timeout.prometheusDescription)")),
            asked: cluster.platform.time.now())
    }

    private func report(_ exchange: Exchange, asked: Moment) -> ProbeReport {
        let unasked = Exchange.failure(TransportError(.other, "not requested"))
        let seen = VaultObservation(health: exchange, seal: unasked, leader: unasked, asked: asked)
        let tally = self.tally.withLock { tally in
            if case .success(let response) = exchange {
                tally.histogram.observe(response.timing.total)
                tally.answers[seen.state, default: 0] += 1
            }
            return tally
        }
        var set = SampleSet(["cluster": cluster.options.name], at: cluster.platform.time.wall())
        set.add("vault_load_balancer_up", seen.state != .unreachable)
        set.add("vault_load_balancer_reaches_active", seen.state == .active)
        set.add("vault_load_balancer_status", seen.status)
        for (state, count) in tally.answers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            set.add("vault_load_balancer_answers_total", count, ["state": state.rawValue])
        }
        if let ours = cluster.clusterID, let theirs = seen.clusterID {
            set.add("vault_load_balancer_same_cluster", ours == theirs)
        }
        set.add("vault_load_balancer_request_duration_seconds", tally.histogram)
        set.add("vault_load_balancer_certificate_expiry_timestamp_seconds", seen.certificateExpiry)
        let health: TargetStatus.Health =
            seen.state == .active ? .ok : seen.state == .unreachable ? .critical : .warning
        let status = TargetStatus(health, "routes to \(seen.state.rawValue)", detail: seen.failure?.description ?? "")
        return ProbeReport(samples: set.samples, failure: seen.failure, status: status)
    }
}

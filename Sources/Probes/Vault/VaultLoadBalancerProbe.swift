import Platform
import Samples
import Synchronization
import Text
import Transport

/// Requests sys/health through the load balancer, which should route to the active node, or to nodes in the other
/// states that the configuration allows.
final class VaultLoadBalancerProbe: RunnableProbe {
    private struct Tally {
        var histogram = LatencyHistogram()
        /// All start at 0, so that the first answer is an increase.
        var answers = Dictionary(
            VaultNodeState.allCases.filter { $0 != .unreachable }.map { ($0, 0) },
            uniquingKeysWith: { first, _ in first })
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
    var executor: (any TaskExecutor)? { cluster.http.executor }

    func run() async -> ProbeReport {
        let asked = cluster.platform.time.now()
        return report(await cluster.http.exchange(cluster.options.request(url, "/v1/sys/health")), asked: asked)
    }

    func timedOut() -> ProbeReport {
        report(
            .failure(TransportError(.timeout, "no answer within \(Words.duration(timeout))")),
            asked: cluster.platform.time.now())
    }

    private func report(_ exchange: Exchange, asked: Moment) -> ProbeReport {
        let seen = VaultObservation(health: exchange, asked: asked)
        let tally = self.tally.withLock { tally in
            if case .success(let response) = exchange {
                tally.histogram.observe(response.timing.total)
                tally.answers[seen.state, default: 0] += 1
            }
            return tally
        }
        var set = SampleSet(["cluster": cluster.options.name], at: cluster.platform.time.wall())
        // A load balancer without a node to route to answers itself, usually 503 with a page of its own.
        set.add("vault_load_balancer_up", seen.isVaults)
        if seen.state == .unreachable {
            set.add("vault_load_balancer_unreachable", 1, ["reason": seen.failure?.reason ?? "other"])
        }
        set.add("vault_load_balancer_reaches_active", seen.state == .active)
        set.add("vault_load_balancer_status", seen.status)
        for (state, count) in tally.answers.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            set.add("vault_load_balancer_answers_total", count, ["state": state.rawValue])
        }
        for state in cluster.options.loadBalancerAccepts.map(\.rawValue).sorted() {
            set.add("vault_load_balancer_accepts", 1, ["state": state])
        }
        if let ours = cluster.clusterID, let theirs = seen.clusterID {
            set.add("vault_load_balancer_same_cluster", ours == theirs)
        }
        set.add("vault_load_balancer_request_duration_seconds", tally.histogram)
        set.add("vault_load_balancer_certificate_expiry_timestamp_seconds", seen.certificateExpiry)
        set.add("vault_load_balancer_certificate_lifetime_seconds", seen.certificateLifetime?.seconds)
        let health: TargetStatus.Health =
            !seen.isVaults ? .critical : cluster.options.loadBalancerAccepts.contains(seen.state) ? .ok : .warning
        let failure = VaultLoadBalancerProbe.failure(seen)
        let status = TargetStatus(health, VaultLoadBalancerProbe.words(seen), detail: failure?.description ?? "")
        return ProbeReport(samples: set.samples, failure: failure, status: status)
    }

    /// Where it routes to, in two or three words. An answer of its own comes from no node.
    private static func words(_ seen: VaultObservation) -> String {
        switch seen.failure?.reason {
        case nil: "routes to \(seen.state.rawValue)"
        case "redirect": "redirects"
        default: seen.state == .unreachable ? "unreachable" : "routes to no node"
        }
    }

    /// A load balancer's own answer means something else than the same answer of a node.
    private static func failure(_ seen: VaultObservation) -> ProbeFailure? {
        guard let failure = seen.failure, let status = seen.status, seen.state != .unreachable, !seen.isVaults else {
            return seen.failure
        }
        return ProbeFailure(
            failure.reason,
            "the load balancer answers \(status) by itself: it finds no node, or leads elsewhere than to Vault")
    }
}

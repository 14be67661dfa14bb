import Platform
import Samples
import Synchronization
import Text
import Transport

/// Reads a secret as a client would, which shows whether Vault serves requests and how fast.
final class VaultCanaryProbe: RunnableProbe {
    enum Via: Sendable, Hashable {
        case activeNode
        case loadBalancer(String)

        var label: String {
            switch self {
            case .activeNode: "active_node"
            case .loadBalancer: "load_balancer"
            }
        }
    }

    private struct Tally {
        var reads = 0
        var failures: [String: Int] = [:]
        var histogram = LatencyHistogram()
        var lastSeconds: Double?
        var lastSuccess: Timestamp?
    }

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let via: Via
    private let tally = Mutex(Tally())

    init(cluster: VaultCluster, via: Via) {
        self.cluster = cluster
        self.via = via
        target = ProbeTarget(.vaultCanary, "\(cluster.options.name)/\(via.label)")
    }

    var interval: Duration { cluster.options.interval }
    /// The read may be preceded by a login.
    var timeout: Duration { cluster.options.timeout * 2 + .seconds(1) }

    func run() async -> ProbeReport { report(await read()) }

    func timedOut() -> ProbeReport {
        report(.failure(ProbeFailure("timeout", "canary: no answer within \(timeout.prometheusDescription)")))
    }

    /// Reads the secret; the value is the duration in seconds.
    private func read() async -> Result<Double, ProbeFailure> {
        guard let path = cluster.options.canaryPath else {
            return .failure(ProbeFailure("configuration", "no canary path"))
        }
        let base: String
        switch via {
        case .loadBalancer(let url): base = url
        case .activeNode:
            guard let node = cluster.activeNode else {
                return .failure(ProbeFailure("no_active_node", "canary: no node is active"))
            }
            base = node.url
        }
        // A token that expired since the last turn is replaced by a login; the read is then repeated.
        for attempt in 1...2 {
            let token: String
            switch await cluster.session.token(base: base) {
            case .success(let value): token = value
            case .failure(let failure): return .failure(failure)
            }
            let request = cluster.options.namespacedRequest(base, "/v1/" + path.drop { $0 == "/" }, token: token)
            switch await cluster.http.exchange(request) {
            case .failure(let error): return .failure(ProbeFailure(error))
            case .success(let response) where response.status == 200:
                cluster.session.accepted()
                return .success(response.timing.total)
            case .success(let response):
                let failure = ProbeFailure(status: response.status, of: "canary")
                guard response.status == 403 else { return .failure(failure) }
                cluster.session.refused()
                if attempt == 1, case .appRole = cluster.options.authentication { continue }
                return .failure(failure)
            }
        }
        return .failure(ProbeFailure("denied", "canary: permission denied (403)"))
    }

    private func report(_ outcome: Result<Double, ProbeFailure>) -> ProbeReport {
        let now = cluster.platform.time.wall()
        let tally = self.tally.withLock { tally in
            tally.reads += 1
            switch outcome {
            case .success(let seconds):
                tally.histogram.observe(seconds)
                tally.lastSeconds = seconds
                tally.lastSuccess = now
            case .failure(let failure): tally.failures[failure.reason, default: 0] += 1
            }
            return tally
        }
        var set = SampleSet(["cluster": cluster.options.name, "via": via.label], at: now)
        set.add("vault_canary_success", outcome.isSuccess)
        set.add("vault_canary_reads_total", tally.reads)
        for (reason, count) in tally.failures.sorted(by: { $0.key < $1.key }) {
            set.add("vault_canary_failures_total", count, ["reason": reason])
        }
        set.add("vault_canary_duration_seconds", tally.histogram)
        set.add("vault_canary_last_duration_seconds", tally.lastSeconds)
        set.add("vault_canary_last_success_timestamp_seconds", tally.lastSuccess)
        if via == .activeNode {
            var own = SampleSet(["cluster": cluster.options.name], at: now)
            cluster.session.add(to: &own)
            set.append(own)
        }
        switch outcome {
        case .success(let seconds):
            let milliseconds = Int64(saturating: (seconds * 1000).rounded())
            return ProbeReport(
                samples: set.samples,
                status: TargetStatus(seconds > 0.1 ? .warning : .ok, "readable", detail: "\(milliseconds) ms"))
        case .failure(let failure):
            return ProbeReport(
                samples: set.samples, failure: failure,
                status: TargetStatus(.critical, "not readable", detail: failure.description))
        }
    }
}

import Exposition
import Platform
import Samples
import Synchronization
import Text
import Transport

/// Reads sys/metrics of one node and exports a selection of it.
final class VaultTelemetryProbe: RunnableProbe {
    /// Maximum number of samples on a page.
    private static let sampleLimit = 50_000

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let node: VaultClusterOptions.Node

    init(cluster: VaultCluster, node: VaultClusterOptions.Node) {
        self.cluster = cluster
        self.node = node
        target = ProbeTarget(.vaultTelemetry, "\(cluster.options.name)/\(node.name)")
    }

    var interval: Duration { max(cluster.options.interval, cluster.options.telemetryInterval) }
    /// The request for the page may follow a login and requests about the token.
    var timeout: Duration { cluster.options.timeout * 3 + .seconds(1) }

    /// Without a canary the first node's telemetry probe keeps the token alive and reports on it.
    private var keepsToken: Bool {
        cluster.options.canaryPath == nil && cluster.options.hasToken && node.name == cluster.options.nodes.first?.name
    }

    func timedOut() -> ProbeReport {
        report(nil, ProbeFailure("timeout", "sys/metrics: no answer within \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        var token: String?
        if cluster.options.hasToken {
            // A sealed node cannot process a login; the active one can.
            switch await cluster.session.token(base: cluster.activeNode?.url ?? node.url) {
            case .success(let value):
                token = value
                if keepsToken, let active = cluster.activeNode {
                    await cluster.session.keep(
                        base: active.url, until: cluster.platform.time.monotonic() + cluster.options.timeout)
                }
            case .failure: break
            }
        }
        var request = cluster.options.request(node.url, "/v1/sys/metrics?format=prometheus", token: token)
        request.bodyLimitBytes = cluster.options.telemetryLimitBytes
        switch await cluster.http.exchange(request) {
        case .failure(let error): return report(nil, ProbeFailure(error))
        case .success(let response): return read(response)
        }
    }

    private func read(_ response: HTTPResponse) -> ProbeReport {
        // 400: without unauthenticated_metrics_access only the active node answers, and only with a token.
        // Prometheus' format may be off too (400 "prometheus is not enabled"), and a secondary serves none of it.
        if response.status == 400 {
            let words = decodeJSON(ErrorAnswer.self, response.body)?.errors.first ?? ""
            return report(nil, nil, detail: String(words.prefix(200)))
        }
        guard response.status == 200 else {
            return report(nil, ProbeFailure(status: response.status, of: "sys/metrics"))
        }
        do {
            // Vault 1.8 does not set the content type reliably, so it is not checked.
            let families = try MetricFamily.parse(response.body, limit: VaultTelemetryProbe.sampleLimit)
            return report(families, nil)
        } catch {
            return report(nil, ProbeFailure("body", "sys/metrics: \(error)"))
        }
    }

    private func report(_ families: [MetricFamily]?, _ failure: ProbeFailure?, detail: String = "") -> ProbeReport {
        var set = SampleSet(["cluster": cluster.options.name, "node": node.name], at: cluster.platform.time.wall())
        set.add("vault_telemetry_up", families != nil)
        if keepsToken {
            var own = SampleSet(["cluster": cluster.options.name], at: set.timestamp)
            cluster.session.add(to: &own)
            set.append(own)
        }
        if let families {
            set = VaultTelemetry.samples(families, into: set)
            // Every page of Vault includes the memory sizes of its runtime.
            let isRecognized = set.samples.contains { $0.labels.name == "vault_telemetry_allocated_bytes" }
            set.add("vault_telemetry_recognized", isRecognized)
            if !isRecognized {
                return ProbeReport(
                    samples: set.samples, failure: failure,
                    status: TargetStatus(
                        .warning, "strange", detail: "no gauge that Vault is known to export is on the page"))
            }
        }
        let state = families != nil ? "read" : failure == nil ? "not available" : "failed"
        return ProbeReport(
            samples: set.samples, failure: failure,
            status: TargetStatus(
                failure == nil ? .ok : .warning, state, detail: failure?.description ?? detail))
    }
}

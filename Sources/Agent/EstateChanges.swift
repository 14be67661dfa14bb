import Delivery
import Probes
import Samples
import Synchronization
import Text

/// Derives PagerDuty change events from the results of probes: failovers, unseals and upgrades of Vault.
final class EstateChanges: Sendable {
    private struct Node: Hashable {
        var cluster: String
        var name: String
    }

    private struct State {
        var sealed: [Node: Bool] = [:]
        var versions: [Node: String] = [:]
        /// The last active node, by cluster.
        var active: [String: String] = [:]
    }

    private let state = Mutex(State())

    /// Maximum number of nodes that are tracked.
    private static let nodeLimit = 10_000

    init() {}

    /// - Returns: what has changed since the previous results; nothing for targets that are seen for the first time.
    func observe(_ results: [ProbeResult]) -> [ChangeEvent] {
        state.withLock { state in results.flatMap { EstateChanges.observe($0, &state) } }
    }

    private static func observe(_ result: ProbeResult, _ state: inout State) -> [ChangeEvent] {
        var events: [ChangeEvent] = []
        let outage = result.samples.first { $0.labels.name == "vault_cluster_last_failover_duration_seconds" }?.value
        for sample in result.samples {
            guard let metric = sample.labels.name, let name = sample.labels["node"] else { continue }
            let node = Node(cluster: sample.labels["cluster"] ?? "", name: name)
            func event(_ text: String, _ details: [String: String] = [:]) {
                var all = ["cluster": node.cluster, "node": node.name]
                all.merge(details) { _, new in new }
                events.append(ChangeEvent("\(node.cluster): \(text)", at: result.timestamp, details: all))
            }
            switch metric {
            case "vault_node_sealed":
                guard state.sealed[node] != nil || state.sealed.count < nodeLimit else { continue }
                let isSealed = sample.value == 1
                if state.sealed.updateValue(isSealed, forKey: node) == true, !isSealed {
                    event("\(name) was unsealed")
                }
            case "vault_node_info":
                guard let version = sample.labels["version"], !version.isEmpty,
                    state.versions[node] != nil || state.versions.count < nodeLimit
                else { continue }
                if let before = state.versions.updateValue(version, forKey: node), before != version {
                    event(
                        "\(name) runs Vault \(version) now, before \(before)", ["version": version, "before": before])
                }
            case "vault_cluster_active_info":
                guard state.active[node.cluster] != nil || state.active.count < nodeLimit else { continue }
                guard let before = state.active.updateValue(name, forKey: node.cluster), before != name else {
                    continue
                }
                var details = ["before": before]
                var text = "\(name) is the active node now, after \(before)"
                if let outage {
                    details["seconds_without_active_node"] = goFormatPlain(outage)
                    text +=
                        "; none was active for \(SpokenDuration.text(.milliseconds(Int64(saturating: outage * 1000))))"
                }
                event(text, details)
            default: continue
            }
        }
        return events
    }
}

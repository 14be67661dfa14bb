import Samples
import Text
import Web

/// A Vault cluster with its load balancers and probes above it and its storage below it, as pages draw it.
struct ClusterView: Sendable {
    let name: String
    /// The client entry points.
    let balancers: [EstateStatus.Target]
    let nodes: [EstateStatus.Target]
    let canaries: [EstateStatus.Target]
    let servers: [EstateStatus.Target]
    /// How many more nodes may fail before the service is lost; nil if not applicable or not known.
    let margin: Int?
    /// When a node was last active; nil if none was in the known history.
    let lastActive: Timestamp?

    /// All clusters, by name.
    static func all(_ snapshot: EstateSnapshot) -> [ClusterView] {
        let targets = snapshot.status.sections.flatMap(\.targets)
        let byCluster = Dictionary(grouping: targets.filter { isOfCluster($0.kind) }) { cluster(of: $0.target ?? "") }
        let active = Dictionary(
            snapshot.states.filter { $0.kind == "vault_node" }.compactMap { states in
                states.runs.last { $0.state == "active" }.map { run in
                    (cluster(of: states.name), run.to ?? snapshot.now)
                }
            }, uniquingKeysWith: max)
        let summaries = Dictionary(
            snapshot.status.sections.map { ($0.title, $0.summary) }, uniquingKeysWith: { first, _ in first })
        return byCluster.keys.sorted().map { name in
            func of(_ kinds: String...) -> [EstateStatus.Target] {
                byCluster[name, default: []].filter { kinds.contains($0.kind ?? "") }
            }
            return ClusterView(
                name: name, balancers: of("vault_load_balancer"), nodes: of("vault_node"), canaries: of("vault_canary"),
                servers: of("postgres"), margin: margin(summaries["Vault cluster \(name)"] ?? ""),
                lastActive: active[name])
        }
    }

    /// `prod` of `prod/vault-1`.
    static func cluster(of target: String) -> String { String(target.prefix { $0 != "/" }) }

    private static func isOfCluster(_ kind: String?) -> Bool {
        ["vault_load_balancer", "vault_node", "vault_canary", "postgres"].contains(kind)
    }

    /// The number in `2 of 3 nodes usable, 1 may still fail`.
    private static func margin(_ summary: String) -> Int? {
        guard let end = summary.firstRange(of: " may still fail")?.lowerBound else { return nil }
        let digits = summary[..<end].reversed().prefix { $0.isASCII && $0.isNumber }
        return Int(String(digits.reversed()))
    }

    /// All of them.
    var targets: [EstateStatus.Target] { balancers + nodes + canaries + servers }

    /// The gravity of the most severe problem.
    var gravity: Gravity { targets.map { Gravity($0.health) }.max() ?? .unknown }

    /// The nodes that currently serve clients.
    var active: [EstateStatus.Target] { nodes.filter { $0.state == "active" } }
    /// The server that accepts writes; nil if none is known.
    var primary: EstateStatus.Target? { servers.first { $0.state == "primary" } }

    // MARK: Service

    /// Whether clients are served, as far as the probes show.
    enum Service: Sendable, Hashable {
        case serves
        /// An active node, and the canary secret can't be read.
        case fails
        case nothing
        case unknown
    }

    var service: Service {
        if nodes.isEmpty { return .unknown }
        if !active.isEmpty { return canaries.contains { $0.health == .critical } ? .fails : .serves }
        let isDRSecondary = nodes.contains { $0.state == "dr_secondary" }
        if isDRSecondary { return nodes.contains { $0.health == .ok } ? .serves : .nothing }
        return nodes.allSatisfy { $0.health == .unknown } ? .unknown : .nothing
    }

    /// The state of the service, as a sentence without a full stop; the duration of an outage is rendered separately.
    /// - Parameter isOnly: whether it is the only cluster, so that its name can be omitted.
    func sentence(isOnly: Bool) -> String {
        let vault = isOnly ? "Vault" : "Vault \(name)"
        switch service {
        case .unknown: return "Whether \(vault) serves is not known"
        case .nothing: return "\(vault) serves nothing: no active node"
        case .fails: return "\(vault) has an active node, and reading a secret fails"
        case .serves:
            switch margin {
            case nil: return "\(vault) serves"
            case 0: return "\(vault) serves; no further node may fail"
            case 1: return "\(vault) serves, and one node may fail"
            case let margin?: return "\(vault) serves, and \(ClusterView.word(margin)) nodes may fail"
            }
        }
    }

    private static func word(_ number: Int) -> String {
        let words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
        return words.indices.contains(number) ? words[number] : Words.thousands(Int64(number))
    }
}

extension EstateStatus.Target {
    /// The state as text: `storage error`.
    var stateWords: String { state.replacing("_", with: " ") }
    /// The address of its page.
    var address: Address {
        guard let kind, let target else { return .estate }
        return .target(kind: kind, name: target)
    }
    /// Its icon in a drawing.
    var icon: Icon {
        switch kind {
        case "vault_load_balancer": .balancer
        case "postgres", "postgres_cluster": .database
        case "backup_set", "backup_content", "bucket", "postgres_backup": .backup
        case "records": .clock
        case "service": .service
        case "service_mail": .mail
        case "vault_canary", "audit_log", "vault_telemetry", "vault_facts": .probe
        default: .node
        }
    }
    /// A ring for a standby, otherwise the icon of its health.
    var gravity: Gravity {
        let isStandby = health == .ok && ["standby", "performance_standby", "dr_secondary", "replica"].contains(state)
        return isStandby ? .standby : Gravity(health)
    }
}

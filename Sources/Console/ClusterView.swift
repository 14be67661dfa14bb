import Samples
import Text
import Web

/// A Vault cluster with what leads to it and what it stands on, as pages draw it.
struct ClusterView: Sendable {
    let name: String
    /// What clients come in by.
    let balancers: [EstateStatus.Target]
    let nodes: [EstateStatus.Target]
    let canaries: [EstateStatus.Target]
    let servers: [EstateStatus.Target]
    /// How many more nodes may fail before nothing is served; nil where that is no question, or not known.
    let margin: Int?
    /// When a node was last active; nil where none has been in the time that is known.
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
        return byCluster.keys.sorted().map { name in
            func of(_ kinds: String...) -> [EstateStatus.Target] {
                byCluster[name, default: []].filter { kinds.contains($0.kind ?? "") }
            }
            let summary = snapshot.status.sections.first { $0.title == "Vault cluster \(name)" }?.summary ?? ""
            return ClusterView(
                name: name, balancers: of("vault_load_balancer"), nodes: of("vault_node"), canaries: of("vault_canary"),
                servers: of("postgres"), margin: margin(summary), lastActive: active[name])
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

    /// How grave the gravest of it is.
    var gravity: Gravity {
        (balancers + nodes + canaries + servers).map { Gravity($0.health) }.max() ?? .unknown
    }

    /// The nodes that serve clients now.
    var active: [EstateStatus.Target] { nodes.filter { $0.state == "active" } }
    /// The server that takes writes; nil where none is known.
    var primary: EstateStatus.Target? { servers.first { $0.state == "primary" } }

    // MARK: What its users have of it

    /// Whether clients are served, as far as the watch can tell.
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

    /// What users have, in a sentence without its full stop; the duration of an outage is written apart.
    /// - Parameter isOnly: whether no other cluster has to be told from it.
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
    /// The state in words: `storage error`.
    var stateWords: String { state.replacing("_", with: " ") }
    /// Where its page is.
    var address: Address {
        guard let kind, let target else { return .estate }
        return .target(kind: kind, name: target)
    }
    /// What it is, in a drawing.
    var icon: Icon {
        switch kind {
        case "vault_load_balancer": .balancer
        case "postgres", "postgres_cluster": .database
        case "backup_set", "backup_content", "bucket", "postgres_backup": .backup
        case "records": .clock
        case "vault_canary", "vault_telemetry", "vault_facts": .probe
        default: .node
        }
    }
    /// A ring for what stands by, else as its health is.
    var gravity: Gravity {
        let isStandby = health == .ok && ["standby", "performance_standby", "dr_secondary", "replica"].contains(state)
        return isStandby ? .standby : Gravity(health)
    }
}

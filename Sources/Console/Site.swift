import Alerts
import Web

/// The estate's name and overall state.
enum Site {
    /// The name of the only Vault cluster; empty if there are several or none.
    static func name(_ snapshot: EstateSnapshot) -> String {
        let names = Set(
            snapshot.states.lazy.filter { $0.kind == "vault_node" }.map { $0.name.prefix { $0 != "/" } })
        return names.count == 1 ? names.first.map(String.init) ?? "" : ""
    }
}

extension Gravity {
    /// The highest gravity of open incidents that are not silenced; at least unknown if a target's health is unknown.
    init(_ snapshot: EstateSnapshot) {
        let open = snapshot.incidents.filter(\.silencedBy.isEmpty).map { Gravity($0.record.currentSeverity) }
        let isUnknown = snapshot.status.sections.contains { $0.targets.contains { $0.health == .unknown } }
        self = max(open.max() ?? .good, isUnknown ? .unknown : .good)
    }

    /// Two colours for four severities: critical and high need immediate action.
    init(_ severity: Severity) {
        self = severity >= .high ? .critical : .warning
    }

    /// A target's health.
    init(_ health: EstateStatus.Health) {
        switch health {
        case .ok: self = .good
        case .warning: self = .warning
        case .critical: self = .critical
        case .unknown: self = .unknown
        }
    }
}

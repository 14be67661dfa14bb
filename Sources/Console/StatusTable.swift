import Platform
package import Probes
import Samples
import Text
package import Web

/// The last results of all probes in the form that a person reads: sections of targets.
package enum StatusTable {
    /// One section for each Vault cluster, each PostgreSQL cluster, the backups and the services.
    package static func sections(_ results: [ProbeResult]) -> [EstateStatus.Section] {
        var sections: [EstateStatus.Section] = []
        // In the order of the results within each cluster.
        let byCluster = Dictionary(grouping: results) { cluster(of: $0.target) }
        let names = byCluster.keys.sorted()
        for name in names {
            let own = byCluster[name] ?? []
            guard own.contains(where: { $0.target.kind == .vaultCluster || $0.target.kind == .vaultNode }) else {
                continue
            }
            let nodes = own.filter {
                [.vaultNode, .vaultLoadBalancer, .vaultCanary, .vaultTelemetry, .vaultFacts].contains($0.target.kind)
            }
            let summary = own.first { $0.target.kind == .vaultCluster }.map { line($0.status) } ?? ""
            sections.append(.init(title: "Vault cluster \(name)", summary: summary, targets: nodes.map(target)))
        }
        for name in names {
            let own = byCluster[name] ?? []
            let servers = own.filter { $0.target.kind == .postgres }
            guard !servers.isEmpty else { continue }
            let summary = own.first { $0.target.kind == .postgresCluster }.map { line($0.status) } ?? ""
            sections.append(.init(title: "PostgreSQL of \(name)", summary: summary, targets: servers.map(target)))
        }
        let logs = results.filter { $0.target.kind == .auditLog }.sorted { $0.target.name < $1.target.name }
        if !logs.isEmpty { sections.append(.init(title: "Audit logs", targets: logs.map(target))) }
        let backups = results.filter {
            [.backupSet, .backupContent, .bucket, .records, .postgresBackup].contains($0.target.kind)
        }.sorted {
            $0.target.name < $1.target.name
        }
        if !backups.isEmpty { sections.append(.init(title: "Backups", targets: backups.map(target))) }
        let services = results.filter { [.service, .serviceMail].contains($0.target.kind) }.sorted {
            $0.target.name < $1.target.name
        }
        if !services.isEmpty { sections.append(.init(title: "Services", targets: services.map(target))) }
        return sections
    }

    private static func cluster(of target: ProbeTarget) -> String {
        String(target.name.split(separator: "/", maxSplits: 1).first ?? "")
    }

    private static func line(_ status: TargetStatus) -> String {
        ([status.state, status.detail] + status.warnings).filter { !$0.isEmpty }.joined(separator: "; ")
    }

    private static func target(_ result: ProbeResult) -> EstateStatus.Target {
        let parts = result.target.name.split(separator: "/", maxSplits: 1)
        let short = parts.count > 1 ? String(parts[1]) : result.target.name
        let name: String
        switch result.target.kind {
        case .vaultLoadBalancer: name = "load balancer"
        case .vaultCanary: name = "canary (\(short))"
        case .vaultTelemetry: name = "telemetry of \(short)"
        case .vaultFacts: name = "facts"
        case .auditLog: name = "audit log of \(short)"
        case .backupContent: name = "content of \(short)"
        case .bucket: name = "bucket \(short)"
        case .service: name = result.target.name
        case .serviceMail: name = "test mail of \(result.target.name)"
        default: name = short
        }
        return .init(
            name: name, health: health(result.status.health), state: result.status.state, detail: result.status.detail,
            warnings: result.status.warnings, lastProbe: result.timestamp.rfc3339, seconds: result.duration.seconds,
            lastError: result.failure?.description,
            kind: result.target.kind.rawValue, target: result.target.name)
    }

    /// The health of a target as pages and `vaultwatch status` show it.
    package static func health(_ health: TargetStatus.Health) -> EstateStatus.Health {
        switch health {
        case .ok: .ok
        case .warning: .warning
        case .critical: .critical
        case .unknown: .unknown
        }
    }
}

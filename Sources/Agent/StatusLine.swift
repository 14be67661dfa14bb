import Probes

/// The line of `systemctl status`: the most severe problem first.
enum StatusLine {
    /// `All well: 3 of 3 Vault nodes, 2 of 2 PostgreSQL servers`; `0 of 3 Vault nodes answer; 1 of 2 PostgreSQL servers
    /// answers`; `Starting: waiting for 2 of 6 targets`.
    /// - Parameters:
    ///   - results: the last result of each target, including derived ones.
    ///   - targets: everything that is probed.
    static func text(_ results: [ProbeResult], targets: [ProbeTarget]) -> String {
        let awaited = targets.filter(\.isAwaited)
        let probed = Set(results.map(\.target))
        let missing = awaited.count { !probed.contains($0) }
        // The default configuration of the package.
        if awaited.isEmpty { return "No targets: only vaultwatch itself is monitored" }
        if missing > 0 { return "Starting: waiting for \(missing) of \(count(awaited.count, "target", "targets"))" }
        var problems: [(severity: Int, text: String)] = []
        var well: [String] = []
        for kind in kinds {
            let own = results.filter { $0.target.kind == kind.kind }
            guard !own.isEmpty else { continue }
            if let problem = problem(own, kind) {
                problems.append(problem)
            } else if !own[0].isDerived {
                well.append("\(own.count) of \(count(own.count, kind.one, kind.many))")
            }
        }
        let all = well.joined(separator: ", ")
        if problems.isEmpty { return "All well: \(all)" }
        // Those with the same severity stay in the order of the kinds.
        let worst = problems.enumerated().sorted { ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset) }
            .map(\.element.text)
        return (worst + (all.isEmpty ? [] : ["well: \(all)"])).joined(separator: "; ")
    }

    private struct Kind {
        let kind: ProbeTarget.Kind
        let one: String
        let many: String
    }

    /// Without cluster facts, which fail together with their nodes and are rarely probed.
    private static let kinds = [
        Kind(kind: .vaultNode, one: "Vault node", many: "Vault nodes"),
        Kind(kind: .vaultCluster, one: "Vault cluster", many: "Vault clusters"),
        Kind(kind: .vaultLoadBalancer, one: "load balancer", many: "load balancers"),
        Kind(kind: .vaultCanary, one: "canary", many: "canaries"),
        Kind(kind: .vaultTelemetry, one: "telemetry page", many: "telemetry pages"),
        Kind(kind: .postgres, one: "PostgreSQL server", many: "PostgreSQL servers"),
        Kind(kind: .postgresCluster, one: "PostgreSQL cluster", many: "PostgreSQL clusters"),
        Kind(kind: .backupSet, one: "backup set", many: "backup sets"),
        Kind(kind: .backupContent, one: "backup's content", many: "backups' contents"),
        Kind(kind: .records, one: "record folder", many: "record folders"),
        Kind(kind: .auditLog, one: "audit log", many: "audit logs"),
        Kind(kind: .postgresBackup, one: "backup tool", many: "backup tools"),
        Kind(kind: .service, one: "service", many: "services"),
        Kind(kind: .serviceMail, one: "test mail", many: "test mails"),
    ]

    /// Nil if all of a kind are well.
    private static func problem(_ results: [ProbeResult], _ kind: Kind) -> (severity: Int, text: String)? {
        let total = count(results.count, kind.one, kind.many)
        let answering = results.count(where: \.success)
        if answering < results.count {
            let verb = answering == 1 || results.count == 1 ? "answers" : "answer"
            return (answering == 0 ? 5 : 4, "\(answering) of \(total) \(verb)")
        }
        let unwell = results.filter { $0.status.health != .ok }.sorted { $0.status.health > $1.status.health }
        guard let worst = unwell.first else { return nil }
        let name = "\(worst.target.name) \(worst.status.state)"
        return (
            worst.status.health.rawValue,
            "\(results.count - unwell.count) of \(total) well: \(name)"
                + (unwell.count > 1 ? " and \(unwell.count - 1) more" : "")
        )
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }
}

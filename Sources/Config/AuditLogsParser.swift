import Platform
import Probes
import Samples
import YAML

extension TargetParser {
    /// Parses `audit_logs`: the files of Vault's file audit devices on this machine. They need not exist yet.
    /// - Parameter vault: the configured clusters; the first is the default of `cluster`.
    func auditLogs(_ nodes: [Node], vault: [VaultClusterOptions]) -> [AuditLogOptions] {
        var names: Set<String> = []
        return nodes.compactMap { auditLog($0, vault, &names) }
    }

    private func auditLog(_ node: Node, _ vault: [VaultClusterOptions], _ names: inout Set<String>) -> AuditLogOptions?
    {
        var fields = Fields(node, errors, "an entry of audit_logs")
        defer { fields.finish() }
        let cluster = vaultCluster(&fields, of: "an entry of audit_logs", vault.map(\.name))
        if cluster == nil { errors.add(node.position, "an entry of audit_logs needs \"cluster\"") }
        let name = fields.string("node")
        if let name, let own = vault.first(where: { $0.name == cluster }),
            !own.nodes.contains(where: { $0.name == name })
        {
            errors.add(
                fields.position(of: "node"),
                "node: cluster \"\(own.name)\" has no node \"\(name)\"; expected one of \(own.nodes.map(\.name).joined(separator: ", "))"
            )
        }
        var options = AuditLogOptions(cluster: cluster ?? "", node: name, paths: paths(&fields))
        checkUnique(options.name, "entry of audit_logs", at: node.position, &names)
        options.tenantPatterns = tenantPatterns(&fields)
        options.listedPaths = fields.strings("listed_paths")
        if options.listedPaths.count > AuditLogOptions.listedLimit {
            errors.add(
                fields.position(of: "listed_paths"),
                "\(options.listedPaths.count) paths; expected \(AuditLogOptions.listedLimit) at most, each is a series")
        }
        options.exclusions = fields.list("exclude").compactMap { exclusion($0) }
        if let count = fields.integer("mass_reads", in: 1...4096) { options.massReads = count }
        (options.interval, options.timeout) = pace(&fields)
        return options.paths.isEmpty ? nil : options
    }

    /// `paths`, or the one of `path`.
    private func paths(_ fields: inout Fields) -> [String] {
        let one = fields.node("path")
        let list = fields.list("paths")
        let found = ([one].compactMap(\.self) + list).compactMap { node -> String? in
            guard let text = node.scalar, !text.isEmpty else {
                errors.add(node.position, "paths: expected a path or a pattern, found \(node.kind)")
                return nil
            }
            return context.path(text, at: node.position)
        }
        if one == nil, list.isEmpty {
            errors.add(fields.position, "an entry of audit_logs needs \"path\", or \"paths\"")
        }
        return found
    }

    private func tenantPatterns(_ fields: inout Fields) -> [TenantPattern] {
        guard let node = fields.node("tenant_pattern") else { return [] }
        let texts = node.sequence ?? [node]
        return texts.compactMap { item in
            if let pattern = item.scalar.flatMap({ TenantPattern($0) }) { return pattern }
            errors.add(
                item.position,
                "tenant_pattern: expected a path with one segment {tenant}, such as \(TenantPattern.usual), found \(item.kind)"
            )
            return nil
        }
    }

    private func exclusion(_ node: Node) -> AuditExclusion? {
        var fields = Fields(node, errors, "an entry of exclude")
        defer { fields.finish() }
        let name = fields.string("display_name")
        let entity = fields.string("entity_id")
        if (name == nil) == (entity == nil) {
            errors.add(node.position, "an entry of exclude needs display_name or entity_id, and not both")
        }
        guard let path = fields.requiredString("path"), let who = entity ?? name else { return nil }
        if who.isEmpty || path.isEmpty || path == "*" {
            errors.add(
                node.position, "exclude: expected who and a path; by one of them alone others would be left out too")
        }
        return AuditExclusion(who: who, path: path)
    }
}

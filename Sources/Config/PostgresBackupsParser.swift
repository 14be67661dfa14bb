import Probes
import Samples
import YAML

extension TargetParser {
    /// Parses `postgres_backups`: files with the reports of pgBackRest, WAL-G or Barman. They need not exist yet.
    /// - Parameter clusters: the names of the configured Vault clusters; the first is the default of `cluster`.
    func postgresBackups(_ nodes: [Node], clusters: [String]) -> [PostgresBackupOptions] {
        var names: Set<String> = []
        return nodes.compactMap { postgresBackup($0, clusters, &names) }
    }

    private func postgresBackup(
        _ node: Node, _ clusters: [String], _ names: inout Set<String>
    ) -> PostgresBackupOptions? {
        var fields = Fields(node, errors, "an entry of postgres_backups")
        defer { fields.finish() }
        let name = fields.requiredString("name")
        if let name { checkUnique(name, "entry of postgres_backups", at: node.position, &names) }
        let tool = fields.required("tool") == nil ? nil : fields.choice("tool", PostgresBackupOptions.Tool.self)
        _ = fields.required("file")
        let file = path(&fields, "file")
        let cluster = vaultCluster(&fields, of: "postgres_backups \"\(name ?? "")\"", clusters)
        var options = PostgresBackupOptions(name: name ?? "", tool: tool ?? .pgBackRest, file: file ?? "")
        if let cluster { options.cluster = cluster }
        options.checkFile = path(&fields, "check_file")
        let stanza = fields.string("stanza")
        let server = fields.string("server")
        options.stanza = stanza ?? server
        if let age = context.duration(&fields, "max_age") { options.maxAge = age }
        options.fullMaxAge = context.duration(&fields, "full_max_age")
        if let age = context.duration(&fields, "file_max_age") { options.fileMaxAge = age }
        let segment = fields.parsed("wal_segment_size", expected: "a power of two from 1MiB to 1GiB such as 16MiB") {
            ParsingContext.bytes($0).flatMap { (1 << 20...1 << 30).contains($0) && $0 & ($0 - 1) == 0 ? $0 : nil }
        }
        if let segment { options.walSegmentBytes = segment }
        // Settings that do not apply to the tool would have no effect.
        if let tool {
            for (key, owner) in [
                ("stanza", PostgresBackupOptions.Tool.pgBackRest), ("wal_segment_size", .pgBackRest),
                ("server", .barman), ("check_file", .barman),
            ] where fields.node(key) != nil && tool != owner {
                errors.add(
                    fields.position(of: key),
                    "\(key) belongs to tool: \(owner.rawValue); leave it out with \(tool.rawValue)")
            }
        }
        return name == nil || tool == nil || file == nil ? nil : options
    }

    /// The absolute path under a key; the file may be missing.
    private func path(_ fields: inout Fields, _ key: String) -> String? {
        guard let node = fields.node(key) else { return nil }
        guard let text = node.scalar, !text.isEmpty else {
            errors.add(node.position, "\(key): expected a path, found \(node.kind)")
            return nil
        }
        return context.path(text, at: node.position)
    }
}

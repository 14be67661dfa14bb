package import Platform
import Probes
import Samples
package import YAML

extension Configuration {
    /// Parses and validates a configuration file.
    ///
    /// The files that it names (certificates, secrets, rule files, an alerting file) are opened now, so that mistakes
    /// are found at the start; secrets are read again at each use.
    /// - Parameter environment: for `${NAME}` in paths.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> Configuration {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        guard let root = document(path, context) else { throw ConfigurationErrors(errors: errors.errors) }

        var fields = Fields(root, errors, "the configuration")
        let global = GlobalOptions(fields.node("global"), context)
        let parser = TargetParser(context: context, global: global)
        let vault = parser.clusters(fields.node("vault"))
        let postgres = parser.postgres(fields.node("postgres"), clusters: vault.map(\.name))
        let backups = parser.backups(fields.list("backups"))
        let records = parser.records(fields.list("records"))
        let postgresBackups = parser.postgresBackups(fields.list("postgres_backups"), clusters: vault.map(\.name))
        let auditLogs = parser.auditLogs(fields.list("audit_logs"), vault: vault)
        let services = parser.services(fields.list("services"))
        let ruleFiles = fields.list("rules").compactMap { node -> String? in
            guard let text = node.scalar else {
                errors.add(node.position, "rules: expected a path or a pattern, found \(node.kind)")
                return nil
            }
            let pattern = context.path(text, at: node.position)
            // A pattern may match nothing yet; a plain path must exist.
            if !pattern.isShellPattern, files.glob(pattern).isEmpty {
                errors.add(node.position, "rules: no such file: \(pattern)")
            }
            return pattern
        }
        let recovery = RecoveryOptions(fields.node("recovery"), context)
        let web = WebOptions(fields.node("web"), context)
        let remoteWrite = RemoteWriteParser(context: context).endpoints(fields.list("remote_write"))
        let storage = StorageOptions(fields.node("storage"), context)
        let alerting = AlertingParser(context: context).parse(
            fields.node("alerting"), at: root.position, externalURL: web.externalURL)
        fields.finish()

        // With only rules the agent monitors itself.
        if vault.isEmpty, postgres.isEmpty, backups.isEmpty, records == nil, postgresBackups.isEmpty,
            auditLogs.isEmpty, services.isEmpty, ruleFiles.isEmpty, errors.isEmpty
        {
            errors.add(
                root.position,
                "nothing to monitor: expected at least one of vault, postgres, backups, records, postgres_backups, audit_logs, services, rules"
            )
        }
        guard errors.isEmpty, let alerting else { throw ConfigurationErrors(errors: errors.errors) }
        return Configuration(
            global: global, vault: vault, postgres: postgres, backups: backups, records: records,
            postgresBackups: postgresBackups, auditLogs: auditLogs, services: services, recovery: recovery,
            ruleFiles: ruleFiles,
            dispatch: alerting.dispatch,
            delivery: alerting.delivery, remoteWrite: remoteWrite, web: web, storage: storage, path: path,
            text: ConfigurationText(root, secrets: context.secrets.all))
    }

    /// The root of a YAML file; nil after an error, which is added to the context.
    package static func document(_ path: String, _ context: ParsingContext) -> Node? {
        do {
            return try Node.parse(try context.files.read(path, limit: ParsingContext.fileLimitBytes), file: path)
        } catch let error as YAMLError {
            context.errors.add(error)
        } catch let error as FileError {
            context.errors.add(SourcePosition(file: path, line: 1, column: 1), "cannot read the file: \(error.reason)")
        } catch {
            context.errors.add(SourcePosition(file: path, line: 1, column: 1), "\(error)")
        }
        return nil
    }
}

package import Config
package import Platform
import Probes
import S3
import YAML

extension RecoveryConfiguration {
    /// Parses and validates a recovery configuration. The files that it names are opened now, so that mistakes are
    /// found before a backup is due; secrets are read again at each use.
    /// - Parameter environment: for `${NAME}` in paths.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> RecoveryConfiguration {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        guard let root = Configuration.document(path, context) else {
            throw ConfigurationErrors(errors: errors.errors)
        }
        var fields = Fields(root, errors, "the recovery configuration")
        let parser = RecoveryParser(context: context)
        let source = fields.required("source").flatMap { parser.source($0) }
        let bucket = fields.required("bucket").map { parser.bucket($0) }
        let objectLock = fields.node("object_lock").flatMap { parser.objectLock($0) }
        let sets = parser.sets(fields.list("sets"), at: root.position)
        let encryption = fields.required("encryption").flatMap { parser.encryption($0) }
        let staging = parser.staging(fields.node("staging"))
        let recordFile = parser.path(&fields, "record_file")
        let drills = parser.drills(fields.node("drills"))
        let drillTargets = fields.strings("drill_targets")
        fields.finish()
        guard errors.isEmpty, let source, let bucket, let encryption else {
            throw ConfigurationErrors(errors: errors.errors)
        }
        return RecoveryConfiguration(
            source: source, bucket: bucket, objectLock: objectLock, sets: sets, encryption: encryption,
            staging: staging, recordFile: recordFile, drills: drills, drillTargets: drillTargets, path: path)
    }

    /// Whether a file is a recovery configuration rather than the daemon's: by its `source`, which the daemon's has
    /// not.
    package static func isRecovery(_ path: String, files: any FileAccess) -> Bool {
        guard let bytes = try? files.read(path, limit: ParsingContext.fileLimitBytes),
            let root = try? Node.parse(bytes, file: path)
        else { return false }
        return root["source"] != nil
    }
}

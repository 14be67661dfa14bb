package import Config
package import Platform
import YAML

/// What drills need of `recovery.yml`; unlike the whole of it, it can be read by somebody who may not read the keys of
/// the backups.
package struct DrillSettings: Sendable, Hashable {
    /// `drills`.
    package var options = DrillOptions()
    /// `drill_targets`: the names of the clusters that drills may harm. Default: none.
    package var targets: [String] = []
    /// `record_file`: where the outcome of a drill is appended; nil records nothing.
    package var recordFile: String?

    /// The defaults.
    package init() {}

    /// Reads those sections; the others are for the commands that use them.
    /// - Throws: `ConfigurationErrors` with all mistakes in them, and for a file that cannot be read.
    package static func load(
        _ path: String, files: any FileAccess, environment: [String: String]
    ) throws(ConfigurationErrors) -> DrillSettings {
        let context = ParsingContext(file: path, files: files, environment: environment)
        var settings = DrillSettings()
        if let root = Configuration.document(path, context) {
            var fields = Fields(root, context.errors, "the recovery configuration")
            let parser = RecoveryParser(context: context)
            settings.options = parser.drills(fields.node("drills"))
            settings.targets = fields.strings("drill_targets")
            settings.recordFile = parser.path(&fields, "record_file")
        }
        guard context.errors.isEmpty else { throw ConfigurationErrors(errors: context.errors.errors) }
        return settings
    }
}

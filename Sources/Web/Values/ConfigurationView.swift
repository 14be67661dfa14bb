package import Samples

/// The configuration in force, for the agent's page and Prometheus' API.
package struct ConfigurationView: Sendable, Hashable {
    /// The outcome of a reload.
    package struct Reload: Sendable, Hashable {
        /// When it ended.
        package var at: Timestamp
        /// Why it was refused, so that the configuration before it stays in force; nil if it was not.
        package var refusal: String?
        /// What it changed, a line each; at most `changeLimit`.
        package var changes: [String]
        /// Number of changes that are not listed.
        package var omitted = 0

        /// Maximum number of changes listed.
        package static let changeLimit = 100

        /// A reload with all that it changed.
        package init(at: Timestamp, refusal: String? = nil, changes: [String] = []) {
            self.at = at
            self.refusal = refusal
            self.changes = Array(changes.prefix(Reload.changeLimit))
            omitted = changes.count - self.changes.count
        }
    }

    /// The file's content as YAML, without secrets.
    package var text: String
    /// The file's path.
    package var path: String
    /// Since when it has been in force.
    package var loadedAt: Timestamp
    /// The last reload; nil if there was none since the start.
    package var reload: Reload?
    /// What `vaultwatch check config` warns of.
    package var warnings: [String]

    /// A configuration that was loaded at the start, unless a reload is given.
    package init(text: String, path: String, loadedAt: Timestamp, reload: Reload? = nil, warnings: [String] = []) {
        self.text = text
        self.path = path
        self.loadedAt = loadedAt
        self.reload = reload
        self.warnings = warnings
    }
}

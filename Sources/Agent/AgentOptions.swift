/// The command line's settings, which override the configuration file.
package struct AgentOptions: Sendable {
    /// Path of the configuration file.
    package var configFile: String
    /// Replace the file's `web.listen_addresses` when not empty.
    package var listenAddresses: [String] = []
    /// Replaces the file's `web.external_url`.
    package var externalURL: String?
    /// Replaces the file's `storage.path`.
    package var storagePath: String?
    /// Replaces the file's `web.config_file`.
    package var webConfigFile: String?
    /// Version of the program, for metrics and APIs.
    package var version = ""
    /// For `${NAME}` in paths, and for S3's credentials.
    package var environment: [String: String] = [:]

    /// Options that leave the file's settings as they are.
    package init(configFile: String) { self.configFile = configFile }
}

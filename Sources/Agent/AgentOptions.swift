/// What the command line says over the configuration file.
package struct AgentOptions: Sendable {
    package var configFile: String
    /// Replace the file's `web.listen_addresses` when not empty.
    package var listenAddresses: [String] = []
    /// Replaces the file's `web.external_url`.
    package var externalURL: String?
    /// Replaces the file's `storage.path`.
    package var storagePath: String?
    /// Replaces the file's `web.config_file`.
    package var webConfigFile: String?
    package var version = ""
    /// For `${NAME}` in paths, and for S3's credentials.
    package var environment: [String: String] = [:]

    package init(configFile: String) { self.configFile = configFile }
}

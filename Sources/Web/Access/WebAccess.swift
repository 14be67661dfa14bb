/// Users and headers of the exporter-toolkit's web configuration. TLS is among the server's options. Source:
/// prometheus/exporter-toolkit, docs/web-configuration.md.
package struct WebAccess: Sendable, Hashable {
    /// A header of every response.
    package struct Header: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: String

        /// A header with its value.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// `basic_auth_users`: names and bcrypt hashes. Without users no authentication is required.
    package var users: [String: String] = [:]
    /// `http_server_config.headers`, sent with every response.
    package var headers: [Header] = []

    /// No users, no additional headers.
    package init() {}
}

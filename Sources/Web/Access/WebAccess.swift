/// Users and headers of the exporter-toolkit's web configuration. TLS is among the server's options. Source:
/// prometheus/exporter-toolkit, docs/web-configuration.md.
package struct WebAccess: Sendable, Hashable {
    /// `basic_auth_users`: names and bcrypt hashes. Without users no authentication is required.
    package var users: [String: String] = [:]
    /// `http_server_config.headers`, sent with every response.
    package var headers: [(name: String, value: String)] = []

    /// No users, no additional headers.
    package init() {}

    /// Equal users and headers; the order of headers counts.
    package static func == (a: WebAccess, b: WebAccess) -> Bool {
        a.users == b.users && a.headers.map(\.name) == b.headers.map(\.name)
            && a.headers.map(\.value) == b.headers.map(\.value)
    }

    /// Hashes the users and the names of the headers.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(users)
        hasher.combine(headers.map(\.name))
    }
}

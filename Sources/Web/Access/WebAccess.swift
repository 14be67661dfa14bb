/// Who may come in and how: the exporter-toolkit's web configuration, as far as HTTP/1.1 needs it.
/// TLS is among the server's options. Source: prometheus/exporter-toolkit, docs/web-configuration.md.
package struct WebAccess: Sendable, Hashable {
    /// `basic_auth_users`: names and bcrypt hashes. Empty lets everybody in.
    package var users: [String: String] = [:]
    /// `http_server_config.headers`, sent with every answer.
    package var headers: [(name: String, value: String)] = []

    package init() {}

    package static func == (a: WebAccess, b: WebAccess) -> Bool {
        a.users == b.users && a.headers.map(\.name) == b.headers.map(\.name)
            && a.headers.map(\.value) == b.headers.map(\.value)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(users)
        hasher.combine(headers.map(\.name))
    }
}

/// Who may read and who may change what, and the headers of every response.
package struct WebAccess: Sendable, Hashable, CustomStringConvertible, CustomReflectable {
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

    /// `basic_auth_users` of the exporter-toolkit's web configuration: names and bcrypt hashes. With users every request
    /// needs a login. Source: prometheus/exporter-toolkit, docs/web-configuration.md.
    package var closingUsers: [String: String] = [:]
    /// `users` of `web`: names and bcrypt hashes of who may change things. Reading needs no login because of them.
    package var users: [String: String] = [:]
    /// `tokens` of `web`: names and bearer tokens of who may change things.
    package var tokens: [String: String] = [:]
    /// The secret with which PagerDuty signs its webhooks; nil where none is expected.
    package var pagerDutySecret: String?
    /// Whether everybody may change things. Default false.
    package var allowsAnonymousChanges = false
    /// The names under which clients reach the agent. Default: `localhost` alone; addresses are always accepted.
    package var hosts = KnownHosts([])
    /// `http_server_config.headers`, sent with every response.
    package var headers: [Header] = []

    /// Everybody may read, and nobody but the users of the Unix socket may change anything.
    package init() {}

    /// Not what it holds: hashes and tokens are secrets.
    package var description: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

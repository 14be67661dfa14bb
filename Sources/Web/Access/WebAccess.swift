/// Which clients may read and which may change what, and the headers of every response.
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

    /// `basic_auth_users` of the exporter-toolkit's web configuration: names and bcrypt hashes. If there are any, every
    /// request needs a login. Source: prometheus/exporter-toolkit, docs/web-configuration.md.
    package var closingUsers: [String: String] = [:]
    /// `users` of `web`: names and bcrypt hashes of users who may make changes. They do not make reading require a
    /// login.
    package var users: [String: String] = [:]
    /// `tokens` of `web`: names and bearer tokens that permit changes.
    package var tokens: [String: String] = [:]
    /// The secret with which PagerDuty signs its webhooks; nil if none are expected.
    package var pagerDutySecret: String?
    /// The header in which a trusted proxy names the user that it has authenticated; nil for none.
    package var userHeader: String?
    /// The addresses from which `userHeader` is accepted. Default: none.
    package var trustedProxies: [AddressRange] = []
    /// Whether any client may make changes. Default false.
    package var allowsAnonymousChanges = false
    /// The names that clients reach the agent by. Default: only `localhost`; addresses are always accepted.
    package var hosts = KnownHosts([])
    /// `http_server_config.headers`, sent with every response.
    package var headers: [Header] = []

    /// Any client may read, and only users of the Unix socket may make changes.
    package init() {}

    /// Hides the content: hashes and tokens are secrets.
    package var description: String { "<secret>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

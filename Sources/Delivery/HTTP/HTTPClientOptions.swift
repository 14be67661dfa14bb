import Platform
import Transport

/// `http_config`: how a receiver's endpoint is reached.
/// Source: Prometheus' common/config, HTTPClientConfig.
package struct HTTPClientOptions: Sendable, Hashable {
    package enum Authorization: Sendable, Hashable {
        case none
        case basic(username: Secret, password: Secret?)
        /// `Authorization: <scheme> <credentials>`.
        case scheme(String, credentials: Secret)
        case oauth2(OAuth2Options)
    }

    package var authorization: Authorization = .none
    package var tls = TLSOptions()
    package var proxy = ProxyOptions()
    /// Whether redirects are followed. Default true, at most `redirectLimit`.
    package var followRedirects = true
    /// Headers that go with each request.
    package var headers: [Header] = []

    package struct Header: Sendable, Hashable {
        package var name: String
        package var value: Secret
        package init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    package init() {}
}

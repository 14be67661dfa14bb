import FoundationEssentials
package import Platform
package import Transport

/// `http_config`: how a receiver's endpoint is reached.
/// Source: Prometheus' common/config, HTTPClientConfig.
package struct HTTPClientOptions: Sendable, Hashable {
    /// How requests are authorised.
    package enum Authorization: Sendable, Hashable {
        case none
        case basic(username: Secret, password: Secret?)
        /// `Authorization: <scheme> <credentials>`.
        case scheme(String, credentials: Secret)
        case oauth2(OAuth2Options)

        /// What follows `Basic ` in the header. Source: RFC 7617.
        package static func basicCredentials(_ username: String, _ password: String) -> String {
            Data((username + ":" + password).utf8).base64EncodedString()
        }
    }

    /// How requests are authorised. Default: not at all.
    package var authorization: Authorization = .none
    /// How certificates are verified, and the client's own.
    package var tls = TLSOptions()
    /// The proxy to use. Default: none.
    package var proxy = ProxyOptions()
    /// Whether redirects are followed. Default true, at most `redirectLimit`.
    package var followRedirects = true
    /// Whether credentials may go to an `http` URL beyond this machine. Default false: the configuration is refused.
    package var allowsPlaintext = false
    /// Headers sent with each request.
    package var headers: [Header] = []

    /// A header of a request.
    package struct Header: Sendable, Hashable {
        /// Its name.
        package var name: String
        /// Its value.
        package var value: Secret
        /// Whether the configuration declares the value secret. Default false.
        package var isSecret = false
        /// A header with a value that may be secret.
        package init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// Defaults as documented for each property.
    package init() {}
}

import Platform
import Transport

/// `oauth2`: each request carries a token that is had by the client's credentials.
/// Sources: RFC 6749 section 4.4; Prometheus' common/config, OAuth2.
package struct OAuth2Options: Sendable, Hashable {
    package var clientID: String
    package var clientSecret: Secret
    /// Where tokens are had; plain.
    package var tokenURL: String
    package var scopes: [String] = []
    /// What else the token's endpoint wants to be told.
    package var endpointParameters: [String: String] = [:]
    package var tls = TLSOptions()
    package var proxy = ProxyOptions()

    package init(clientID: String, clientSecret: Secret, tokenURL: String) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.tokenURL = tokenURL
    }
}

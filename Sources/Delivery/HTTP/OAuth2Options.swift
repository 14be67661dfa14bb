package import Platform
package import Transport

/// `oauth2`: each request carries a token that is obtained with the client's credentials.
/// Sources: RFC 6749 section 4.4; Prometheus' common/config, OAuth2.
package struct OAuth2Options: Sendable, Hashable {
    /// The client's public id.
    package var clientID: String
    /// The client's secret.
    package var clientSecret: Secret
    /// The address of the token endpoint.
    package var tokenURL: String
    /// The scopes to request.
    package var scopes: [String] = []
    /// Additional parameters of requests to the token endpoint.
    package var endpointParameters: [String: String] = [:]
    /// How the token endpoint's certificate is verified.
    package var tls = TLSOptions()
    /// The proxy for the token endpoint.
    package var proxy = ProxyOptions()

    /// Defaults as documented for each property.
    package init(clientID: String, clientSecret: Secret, tokenURL: String) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.tokenURL = tokenURL
    }
}

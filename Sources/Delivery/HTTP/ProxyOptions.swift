package import Platform

/// The proxy for an endpoint. Source: Prometheus' common/config, ProxyConfig.
package struct ProxyOptions: Sendable, Hashable {
    /// `http://[user:password@]proxy:3128`; a secret since it may carry a password.
    package var url: Secret?
    /// For `https` URLs, if `url` is not given.
    package var urlForHTTPS: Secret?
    /// For `http` URLs, if `url` is not given.
    package var urlForHTTP: Secret?
    /// Hosts (with their subdomains), addresses, or `*`, that are reached without the proxy.
    package var exceptions: [String] = []
    /// Headers of CONNECT requests, which only the proxy gets.
    package var connectHeaders: [HTTPClientOptions.Header] = []

    /// No proxy.
    package init() {}

    /// The proxy for a URL; nil for a direct connection.
    package func proxy(for target: String) -> Secret? {
        let byScheme = target.hasPrefix("https:") ? urlForHTTPS : urlForHTTP
        guard let proxy = url ?? byScheme, !NoProxy.matches(url: target, exceptions) else { return nil }
        return proxy
    }
}

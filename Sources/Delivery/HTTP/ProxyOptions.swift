import Platform

/// The proxy on the way to an endpoint. Source: Prometheus' common/config, ProxyConfig.
package struct ProxyOptions: Sendable, Hashable {
    /// `http://[user:password@]proxy:3128`; a secret since it may carry a password.
    package var url: Secret?
    /// For URLs of either scheme, where `url` names none for both.
    package var urlForHTTPS: Secret?
    package var urlForHTTP: Secret?
    /// Hosts (with their subdomains), addresses, or `*`, that are reached without the proxy.
    package var exceptions: [String] = []
    /// What the proxy alone is told when it is asked for a tunnel.
    package var connectHeaders: [HTTPClientOptions.Header] = []

    package init() {}

    /// The proxy to take to a URL; nil where the way is direct.
    package func proxy(for target: String) -> Secret? {
        let byScheme = target.hasPrefix("https:") ? urlForHTTPS : urlForHTTP
        guard let proxy = url ?? byScheme, !NoProxy.matches(url: target, exceptions) else { return nil }
        return proxy
    }
}

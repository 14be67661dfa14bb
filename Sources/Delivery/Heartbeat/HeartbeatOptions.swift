package import Platform

/// `heartbeat_configs`, our own: a dead man's switch. An always-firing alert is routed to it; each message pings the
/// URL, and the service behind it raises the alarm when pings stop.
package struct HeartbeatOptions: Sendable, Hashable {
    /// A Healthchecks-style ping URL; its path is the key, hence a secret.
    package var url: Secret
    /// How the endpoint is reached.
    package var http = HTTPClientOptions()
    /// Appended to the URL's path when the alert has resolved, which it never should. Default `/fail`.
    package var failSuffix = "/fail"
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// Defaults as documented for each property.
    package init(url: Secret) { self.url = url }
}

/// One Alertmanager of `alertmanager_configs`, our own: it is sent the alerts as Prometheus sends them.
///
/// Each member of a cluster is an integration of its own: one that is down or hangs delays no other, gets what it has
/// missed when it is back, and is counted as failing meanwhile.
package struct AlertmanagerOptions: Sendable, Hashable {
    /// `http://host:9093`, with an optional path prefix.
    package var url: String
    /// How it is reached.
    package var http = HTTPClientOptions()
    /// The time between two messages about unchanged alerts. Default 1 min.
    package var resendDelay: Duration = .seconds(60)
    /// How long resolved alerts are re-sent; zero: an end is sent until it is accepted, and no more. Default 15 min.
    package var resolvedFor: Duration = .seconds(900)
    /// The time after which an Alertmanager resolves an alert that is not re-sent; nil: four resend delays.
    package var resolveTimeout: Duration?
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// Defaults as documented for each property.
    package init(url: String) { self.url = url }
}

/// `alertmanager_configs`, our own: sends the alerts to every Alertmanager of a cluster, as Prometheus does.
package struct AlertmanagerOptions: Sendable, Hashable {
    /// `http://host:9093`, with an optional path prefix. A message counts as accepted when one of them has accepted it;
    /// the others get it with the next resend.
    package var urls: [String]
    /// How the endpoints are reached.
    package var http = HTTPClientOptions()
    /// The time between two messages about unchanged alerts. Default 1 min.
    package var resendDelay: Duration = .seconds(60)
    /// How long resolved alerts are re-sent. Default 15 min.
    package var resolvedFor: Duration = .seconds(900)
    /// The time after which an Alertmanager resolves an alert that is not re-sent; nil: four resend delays.
    package var resolveTimeout: Duration?
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// Defaults as documented for each property.
    package init(urls: [String]) { self.urls = urls }
}

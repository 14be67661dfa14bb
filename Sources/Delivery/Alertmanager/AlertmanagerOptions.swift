/// `alertmanager_configs`, ours: hands the alerts to a cluster of Alertmanagers, all of them, as Prometheus does.
package struct AlertmanagerOptions: Sendable, Hashable {
    /// `http://host:9093`, with a path prefix where there is one. A message is accepted when one of them took it.
    package var urls: [String]
    package var http = HTTPClientOptions()
    /// How long an Alertmanager believes an alert that it hears nothing more of. Default 5 h; alerts are
    /// handed over again with each repeat, so routes to it want a `repeat_interval` below this.
    package var resolveTimeout: Duration = .seconds(18_000)
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    package init(urls: [String]) { self.urls = urls }
}

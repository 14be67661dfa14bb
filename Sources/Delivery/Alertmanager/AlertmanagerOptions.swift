/// `alertmanager_configs`, ours: hands the alerts to a cluster of Alertmanagers, all of them, as Prometheus does.
package struct AlertmanagerOptions: Sendable, Hashable {
    /// `http://host:9093`, with a path prefix where there is one. A message is accepted when one of them took it;
    /// the others hear of it with the next resend.
    package var urls: [String]
    package var http = HTTPClientOptions()
    /// How often it hears of the same again. Default 1 min.
    package var resendDelay: Duration = .seconds(60)
    /// How long it hears of an alert's end. Default 15 min.
    package var resolvedFor: Duration = .seconds(900)
    /// How long an Alertmanager believes an alert that it hears nothing more of; nil: four resend delays.
    package var resolveTimeout: Duration?
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    package init(urls: [String]) { self.urls = urls }
}

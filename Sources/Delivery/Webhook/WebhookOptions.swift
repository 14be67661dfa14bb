import Platform

/// `webhook_configs`. Source: Alertmanager's configuration, <webhook_config>.
package struct WebhookOptions: Sendable, Hashable {
    /// Its path or query often is the key, hence a secret.
    package var url: Secret
    package var http = HTTPClientOptions()
    package var sendResolved = true
    /// Most alerts in one message; 0 means all.
    package var maxAlerts = 0
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    package init(url: Secret) { self.url = url }
}

package import Platform

/// `webhook_configs`. Source: Alertmanager's configuration, <webhook_config>.
package struct WebhookOptions: Sendable, Hashable {
    /// A secret, since its path or query often contains the key; template.
    package var url: Secret
    /// How the endpoint is reached.
    package var http = HTTPClientOptions()
    /// Whether resolved notifications are sent. Default true.
    package var sendResolved = true
    /// Replaces Alertmanager's body: a text is sent as it is, any other value as JSON.
    package var payload: TemplatedValue?
    /// Maximum number of alerts in one message; 0 means all.
    package var maxAlerts = 0
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// Defaults as documented for each property.
    package init(url: Secret) { self.url = url }
}

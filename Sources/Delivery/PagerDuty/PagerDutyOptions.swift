import Platform

/// `pagerduty_configs`. Strings are Go templates over `TemplateData` unless said otherwise.
/// Source: Alertmanager's configuration, <pagerduty_config>.
package struct PagerDutyOptions: Sendable, Hashable {
    package enum Key: Sendable, Hashable {
        /// Events API v2. The secret's text is a template, as in Alertmanager.
        case routing(Secret)
        /// The older "Prometheus" integration, Events API v1.
        case service(Secret)
    }

    package struct Link: Sendable, Hashable {
        package var href: String
        package var text: String
        package init(href: String, text: String = "") {
            self.href = href
            self.text = text
        }
    }

    package struct Image: Sendable, Hashable {
        package var source: String
        package var alternative: String
        package var href: String
        package init(source: String, alternative: String = "", href: String = "") {
            self.source = source
            self.alternative = alternative
            self.href = href
        }
    }

    package var key: Key
    /// Where events go; plain.
    package var url = PagerDutyOptions.eventsURL
    package var http = HTTPClientOptions()
    package var sendResolved = true
    package var client = #"{{ template "pagerduty.default.client" . }}"#
    package var clientURL = #"{{ template "pagerduty.default.clientURL" . }}"#
    package var description = #"{{ template "pagerduty.default.description" . }}"#
    /// `critical`, `error`, `warning` or `info`; nil maps the worst alert's severity by `severityMap`.
    package var severity: String?
    /// From the alert's severity, as its label has it, to PagerDuty's; plain.
    package var severityMap = ["critical": "critical", "high": "error", "medium": "warning", "low": "info"]
    /// Empty means the client.
    package var source = ""
    package var eventClass = ""
    package var component = ""
    package var group = ""
    package var details = PagerDutyOptions.defaultDetails
    package var links: [Link] = []
    package var images: [Image] = []
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    package static let eventsURL = "https://events.pagerduty.com/v2/enqueue"
    /// Where Events API v1 listens when `url` is left at its default.
    package static let genericURL = "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
    package static let defaultDetails = [
        "firing": #"{{ template "pagerduty.default.instances" .Alerts.Firing }}"#,
        "resolved": #"{{ template "pagerduty.default.instances" .Alerts.Resolved }}"#,
        "num_firing": "{{ .Alerts.Firing | len }}",
        "num_resolved": "{{ .Alerts.Resolved | len }}",
    ]

    package init(_ key: Key) { self.key = key }
}

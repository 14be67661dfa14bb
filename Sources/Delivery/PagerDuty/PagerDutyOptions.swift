package import Platform

/// `pagerduty_configs`. Strings are Go templates over `TemplateData` unless said otherwise.
/// Source: Alertmanager's configuration, <pagerduty_config>.
package struct PagerDutyOptions: Sendable, Hashable {
    /// The key of an integration, which determines the API version.
    package enum Key: Sendable, Hashable {
        /// Events API v2. The secret's text is a template, as in Alertmanager.
        case routing(Secret)
        /// The older "Prometheus" integration, Events API v1.
        case service(Secret)
    }

    /// A link shown with an incident.
    package struct Link: Sendable, Hashable {
        /// Its address; template.
        package var href: String
        /// The link's text; empty shows the address. Template.
        package var text: String
        /// A link.
        package init(href: String, text: String = "") {
            self.href = href
            self.text = text
        }
    }

    /// An image shown with an incident.
    package struct Image: Sendable, Hashable {
        /// Its address; `https`. Template.
        package var source: String
        /// The alternative text. Template.
        package var alternative: String
        /// The address that it links to; template.
        package var href: String
        /// An image without a link unless given.
        package init(source: String, alternative: String = "", href: String = "") {
            self.source = source
            self.alternative = alternative
            self.href = href
        }
    }

    /// The integration's key.
    package var key: Key
    /// The address that events are posted to; no template.
    package var url = PagerDutyOptions.eventsURL
    /// How the endpoint is reached.
    package var http = HTTPClientOptions()
    /// Whether incidents are resolved. Default true.
    package var sendResolved = true
    /// The name of the sending program; template.
    package var client = #"{{ template "pagerduty.default.client" . }}"#
    /// Its address; template.
    package var clientURL = #"{{ template "pagerduty.default.clientURL" . }}"#
    /// The incident's title, up to 1,024 characters; template.
    package var description = #"{{ template "pagerduty.default.description" . }}"#
    /// `critical`, `error`, `warning` or `info`; nil maps the severity of the most severe alert by `severityMap`.
    /// Template.
    package var severity: String?
    /// From the label `severity` to PagerDuty's severities; no templates.
    package var severityMap = ["critical": "critical", "high": "error", "medium": "warning", "low": "info"]
    /// Empty means what the alert is about, such as its node, else the client; template.
    package var source = ""
    /// The `class` of the event; empty means the alert's name. Template.
    package var eventClass = ""
    /// The `component` of the event; empty means `node`, `storage` or `backup`, by the alert's labels. Template.
    package var component = ""
    /// The `group` of the event; empty means the cluster. Template.
    package var group = ""
    /// The custom details by name; templates, possibly nested.
    package var details: [String: TemplatedValue] = PagerDutyOptions.defaultDetails
    /// Links in addition to those to runbooks, 20 at most.
    package var links: [Link] = []
    /// Images, 20 at most.
    package var images: [Image] = []
    /// Whether it also gets change events: failovers, unseals, upgrades, reloads. Default true.
    package var changeEvents = true
    /// Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// The address that change events are posted to, next to that of other events, with the same key. Nil if they are
    /// not wanted, or if the integration does not support them.
    package var changeEventsURL: String? {
        let (path, end) = ("/v2/enqueue", "/v2/change/enqueue")
        guard changeEvents, case .routing = key, url.hasSuffix(path) else { return nil }
        return url.dropLast(path.utf8.count) + end
    }

    /// Events API v2.
    package static let eventsURL = "https://events.pagerduty.com/v2/enqueue"
    /// The address of Events API v1, for a service key without `url`.
    package static let genericURL = "https://events.pagerduty.com/generic/2010-04-15/create_event.json"
    /// Alertmanager's custom details.
    package static let defaultDetails: [String: TemplatedValue] = [
        "firing": #"{{ template "pagerduty.default.instances" .Alerts.Firing }}"#,
        "resolved": #"{{ template "pagerduty.default.instances" .Alerts.Resolved }}"#,
        "num_firing": "{{ .Alerts.Firing | len }}",
        "num_resolved": "{{ .Alerts.Resolved | len }}",
    ]

    /// Defaults as documented for each property.
    package init(_ key: Key) { self.key = key }
}

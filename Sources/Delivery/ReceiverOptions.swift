/// One receiver of the configuration: a name that routes speak of, and the ways in which it hears.
package struct ReceiverOptions: Sendable, Hashable {
    package var name: String
    /// In the order of the configuration, kinds in the order of `IntegrationOptions.Settings`.
    package var integrations: [IntegrationOptions] = []
    /// The receiver that also hears of alerts which none of the integrations has accepted within the response time,
    /// or which all of them have refused for good.
    package var fallback: String?
    /// How long an alert may wait for acceptance before the fallback hears of it; nil: as its severity says.
    package var responseTime: Duration?

    package init(name: String) { self.name = name }
}

/// One way in which a receiver hears: `email/0`, `slack/1` and how.
package struct IntegrationOptions: Sendable, Hashable {
    package enum Settings: Sendable, Hashable {
        case email(EmailOptions)
        case slack(SlackOptions)
        case pagerDuty(PagerDutyOptions)
        case webhook(WebhookOptions)
        case alertmanager(AlertmanagerOptions)
        case heartbeat(HeartbeatOptions)
    }

    /// Its kind and its place among those of its kind, the same that `Notification.integration` carries.
    package var name: String
    package var settings: Settings

    /// - Parameter index: from 0, among the receiver's integrations of this kind.
    package init(_ settings: Settings, index: Int = 0) {
        self.settings = settings
        name = ""
        name = "\(kind)/\(index)"
    }

    /// The metric label `integration`, as Alertmanager has it.
    package var kind: String {
        switch settings {
        case .email: "email"
        case .slack: "slack"
        case .pagerDuty: "pagerduty"
        case .webhook: "webhook"
        case .alertmanager: "alertmanager"
        case .heartbeat: "heartbeat"
        }
    }

    /// The kinds in the order in which a receiver's integrations stand.
    package static let kinds = ["email", "slack", "pagerduty", "webhook", "alertmanager", "heartbeat"]

    /// A hash of the address, good within this process alone.
    package var target: Int {
        var hasher = Hasher()
        hasher.combine(kind)
        switch settings {
        case .email(let options):
            hasher.combine([options.to, options.host])
            hasher.combine(options.port)
        case .slack(let options):
            hasher.combine(options.endpoint)
            hasher.combine(options.channel)
        case .pagerDuty(let options):
            hasher.combine(options.url)
            hasher.combine(options.key)
        case .webhook(let options): hasher.combine(options.url)
        case .alertmanager(let options): hasher.combine(options.urls)
        case .heartbeat(let options): hasher.combine(options.url)
        }
        return hasher.finalize()
    }

    /// Whether it wants to hear of the end.
    package var sendResolved: Bool {
        switch settings {
        case .email(let options): options.sendResolved
        case .slack(let options): options.sendResolved
        case .pagerDuty(let options): options.sendResolved
        case .webhook(let options): options.sendResolved
        case .alertmanager: true
        case .heartbeat: true
        }
    }
}

/// Everything that Delivery needs to know of the configuration.
package struct DeliveryOptions: Sendable, Hashable {
    package var receivers: [ReceiverOptions] = []
    /// Shell patterns of files with Go templates that add to or replace the default ones.
    package var templates: [String] = []
    /// Where people reach this agent, for links; no slash at its end.
    package var externalURL = ""
    /// Messages that may wait in an integration's queue; more wait in the outbox until there is room. Default 10,000.
    package var queueLimit = 10_000
    /// How long deliveries in flight may go on at shutdown. Default 10 s.
    package var drainTimeout: Duration = .seconds(10)

    package init() {}
}

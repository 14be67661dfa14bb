package import Alerts
package import Samples
package import TimeZones

/// One receiver of the configuration.
package struct ReceiverOptions: Sendable, Hashable {
    /// The name that routes refer to.
    package var name: String
    /// In the order of the configuration, kinds in the order of `IntegrationKind`.
    package var integrations: [IntegrationOptions] = []
    /// The receiver of alerts that none of the integrations accepted within the response time, that all of them
    /// permanently refused, or that were not acknowledged in time.
    package var fallback: String?
    /// How long an alert may wait for acceptance before it goes to the fallback; nil: by its severity.
    package var responseTime: Duration?
    /// How long an alert may go unacknowledged, accepted or not, before it goes to the fallback; nil: forever.
    package var escalateAfter: Duration?
    /// Labels that `receiver_matchers` of the API select it by.
    package var labels: Labels = .empty

    /// A receiver without integrations.
    package init(name: String) { self.name = name }
}

/// One integration of a receiver.
package struct IntegrationOptions: Sendable, Hashable {
    /// The settings of its kind.
    package enum Settings: Sendable, Hashable {
        case email(EmailOptions)
        case slack(SlackOptions)
        case pagerDuty(PagerDutyOptions)
        case webhook(WebhookOptions)
        case alertmanager(AlertmanagerOptions)
        case heartbeat(HeartbeatOptions)
    }

    /// Its kind, and its position among those of its kind.
    package var id: IntegrationID
    /// The settings of its kind.
    package var settings: Settings

    /// - Parameter index: from 0, among the receiver's integrations of this kind.
    package init(_ settings: Settings, index: Int = 0) {
        self.settings = settings
        let kind: IntegrationKind =
            switch settings {
            case .email: .email
            case .slack: .slack
            case .pagerDuty: .pagerduty
            case .webhook: .webhook
            case .alertmanager: .alertmanager
            case .heartbeat: .heartbeat
            }
        id = IntegrationID(kind, index)
    }

    /// The kind of service that it sends to.
    package var kind: IntegrationKind { id.kind }

    /// A hash of the address, valid only within this process.
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
        case .alertmanager(let options): hasher.combine(options.url)
        case .heartbeat(let options): hasher.combine(options.url)
        }
        return hasher.finalize()
    }

    /// Whether it gets resolved notifications.
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

/// The configuration of the delivery of notifications.
package struct DeliveryOptions: Sendable, Hashable {
    /// In the order of the configuration; names are unique.
    package var receivers: [ReceiverOptions] = []
    /// Shell patterns of files with Go templates that add to or replace the default ones.
    package var templates: [String] = []
    /// This agent's URL for use in links; no trailing slash.
    package var externalURL = ""
    /// The zone in which messages show times, beside UTC. Default UTC; the agent sets that of its host.
    package var timeZone = TimeZoneData.utc
    /// Maximum number of messages that wait in an integration's queue; the rest wait in the outbox until there is room.
    /// Default 10,000.
    package var queueLimit = 10_000
    /// How long attempts in flight may continue at shutdown. Default 10 s.
    package var drainTimeout: Duration = .seconds(10)

    /// No receivers; defaults as documented for each property.
    package init() {}
}

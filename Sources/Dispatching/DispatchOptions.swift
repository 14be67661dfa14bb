package import Alerts
package import Samples

/// The routing part of the configuration: which alerts go to which receivers, and when.
package struct DispatchOptions: Sendable {
    /// A receiver as routing sees it.
    package struct Receiver: Sendable, Hashable {
        /// Its name in the configuration.
        package var name: String
        /// Each gets its own copy of the group's messages.
        package var integrations: [Integration]
        /// The receiver of alerts that none of the integrations accepted in time, or that were not acknowledged in
        /// time.
        package var fallback: String?
        /// The time allowed for acceptance, counted from the first message; nil: by the alert's severity.
        package var responseTime: Duration?
        /// How long an alert may go unacknowledged, accepted or not, before it goes to the fallback; nil: forever.
        package var escalateAfter: Duration?
        /// Labels that `receiver_matchers` of the API select it by.
        package var labels: Labels

        /// A receiver without a fallback, unless one is given.
        package init(
            name: String, integrations: [Integration], fallback: String? = nil, responseTime: Duration? = nil,
            escalateAfter: Duration? = nil, labels: Labels = .empty
        ) {
            self.name = name
            self.integrations = integrations
            self.fallback = fallback
            self.responseTime = responseTime
            self.escalateAfter = escalateAfter
            self.labels = labels
        }

        /// How long an alert may wait for acceptance before it goes to the fallback: by default 5 minutes, 15 minutes,
        /// 1 hour, 24 hours for critical, high, medium and low; an unknown severity counts as medium.
        package func responseTime(for severity: Severity) -> Duration {
            if let responseTime { return responseTime }
            return switch severity {
            case .critical: .seconds(300)
            case .high: .seconds(900)
            case .medium, .unknown: .seconds(3600)
            case .low: .seconds(86_400)
            }
        }
    }

    /// An integration as routing sees it.
    package struct Integration: Sendable, Hashable {
        /// Its kind, and its position among those of its kind.
        package var id: IntegrationID
        /// Whether it gets resolved notifications.
        package var sendResolved: Bool
        /// Set for an integration that expects unchanged alerts to be re-sent periodically, as Alertmanager does. It is
        /// notified at once, whatever the timing of the group.
        package var resend: Resend?
        /// Identifies the address within this process: the log entry of an address moves with it when a reload changes
        /// its position in the list. Nil: the id alone identifies it.
        package var target: Int?
        /// Whether it is notified when alerts that it was notified of are acknowledged. Default false.
        package var tellsAcknowledgements = false

        /// An integration without resends unless given.
        package init(_ id: IntegrationID, sendResolved: Bool, resend: Resend? = nil, target: Int? = nil) {
            self.id = id
            self.sendResolved = sendResolved
            self.resend = resend
            self.target = target
        }
    }

    /// How Prometheus keeps Alertmanagers informed. Source: prometheus, rules/alerting.go.
    package struct Resend: Sendable, Hashable {
        /// The time between two messages about unchanged alerts. Default 1 min.
        package var delay: Duration
        /// How long resolved alerts are sent again. Default 15 min.
        package var resolvedFor: Duration

        /// Prometheus' defaults unless given.
        package init(delay: Duration = .seconds(60), resolvedFor: Duration = .seconds(900)) {
            self.delay = delay
            self.resolvedFor = resolvedFor
        }
    }

    /// The root of the routing tree.
    package var route: Route
    /// In the order of the configuration; names are unique.
    package var receivers: [Receiver]
    /// Which alerts suppress which.
    package var inhibitRules: [InhibitRule]
    /// By name. An interval holds while one of its windows does.
    package var timeIntervals: [String: [TimeWindow]]
    /// How long an alert from the API that has no end time fires. Default 5 min.
    package var resolveTimeout: Duration
    /// Whether notifications include the consequences of an alert, the alerts that it explains; see `Explanation`.
    /// Default true.
    package var correlates = true
    /// Maximum age of an acknowledgement; an incident that outlasts it is notified again. Nil: no limit. Default 8 h.
    package var acknowledgementTimeout: Duration? = DispatchOptions.defaultAcknowledgementTimeout
    /// The `acknowledgementTimeout` of a configuration without `ack_timeout`.
    package static let defaultAcknowledgementTimeout = Duration.seconds(8 * 3600)
    /// Whether receivers that were notified of an alert are notified again when a silence or a mute time ends and the
    /// alert still fires. Default true.
    package var notifiesUnsilenced = true
    /// How long after its start a critical incident takes in further critical alerts. Default 15 min.
    package var incidentWindow = Duration.seconds(900)
    /// How long the first message about an alert that others may explain waits for them. Default 1 s.
    package var suspectWait = Duration.seconds(1)
    /// Maximum number of alerts from our own rules; further new ones are refused and counted. Default 10,000.
    package var alertLimit: Int
    /// Maximum bytes of all alerts from our own rules, as `Alert.sizeBytes` counts them. An alert beyond it loses its
    /// annotations but is still notified. Default 32 MiB.
    package var alertBytesLimit = 32 << 20
    /// Limits on external alerts.
    package var external = ExternalAlertLimits()
    /// Maximum number of groups, for our own and for external alerts each; beyond it a route's new alerts share one
    /// group without labels, so that none is lost. Default 10,000.
    package var groupLimit: Int
    /// Maximum number of silences that have not expired. Default 1,000.
    package var silenceLimit: Int
    /// How long expired silences are kept, and how long a resolved notification that a receiver keeps refusing is
    /// retried. Default 120 h, as in Alertmanager.
    package var retention: Duration

    /// Defaults as documented for each property.
    package init(
        route: Route, receivers: [Receiver], inhibitRules: [InhibitRule] = [],
        timeIntervals: [String: [TimeWindow]] = [:],
        resolveTimeout: Duration = .seconds(300), alertLimit: Int = 10_000, groupLimit: Int = 10_000,
        silenceLimit: Int = 1000,
        retention: Duration = .seconds(120 * 3600)
    ) {
        self.route = route
        self.receivers = receivers
        self.inhibitRules = inhibitRules
        self.timeIntervals = timeIntervals
        self.resolveTimeout = resolveTimeout
        self.alertLimit = alertLimit
        self.groupLimit = groupLimit
        self.silenceLimit = silenceLimit
        self.retention = retention
    }
}

/// Limits on alerts that come through the API. They are counted apart from the alerts of our rules, so that they cannot
/// crowd those out.
package struct ExternalAlertLimits: Sendable, Hashable {
    /// Maximum number of alerts. Default 10,000.
    package var count = 10_000
    /// Maximum bytes of all of them together, as `Alert.sizeBytes` counts them. Default 16 MiB.
    package var bytes = 16 << 20
    /// Maximum bytes of a single alert. Default 64 KiB.
    package var alertBytes = 64 << 10

    /// The defaults.
    package init() {}
}

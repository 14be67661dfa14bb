package import Alerts
package import Samples

/// The routing part of the configuration: which alerts go to which receivers, and when.
package struct DispatchOptions: Sendable {
    /// A receiver as routing sees it.
    package struct Receiver: Sendable, Hashable {
        /// Its name in the configuration.
        package var name: String
        /// Each gets the group's messages for itself.
        package var integrations: [Integration]
        /// The receiver that alerts go to which none of the integrations has accepted in time, or nobody has acknowledged.
        package var fallback: String?
        /// What "in time" is, counted from the first message; nil: by the alert's severity.
        package var responseTime: Duration?
        /// How long an alert may go unacknowledged, accepted or not, before it goes to the fallback; nil: for ever.
        package var escalateAfter: Duration?
        /// Labels that `receiver_matchers` of the API select it by.
        package var labels: Labels

        /// A receiver, without a fallback unless one is given.
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
        /// Whether it gets resolves.
        package var sendResolved: Bool
        /// Set for an integration that expects unchanged alerts again and again, as Alertmanager does. It is notified
        /// at once, whatever the timing of the group.
        package var resend: Resend?
        /// Stands for the address within this process: the log entry of an address moves with it when a reload changes
        /// its position in the list. Nil: the id alone identifies it.
        package var target: Int?
        /// Whether it is told that somebody has acknowledged what it was told of. Default false.
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
        /// Between two messages about unchanged alerts. Default 1 min.
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
    /// How long an alert of the API that came without an end fires. Default 5 min.
    package var resolveTimeout: Duration
    /// Whether alerts that others explain are in their notifications; see `Explanation`. Default true.
    package var correlates = true
    /// How old an acknowledgement may become; an incident that goes on then is told again. Nil: as old as the incident.
    /// Default 8 h.
    package var acknowledgementTimeout: Duration? = .seconds(8 * 3600)
    /// Whether those are told who were told before when a silence or a mute time ends and the alert fires on. Default
    /// true.
    package var notifiesUnsilenced = true
    /// For how long after its beginning a critical fault takes in further critical alerts. Default 15 min.
    package var incidentWindow = Duration.seconds(900)
    /// How long the first message about an alert that others may explain waits for them. Default 1 s.
    package var suspectWait = Duration.seconds(1)
    /// Maximum number of alerts of our own rules; further new ones are refused and counted. Default 10,000.
    package var alertLimit: Int
    /// Bytes that all alerts of our own rules may take, as `Alert.sizeBytes` counts them. An alert beyond it loses its
    /// annotations and is notified all the same. Default 32 MiB.
    package var alertBytesLimit = 32 << 20
    /// What alerts from outside may take.
    package var external = ExternalAlertLimits()
    /// Maximum number of groups, of our own alerts and of those from outside each; beyond it a route's new alerts share
    /// one group without labels, so that none is lost. Default 10,000.
    package var groupLimit: Int
    /// Maximum number of silences that have not expired. Default 1,000.
    package var silenceLimit: Int
    /// How long expired silences are kept, and how long a resolve that a receiver keeps refusing is tried again.
    /// Default 120 h, as in Alertmanager.
    package var retention: Duration

    /// Defaults as documented at each property.
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

/// What alerts that come through the API may take. They have places of their own: however many there are, those of our
/// rules find theirs.
package struct ExternalAlertLimits: Sendable, Hashable {
    /// Maximum number of them. Default 10,000.
    package var count = 10_000
    /// Bytes that all of them may take, as `Alert.sizeBytes` counts them. Default 16 MiB.
    package var bytes = 16 << 20
    /// Bytes that one of them may take. Default 64 KiB.
    package var alertBytes = 64 << 10

    /// The defaults.
    package init() {}
}

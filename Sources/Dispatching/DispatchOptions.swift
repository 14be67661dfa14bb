import Alerts
import Samples

/// Who hears what, when: the routing part of the configuration.
package struct DispatchOptions: Sendable {
    /// A receiver as routing sees it: where messages go in parallel.
    package struct Receiver: Sendable, Hashable {
        package var name: String
        package var integrations: [Integration]
        /// The receiver that hears of alerts which none of the integrations has accepted in time.
        package var fallback: String?
        /// What "in time" is, from the first message on; nil: as the alert's severity says.
        package var responseTime: Duration?

        package init(name: String, integrations: [Integration], fallback: String? = nil, responseTime: Duration? = nil)
        {
            self.name = name
            self.integrations = integrations
            self.fallback = fallback
            self.responseTime = responseTime
        }

        /// How long an alert may wait to be accepted before the fallback hears of it: by default within 5 minutes,
        /// 15 minutes, 1 hour, 24 hours for critical, high, medium and low; an unknown severity counts as medium.
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

    package struct Integration: Sendable, Hashable {
        /// Kind and place: `email/0`.
        package var name: String
        package var sendResolved: Bool
        /// Set for one that must hear of the same again and again, as an Alertmanager must: it is told at once,
        /// whatever the timing of the group.
        package var resend: Resend?
        /// Stands for the address within this process: what an address was told belongs to it wherever a reload puts it
        /// in the list. Nil: the name alone says who it is.
        package var target: Int?

        package init(name: String, sendResolved: Bool, resend: Resend? = nil, target: Int? = nil) {
            self.name = name
            self.sendResolved = sendResolved
            self.resend = resend
            self.target = target
        }
    }

    /// How Prometheus keeps Alertmanagers informed. Source: prometheus, rules/alerting.go.
    package struct Resend: Sendable, Hashable {
        /// Default 1 min.
        package var delay: Duration
        /// How long ends are told again. Default 15 min.
        package var resolvedFor: Duration

        package init(delay: Duration = .seconds(60), resolvedFor: Duration = .seconds(900)) {
            self.delay = delay
            self.resolvedFor = resolvedFor
        }
    }

    package var route: Route
    package var receivers: [Receiver]
    package var inhibitRules: [InhibitRule]
    /// By name. An interval holds while one of its windows does.
    package var timeIntervals: [String: [TimeWindow]]
    /// After this long an alert from outside that came without an end counts as resolved. Default 5 min.
    package var resolveTimeout: Duration
    /// Most alerts held; further new ones are refused and counted. Default 10,000.
    package var alertLimit: Int
    /// Most groups; beyond, a route's new alerts share one group without labels, so that none is lost. Default 10,000.
    package var groupLimit: Int
    /// Most silences that are not over. Default 1,000.
    package var silenceLimit: Int
    /// How long expired silences are kept, and resolves that a receiver keeps refusing. Default 120 h, as
    /// Alertmanager's.
    package var retention: Duration

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

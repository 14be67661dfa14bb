import Samples

/// Who hears what, when: the routing part of the configuration.
package struct DispatchOptions: Sendable {
    /// A receiver as routing sees it: where messages go in parallel.
    package struct Receiver: Sendable, Hashable {
        package var name: String
        package var integrations: [Integration]

        package init(name: String, integrations: [Integration]) {
            self.name = name
            self.integrations = integrations
        }
    }

    package struct Integration: Sendable, Hashable {
        /// Kind and place: `email/0`.
        package var name: String
        package var sendResolved: Bool

        package init(name: String, sendResolved: Bool) {
            self.name = name
            self.sendResolved = sendResolved
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
    /// How long expired silences are kept, and resolves that a receiver keeps refusing. Default 120 h, as Alertmanager's.
    package var retention: Duration

    package init(
        route: Route, receivers: [Receiver], inhibitRules: [InhibitRule] = [], timeIntervals: [String: [TimeWindow]] = [:],
        resolveTimeout: Duration = .seconds(300), alertLimit: Int = 10_000, groupLimit: Int = 10_000, silenceLimit: Int = 1000,
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

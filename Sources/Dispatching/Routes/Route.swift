package import Samples

/// One node of the routing tree as the configuration defines it; nil means inherited from the parent.
/// Source: https://prometheus.io/docs/alerting/latest/configuration/#route
package struct Route: Sendable, Hashable {
    /// Which alerts form one group.
    package enum GroupBy: Sendable, Hashable {
        /// These labels; none puts every alert of the route into one group.
        case labels(Set<String>)
        /// `...`: every alert is its own group.
        case all
    }

    /// The receiver of its groups.
    package var receiver: String?
    /// All must match. The file's `match`, `match_re` and `matchers` in one list.
    package var matchers: [Matcher]
    /// Whether later siblings are tried too once this one has matched.
    package var continues: Bool
    /// How its alerts form groups.
    package var groupBy: GroupBy?
    /// How long a new group waits for further alerts before its first message.
    package var groupWait: Duration?
    /// The time between two flushes of a group.
    package var groupInterval: Duration?
    /// The time after which a message about unchanged alerts is repeated.
    package var repeatInterval: Duration?
    /// Names of time intervals in which the route is muted. Not inherited, as in Alertmanager.
    package var muteTimeIntervals: [String]
    /// Names of time intervals outside of which the route is muted. Not inherited.
    package var activeTimeIntervals: [String]
    /// Its children, tried in this order.
    package var routes: [Route]

    /// A route that inherits everything that is not given.
    package init(
        receiver: String? = nil, matchers: [Matcher] = [], continues: Bool = false, groupBy: GroupBy? = nil,
        groupWait: Duration? = nil,
        groupInterval: Duration? = nil, repeatInterval: Duration? = nil, muteTimeIntervals: [String] = [],
        activeTimeIntervals: [String] = [], routes: [Route] = []
    ) {
        self.receiver = receiver
        self.matchers = matchers
        self.continues = continues
        self.groupBy = groupBy
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
        self.muteTimeIntervals = muteTimeIntervals
        self.activeTimeIntervals = activeTimeIntervals
        self.routes = routes
    }
}

package import Samples

/// A rule group as Prometheus' API shows it.
package struct RuleGroupView: Sendable {
    /// Unique in its file.
    package var name: String
    /// The path of the rule file.
    package var file: String
    /// Time from one evaluation to the next.
    package var interval: Duration
    /// The maximum number of alerts or series of a rule; 0 for no limit.
    package var limit: Int
    /// The rules, in the order of the file.
    package var rules: [RuleView]
    /// How long the last evaluation took, in seconds.
    package var evaluationTime: Double
    /// When the group was last evaluated; nil before the first time.
    package var lastEvaluation: Timestamp?
    /// How long after it was due the last evaluation began, in seconds.
    package var lateness = 0.0

    /// A group that has not been evaluated unless the rest is given.
    package init(
        name: String, file: String, interval: Duration, limit: Int = 0, rules: [RuleView], evaluationTime: Double = 0,
        lastEvaluation: Timestamp? = nil
    ) {
        self.name = name
        self.file = file
        self.interval = interval
        self.limit = limit
        self.rules = rules
        self.evaluationTime = evaluationTime
        self.lastEvaluation = lastEvaluation
    }
}

/// A rule as Prometheus' API shows it.
package struct RuleView: Sendable {
    /// Whether the last evaluation succeeded.
    package enum Health: String, Sendable { case ok, err, unknown }
    /// The kind of rule.
    package enum Kind: Sendable {
        /// Records a series.
        case recording
        /// Raises alerts.
        case alerting(Alerting)
    }
    /// The additional fields of alerting rules.
    package struct Alerting: Sendable {
        /// `for`.
        package var hold: Duration
        /// `keep_firing_for`.
        package var keepFiring: Duration
        /// The templates of the annotations.
        package var annotations: [String: String]
        /// The pending and firing alerts.
        package var alerts: [AlertView]

        /// All parts of an alerting rule.
        package init(hold: Duration, keepFiring: Duration, annotations: [String: String], alerts: [AlertView]) {
            self.hold = hold
            self.keepFiring = keepFiring
            self.annotations = annotations
            self.alerts = alerts
        }
    }

    /// The alert's name or the recorded metric.
    package var name: String
    /// The PromQL expression.
    package var query: String
    /// The labels that the rule adds.
    package var labels: [String: String]
    /// Recording or alerting.
    package var kind: Kind
    /// Whether the last evaluation succeeded.
    package var health: Health
    /// Why the last evaluation failed.
    package var lastError: String?
    /// How long the last evaluation took, in seconds.
    package var evaluationTime: Double
    /// When the rule was last evaluated; nil before the first time.
    package var lastEvaluation: Timestamp?
    /// Number of series that the last evaluation read.
    package var series = 0
    /// Number of samples that the last evaluation read.
    package var samples = 0
    /// Whether the selectors of the expression matched no series in the last evaluation, so that the rule can't find
    /// anything. Never for an expression that tests for absence.
    package var readsNothing = false

    /// A rule that has not been evaluated unless the rest is given.
    package init(
        name: String, query: String, labels: [String: String] = [:], kind: Kind, health: Health = .unknown,
        lastError: String? = nil,
        evaluationTime: Double = 0, lastEvaluation: Timestamp? = nil
    ) {
        self.name = name
        self.query = query
        self.labels = labels
        self.kind = kind
        self.health = health
        self.lastError = lastError
        self.evaluationTime = evaluationTime
        self.lastEvaluation = lastEvaluation
    }
}

/// One pending or firing alert of a rule.
package struct AlertView: Sendable {
    /// Prometheus' states of an active alert.
    package enum State: String, Sendable { case pending, firing }

    /// All labels.
    package var labels: Labels
    /// The rendered annotations.
    package var annotations: [String: String]
    /// Pending or firing.
    package var state: State
    /// When the expression first held.
    package var activeAt: Timestamp
    /// The value of the expression.
    package var value: Double
    /// Since when only `keep_firing_for` keeps the alert firing.
    package var keepFiringSince: Timestamp?

    /// An alert with all its parts.
    package init(
        labels: Labels, annotations: [String: String], state: State, activeAt: Timestamp, value: Double,
        keepFiringSince: Timestamp? = nil
    ) {
        self.labels = labels
        self.annotations = annotations
        self.state = state
        self.activeAt = activeAt
        self.value = value
        self.keepFiringSince = keepFiringSince
    }
}

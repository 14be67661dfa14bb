import Samples

/// A rule group as Prometheus' API tells it.
package struct RuleGroupView: Sendable {
    package var name: String
    package var file: String
    package var interval: Duration
    package var limit: Int
    package var rules: [RuleView]
    /// Seconds.
    package var evaluationTime: Double
    package var lastEvaluation: Timestamp?

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

package struct RuleView: Sendable {
    package enum Health: String, Sendable { case ok, err, unknown }
    package enum Kind: Sendable {
        case recording
        case alerting(Alerting)
    }
    package struct Alerting: Sendable {
        package var hold: Duration
        package var keepFiring: Duration
        package var annotations: [String: String]
        package var alerts: [AlertView]

        package init(hold: Duration, keepFiring: Duration, annotations: [String: String], alerts: [AlertView]) {
            self.hold = hold
            self.keepFiring = keepFiring
            self.annotations = annotations
            self.alerts = alerts
        }
    }

    package var name: String
    package var query: String
    package var labels: [String: String]
    package var kind: Kind
    package var health: Health
    package var lastError: String?
    /// Seconds.
    package var evaluationTime: Double
    package var lastEvaluation: Timestamp?

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
    package enum State: String, Sendable { case pending, firing }

    package var labels: Labels
    package var annotations: [String: String]
    package var state: State
    package var activeAt: Timestamp
    package var value: Double
    package var keepFiringSince: Timestamp?

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

/// How everything stands: what the status page shows and `vaultwatch status` prints. Times are RFC 3339.
package struct EstateStatus: Sendable, Hashable, Codable {
    /// In the order of concern.
    package enum Health: String, Sendable, Hashable, Codable, CaseIterable {
        case ok, warning, critical, unknown
    }

    /// One watched thing.
    package struct Target: Sendable, Hashable, Codable {
        package var name: String
        package var health: Health
        /// A word or two: `active`, `sealed`, `primary`, `complete`.
        package var state: String
        package var detail: String
        /// Findings, each a sentence.
        package var warnings: [String]
        package var lastProbe: String?
        /// The last probe's duration.
        package var seconds: Double?
        package var lastError: String?

        package init(
            name: String, health: Health, state: String, detail: String = "", warnings: [String] = [],
            lastProbe: String? = nil,
            seconds: Double? = nil, lastError: String? = nil
        ) {
            self.name = name
            self.health = health
            self.state = state
            self.detail = detail
            self.warnings = warnings
            self.lastProbe = lastProbe
            self.seconds = seconds
            self.lastError = lastError
        }
    }

    /// Targets of a kind: a cluster's nodes, its PostgreSQL servers, the backup sets.
    package struct Section: Sendable, Hashable, Codable {
        /// `Vault cluster main`, `PostgreSQL`, `Backups`.
        package var title: String
        /// A line about all of them together: `active vault-1, quorum margin 2`.
        package var summary: String
        package var targets: [Target]

        package init(title: String, summary: String = "", targets: [Target]) {
            self.title = title
            self.summary = summary
            self.targets = targets
        }
    }

    package struct FiringAlert: Sendable, Hashable, Codable {
        package var name: String
        package var severity: String
        /// `pending`, `firing`, `suppressed`.
        package var state: String
        package var since: String
        package var summary: String
        package var action: String
        package var runbookURL: String
        package var labels: [String: String]

        package init(
            name: String, severity: String, state: String, since: String, summary: String = "", action: String = "",
            runbookURL: String = "",
            labels: [String: String] = [:]
        ) {
            self.name = name
            self.severity = severity
            self.state = state
            self.since = since
            self.summary = summary
            self.action = action
            self.runbookURL = runbookURL
            self.labels = labels
        }
    }

    /// How messages to one integration of one receiver fare.
    package struct Receiver: Sendable, Hashable, Codable {
        package var name: String
        package var integration: String
        package var health: Health
        package var waiting: Int
        package var lastAccepted: String?
        package var lastError: String?

        package init(
            name: String, integration: String, health: Health, waiting: Int = 0, lastAccepted: String? = nil,
            lastError: String? = nil
        ) {
            self.name = name
            self.integration = integration
            self.health = health
            self.waiting = waiting
            self.lastAccepted = lastAccepted
            self.lastError = lastError
        }
    }

    package var version: String
    package var startedAt: String
    package var now: String
    package var sections: [Section]
    package var alerts: [FiringAlert]
    package var receivers: [Receiver]

    package init(
        version: String, startedAt: String, now: String, sections: [Section] = [], alerts: [FiringAlert] = [],
        receivers: [Receiver] = []
    ) {
        self.version = version
        self.startedAt = startedAt
        self.now = now
        self.sections = sections
        self.alerts = alerts
        self.receivers = receivers
    }

    /// The worst of all targets, alerts and receivers.
    package var health: Health {
        let healths = sections.flatMap(\.targets).map(\.health) + receivers.map(\.health)
        if healths.contains(.critical) || alerts.contains(where: { $0.state == "firing" && $0.severity == "critical" })
        {
            return .critical
        }
        if healths.contains(.unknown) { return .unknown }
        if healths.contains(.warning) || alerts.contains(where: { $0.state == "firing" }) { return .warning }
        return .ok
    }
}

/// The state of the estate, for the status page and `vaultwatch status`. Times are RFC 3339.
package struct EstateStatus: Sendable, Hashable, Codable {
    /// How healthy something is, in order of severity.
    package enum Health: String, Sendable, Hashable, Codable, CaseIterable {
        case ok, warning, critical, unknown
    }

    /// One target.
    package struct Target: Sendable, Hashable, Codable {
        /// Its name within the section.
        package var name: String
        /// The label `target_type`, `vault_node`; nil in the status of an older agent.
        package var kind: String?
        /// The label `target`, `prod/vault-1`; nil in the status of an older agent.
        package var target: String?
        /// Its health.
        package var health: Health
        /// One or two words: `active`, `sealed`, `primary`, `complete`.
        package var state: String
        /// One line about it.
        package var detail: String
        /// Findings, each a sentence.
        package var warnings: [String]
        /// When the last probe ended.
        package var lastProbe: String?
        /// How long the last probe took, in seconds.
        package var seconds: Double?
        /// Why the last probe failed.
        package var lastError: String?

        /// A target that has not been probed unless the rest is given.
        package init(
            name: String, health: Health, state: String, detail: String = "", warnings: [String] = [],
            lastProbe: String? = nil, seconds: Double? = nil, lastError: String? = nil, kind: String? = nil,
            target: String? = nil
        ) {
            self.name = name
            self.kind = kind
            self.target = target
            self.health = health
            self.state = state
            self.detail = detail
            self.warnings = warnings
            self.lastProbe = lastProbe
            self.seconds = seconds
            self.lastError = lastError
        }
    }

    /// Related targets: the nodes of a cluster, its PostgreSQL servers, the backup sets.
    package struct Section: Sendable, Hashable, Codable {
        /// `Vault cluster main`, `PostgreSQL`, `Backups`.
        package var title: String
        /// One line about all of them: `active vault-1, quorum margin 2`.
        package var summary: String
        /// The targets, sorted.
        package var targets: [Target]

        /// A section with its targets.
        package init(title: String, summary: String = "", targets: [Target]) {
            self.title = title
            self.summary = summary
            self.targets = targets
        }
    }

    /// A pending, firing or suppressed alert.
    package struct FiringAlert: Sendable, Hashable, Codable {
        /// The label `alertname`.
        package var name: String
        /// The label `severity`.
        package var severity: String
        /// `pending`, `firing`, `suppressed`.
        package var state: String
        /// What suppresses it: `silenced by <id>, inhibited by VaultNoActiveNode, muted by weekend`; nil if it is not
        /// suppressed.
        package var suppressedBy: String?
        /// When it entered that state.
        package var since: String
        /// The annotation `summary`.
        package var summary: String
        /// The annotation `action`.
        package var action: String
        /// The annotation `runbook_url`.
        package var runbookURL: String
        /// All labels.
        package var labels: [String: String]

        /// An alert without annotations and labels unless they are given.
        package init(
            name: String, severity: String, state: String, since: String, summary: String = "", action: String = "",
            runbookURL: String = "",
            labels: [String: String] = [:], suppressedBy: String? = nil
        ) {
            self.name = name
            self.severity = severity
            self.state = state
            self.suppressedBy = suppressedBy
            self.since = since
            self.summary = summary
            self.action = action
            self.runbookURL = runbookURL
            self.labels = labels
        }
    }

    /// The state of one integration of a receiver.
    package struct Receiver: Sendable, Hashable, Codable {
        /// The receiver's name.
        package var name: String
        /// The integration: `email/0`.
        package var integration: String
        /// `unknown` before the first notification.
        package var health: Health
        /// How many notifications are waiting.
        package var waiting: Int
        /// When it last accepted a notification.
        package var lastAccepted: String?
        /// Why the last attempt failed.
        package var lastError: String?

        /// An integration without notifications unless the rest is given.
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

    /// The agent's version.
    package var version: String
    /// When the agent started.
    package var startedAt: String
    /// The time of this status.
    package var now: String
    /// The targets, by section.
    package var sections: [Section]
    /// The alerts that are not inactive.
    package var alerts: [FiringAlert]
    /// All integrations of all receivers.
    package var receivers: [Receiver]

    /// A status without alerts and receivers unless they are given.
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

    /// The worst health of all targets, alerts and receivers.
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

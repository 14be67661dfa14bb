package import Alerts
package import Dispatching
package import Samples

/// Everything that pages show, of one moment, so that no two parts of a page contradict each other. Made at most ten times
/// a second, however many clients ask.
package struct EstateSnapshot: Sendable {
    /// Rises with each snapshot that says something else than the one before; times and ages apart.
    package var revision: UInt64
    /// The moment.
    package var now: Timestamp
    /// Targets, alerts and receivers.
    package var status: EstateStatus
    /// Incidents under way, the gravest and oldest first.
    package var incidents: [IncidentView]
    /// Ended incidents of 90 days, the last ended first.
    package var ended: [IncidentRecord]
    /// All firing alerts.
    package var alerts: [AlertStatus]
    /// All groups with a firing alert.
    package var groups: [GroupStatus]
    /// All silences, expired ones too.
    package var silences: [Silence]
    /// The rule groups with their state.
    package var rules: [RuleGroupView]
    /// The targets with their last result.
    package var targets: [TargetView]
    /// The states of each target over the last six hours.
    package var states: [TargetStates]
    /// Measurements that tell how the targets are, over the last six hours.
    package var vitals: [VitalSign]
    /// Backups and restore tests.
    package var backups: BackupsView

    /// A moment at which nothing is known.
    package init(now: Timestamp, status: EstateStatus? = nil) {
        revision = 0
        self.now = now
        self.status = status ?? EstateStatus(version: "", startedAt: now.rfc3339, now: now.rfc3339)
        incidents = []
        ended = []
        alerts = []
        groups = []
        silences = []
        rules = []
        targets = []
        states = []
        vitals = []
        backups = BackupsView(now: now)
    }
}

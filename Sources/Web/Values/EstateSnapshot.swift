package import Alerts
package import Dispatching
package import Samples

/// A consistent view of everything that pages show, so that no two parts of a page contradict each other. Made at most
/// ten times a second, however many clients request it.
package struct EstateSnapshot: Sendable {
    /// Incremented when the content changes, ignoring times and ages.
    package var revision: UInt64
    /// When it was made.
    package var now: Timestamp
    /// Targets, alerts and receivers.
    package var status: EstateStatus
    /// Open incidents, most severe and oldest first.
    package var incidents: [IncidentView]
    /// The same incidents as messages have them, and firing alerts without a number; newest first.
    package var underWay: [Notification.Incident]
    /// Incidents resolved within 90 days, most recently resolved first.
    package var ended: [IncidentRecord]
    /// All firing alerts.
    package var alerts: [AlertStatus]
    /// All groups with a firing alert.
    package var groups: [GroupStatus]
    /// All silences, including expired ones.
    package var silences: [Silence]
    /// The rule groups with their state.
    package var rules: [RuleGroupView]
    /// The targets with their last result.
    package var targets: [TargetView]
    /// The states of each target over the last six hours.
    package var states: [TargetStates]
    /// Key measurements of the targets, over the last six hours.
    package var vitals: [VitalSign]
    /// Backups and restore tests.
    package var backups: BackupsView

    /// A snapshot without any data.
    package init(now: Timestamp, status: EstateStatus? = nil) {
        revision = 0
        self.now = now
        self.status = status ?? EstateStatus(version: "", startedAt: now.rfc3339, now: now.rfc3339)
        incidents = []
        underWay = []
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

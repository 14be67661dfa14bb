import Alerts
import Samples

@testable import Delivery

/// The primary of PostgreSQL is down; Vault follows.
enum IncidentFixture {
    static let now = Alerts.Notification.now

    static func alert(
        _ name: String, _ severity: String, _ summary: String, cluster: String = "prod", after seconds: Int,
        ended end: Int? = nil, _ annotations: [String: String] = [:]
    ) -> Alert {
        let began = now + .seconds(-600)
        return Alert(
            labels: Labels(["alertname": name, "severity": severity, "cluster": cluster]),
            annotations: annotations.merging(["summary": summary]) { _, new in new },
            startsAt: began + .seconds(seconds), endsAt: end.map { began + .seconds($0) }, updatedAt: now,
            generatorURL: "https://watch.example.org/graph?g0.expr=pg_up")
    }

    static func cause(ended end: Int? = nil, cluster: String = "prod") -> Alert {
        alert(
            "PostgresDown", "critical", "PostgreSQL primary pg-1 is down", cluster: cluster, after: 0, ended: end,
            [
                "description": "Nothing listens on pg-1:5432 <tcp>.", "action": "ssh pg-1 'systemctl start postgresql'",
                "runbook_url": "https://wiki.example.org/pg",
            ])
    }

    static func reads(ended end: Int? = nil) -> Alert {
        alert("VaultReadFailing", "high", "Reads fail", after: 10, ended: end, ["action": "Wait."])
    }

    static func outage(ended end: Int? = nil) -> Alert {
        alert(
            "VaultNoActiveNode", "critical", "Vault serves nothing", after: 20, ended: end, ["action": "vault status"])
    }

    static func incident(_ cause: Alert, _ consequences: [Alert], id: UInt64 = 7) -> Alerts.Notification.Incident {
        .init(id: id, startsAt: cause.startsAt, cause: cause, consequences: consequences)
    }

    /// A message about an incident.
    static func notification(
        _ integration: IntegrationID, alerts: [Alert]? = nil, incidents: [Alerts.Notification.Incident],
        reason: Alerts.Notification.Reason = .first
    ) -> Alerts.Notification {
        var notification = Alerts.Notification(
            receiver: "team", integration: integration, groupKey: #"{}:{alertname="PostgresDown"}"#,
            groupLabels: Labels(["alertname": "PostgresDown"]),
            alerts: alerts ?? incidents.flatMap { [$0.cause] + $0.consequences }, reason: reason, decidedAt: now)
        notification.incidents = incidents
        return notification
    }

    static func firing(_ integration: IntegrationID) -> Alerts.Notification {
        notification(integration, incidents: [incident(cause(), [reads(), outage()])])
    }

    /// Over after 9 minutes; nothing was served for 8 of them.
    static func over(_ integration: IntegrationID) -> Alerts.Notification {
        notification(
            integration, incidents: [incident(cause(ended: 540), [reads(ended: 500), outage(ended: 500)])],
            reason: .resolved)
    }

    /// Thirty consequences, each with texts that are much too long.
    static func storm(
        _ integration: IntegrationID, reason: Alerts.Notification.Reason = .first
    ) -> Alerts.Notification {
        let long = String(repeating: "é<& ", count: 2000)
        let effects = (0..<30).map {
            alert("Effect\($0)", $0 == 29 ? "critical" : "low", "Effect \($0) \(long)", after: $0, ["action": long])
        }
        var cause = cause()
        cause.annotations["description"] = long
        return notification(integration, incidents: [incident(cause, effects)], reason: reason)
    }
}

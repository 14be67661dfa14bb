package import Alerts
package import Samples

/// The message that tests a receiver: of `vaultwatch notify test`, and of the console.
package struct TestMessage: Sendable {
    /// The alert in it.
    package let alert: Alert
    private let now: Timestamp

    /// - Parameters:
    ///   - severity: of the alert; it selects the route.
    ///   - isResolved: whether the alert has ended, which closes what a firing test has opened.
    ///   - cluster: the value of the label `cluster`.
    ///   - url: where the alert's link leads.
    package init(severity: Severity, isResolved: Bool, cluster: String, url: String, now: Timestamp) {
        let word = severity.rawValue
        alert = Alert(
            labels: Labels(["alertname": "VaultwatchTest", "severity": word, "cluster": cluster]),
            annotations: [
                "summary": "Test of the \(word) route",
                "description": "This is a test of notifications of severity \(word). Nothing is wrong.",
                "action": "None.",
            ],
            startsAt: now - .seconds(60), endsAt: isResolved ? now : nil, updatedAt: now, generatorURL: url)
        self.now = now
    }

    /// The message for one integration.
    package func notification(_ receiver: String, _ integration: IntegrationID) -> Notification {
        Notification(
            receiver: receiver, integration: integration,
            groupKey: "vaultwatch-test:{severity=\"\(alert.severity.rawValue)\"}",
            groupLabels: ["alertname": "VaultwatchTest"], alerts: [alert], reason: .test, decidedAt: now)
    }
}

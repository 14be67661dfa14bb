import Alerts

/// The message as plain text.
extension SlackMessage {
    private static let maxLines = 20
    private static let lineRunes = 150

    /// The payload for a message whose form Slack has rejected: only a channel and text, which it can't reject for its
    /// form.
    func plainPayload(thread: String?) throws(DeliveryError) -> JSON {
        let notification = draft.notification
        let alerts = otherAlerts
        var lines = [
            "*\(SlackText.escaped(draft.content(options.fallback, else: #"{{ template "slack.default.title" . }}"#), limit: 300))*"
        ]
        lines += incidentLines()
        lines += alerts.prefix(SlackMessage.maxLines).map { alert in
            "• "
                + SlackText.escaped(
                    alert.status(at: notification.decidedAt) == .resolved
                        ? SlackMessage.end(alert) : SlackMessage.summary(alert), limit: SlackMessage.lineRunes)
        }
        let left = max(0, alerts.count - SlackMessage.maxLines) + notification.truncatedAlerts
        if left > 0 { lines.append("… and \(left) more") }
        lines += stillLines
        return .object([
            ("channel", nonEmpty(try draft.address(options.channel))), ("username", optional(options.username)),
            ("thread_ts", thread.map { .string($0) }), ("text", .string(lines.joined(separator: "\n"))),
        ])
    }
}

import Alerts

/// The same in words alone.
extension SlackMessage {
    private static let mostLines = 20
    private static let lineRunes = 150

    /// What remains when Slack has refused the form: nothing in it but a channel and text can be wrong.
    func plainPayload(thread: String?) throws(DeliveryError) -> JSON {
        let notification = draft.notification
        let alerts = notification.firing + notification.resolved
        var lines = [
            "*\(SlackText.escaped(draft.content(options.fallback, else: #"{{ template "slack.default.title" . }}"#), most: 300))*"
        ]
        lines += alerts.prefix(SlackMessage.mostLines).map { alert in
            "• "
                + SlackText.escaped(
                    alert.annotations["summary"] ?? alert.annotations["title"] ?? alert.name,
                    most: SlackMessage.lineRunes)
        }
        let left = max(0, alerts.count - SlackMessage.mostLines) + notification.truncatedAlerts
        if left > 0 { lines.append("… and \(left) more") }
        return .object([
            ("channel", nonEmpty(try draft.address(options.channel))), ("username", optional(options.username)),
            ("thread_ts", thread.map { .string($0) }), ("text", .string(lines.joined(separator: "\n"))),
        ])
    }
}

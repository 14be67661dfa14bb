import Alerts
import Platform
import Samples
import Testing

@testable import Delivery

/// A cause was looked for and not found: what could have been it, and answers, is named.
struct AnsweringTests {
    private func draft(_ names: [String], fires: Bool = true) throws -> Draft {
        let at = Timestamp(year: 2026, month: 1, day: 5)
        let alert = Alert(
            labels: ["alertname": "VaultNoActiveNode"], startsAt: at, endsAt: fires ? nil : at + .seconds(1),
            updatedAt: at)
        var notification = Alerts.Notification(
            receiver: "ops", integration: .init(.slack, 0), groupKey: "{}:{}", groupLabels: .empty, alerts: [alert],
            reason: .first, decidedAt: at + .seconds(60))
        var incident = Alerts.Notification.Incident(id: nil, startsAt: at, cause: alert, consequences: [])
        incident.answering = names
        notification.incidents = [incident]
        return try Composer(externalURL: "", files: SystemFiles()).draft(notification)
    }

    private func texts(_ draft: Draft) throws -> [String] {
        let slack = SlackMessage(
            options: SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x"))), draft: draft)
        let pagerDuty = PagerDutyEvent(options: PagerDutyOptions(.routing(Secret(value: "k"))), draft: draft)
        return [
            draft.content(#"{{ template "email.default.text" . }}"#),
            draft.markup(#"{{ template "email.default.html" . }}"#, else: ""),
            String(decoding: try slack.payload(thread: nil).bytes, as: UTF8.self),
            String(decoding: pagerDuty.body(routingKey: "k"), as: UTF8.self),
        ]
    }

    @Test func isSaidInEveryMessage() throws {
        for text in try texts(draft(["postgres prod/pg-1", "postgres prod/pg-2"])) {
            #expect(text.contains("postgres prod/pg-1, postgres prod/pg-2"), "\(text)")
        }
        let many = try texts(draft((1...9).map { "postgres prod/pg-\($0)" }))
        #expect(many.allSatisfy { $0.contains("pg-5, 4 more") && !$0.contains("pg-6") })
        for text in try texts(draft([])) + texts(draft(["postgres prod/pg-1"], fires: false)) {
            #expect(!text.contains("not the cause") && !text.contains("answering"), "\(text)")
        }
    }
}

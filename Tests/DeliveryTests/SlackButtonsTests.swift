import Alerts
import Platform
import Samples
import Testing

@testable import Delivery

/// How somebody acknowledges from a message in Slack: buttons where presses come back, else a link.
struct SlackButtonsTests {
    private func payload(
        token: Bool, url: String = "https://watch.example.org", fires: Bool = true, by user: String? = nil,
        text: String = SlackOptions.defaultText
    ) throws -> String {
        let at = Timestamp(year: 2026, month: 1, day: 5)
        let alert = Alert(
            labels: ["alertname": "VaultSealed"], startsAt: at, endsAt: fires ? nil : at + .seconds(1), updatedAt: at)
        var notification = Alerts.Notification(
            receiver: "ops", integration: .init(.slack, 0), groupKey: "{}:{}", groupLabels: .empty, alerts: [alert],
            reason: .first, decidedAt: at + .seconds(60))
        notification.incidents = [
            .init(
                id: 1, startsAt: at, cause: alert, consequences: [],
                acknowledgement: user.map { Acknowledgement(by: $0, at: at) })
        ]
        var options = SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x")))
        options.text = text
        if token { options.socketToken = Secret(value: "xapp-1") }
        let draft = try Composer(externalURL: url, files: SystemFiles()).draft(notification)
        return String(
            decoding: try SlackMessage(options: options, draft: draft).payload(thread: nil).bytes, as: UTF8.self)
    }

    @Test func areThereWhilePressesMeanSomething() throws {
        let group = GroupDigest.of("{}:{}")
        let open = try payload(token: true)
        #expect(open.contains(#""action_id":"vaultwatch_acknowledge","value":"\#(group)""#), "\(open)")
        #expect(open.contains(#""action_id":"vaultwatch_silence","value":"\#(group)""#))
        let taken = try payload(token: true, by: "ann")
        #expect(!taken.contains("vaultwatch_acknowledge") && taken.contains("vaultwatch_silence"))
        #expect(try !payload(token: true, fires: false).contains("vaultwatch_"))
    }

    @Test func aLinkStandsInForThem() throws {
        let link = ##""text":"Acknowledge"},"style":"primary","url":"https://watch.example.org/incidents#band""##
        #expect(try payload(token: false).contains(link))
        #expect(try !payload(token: true).contains("#band"))
        let own = try payload(token: false, text: "own")
        #expect(own.contains("<https://watch.example.org/incidents#band|Acknowledge>"))
        #expect(try !payload(token: false, fires: false).contains("Acknowledge"))
        #expect(try !payload(token: false, url: "").contains("Acknowledge"))
    }
}

import Alerts
import Platform
import Samples
import Testing

@testable import Delivery

/// A fault with many consequences is a message of the size of one with ten.
struct IncidentSizeTests {
    private typealias Fixture = IncidentFixture

    private func sizes(_ count: Int) throws -> (slack: Int, mail: Int, pagerDuty: Int) {
        let consequences = (0..<count).map { index in
            Fixture.alert("Effect\(index)", "high", "node-\(index) of production can't reach its storage", after: 10)
        }
        let draft = try Composer(externalURL: "https://watch.example.org", files: SystemFiles()).draft(
            Fixture.notification(
                .init(.slack, 0), incidents: [Fixture.incident(Fixture.cause(), consequences)]))
        let slack = SlackMessage(
            options: SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x"))), draft: draft)
        let pagerDuty = PagerDutyEvent(options: PagerDutyOptions(.routing(Secret(value: "k"))), draft: draft)
        let mail =
            draft.content(#"{{ template "email.default.text" . }}"#)
            + draft.markup(#"{{ template "email.default.html" . }}"#, else: "")
        return (
            try slack.payload(thread: nil).bytes.count, mail.utf8.count, pagerDuty.body(routingKey: "k").count
        )
    }

    @Test func thirtyConsequencesAreTenAndANumber() throws {
        let (ten, thirty) = (try sizes(10), try sizes(30))
        print(
            "30 consequences: Slack \(thirty.slack) bytes, mail \(thirty.mail), PagerDuty \(thirty.pagerDuty); 10: \(ten.slack), \(ten.mail), \(ten.pagerDuty)"
        )
        for (many, few) in [(thirty.slack, ten.slack), (thirty.mail, ten.mail), (thirty.pagerDuty, ten.pagerDuty)] {
            #expect(many < few + 400 && many < 16_000)
        }
    }
}

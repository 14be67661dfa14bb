import Alerts
import Foundation
import Platform
import Samples
import Testing
import Transport

@testable import Delivery

/// What is told at an alert's end reads as an end: nothing that held only while it fired is said as if it were true now.
struct EndingTests {
    private static let annotations = [
        "description": "Nobody can read a secret: 3 of 3 nodes are sealed.", "action": "Unseal it.",
        "runbook_url": "https://wiki.example.org/seal",
    ]
    private static let end = "over after 1 min 59 s"

    @Sendable private static func ended(_ integration: IntegrationID, still: [Alert] = [], alerts: Int = 1)
        -> Alerts.Notification
    {
        var notification = Alerts.Notification.test(
            integration, annotations: annotations, resolved: true, alerts: alerts)
        notification.stillFiring = still
        return notification
    }

    private static let graver = Alert(
        labels: ["alertname": "VaultNoActiveNode", "severity": "critical", "node": "vault-0"],
        annotations: ["summary": "No node is active"], startsAt: Alerts.Notification.now,
        updatedAt: Alerts.Notification.now)

    private func text(_ template: String, _ notification: Alerts.Notification) throws -> String {
        try Composer(externalURL: "", files: SystemFiles()).draft(notification).content(template)
    }

    private func request(
        _ settings: IntegrationOptions.Settings, status: Int = 200, still: [Alert] = []
    ) async throws -> HTTPRequest {
        let http = ScriptedHTTP(status, "ok")
        _ = try await Notifier.test(settings, http: http).outcome { EndingTests.ended($0, still: still) }
        return try #require(http.requests.first)
    }

    private func expectAnEnd(_ body: String) {
        #expect(body.contains(EndingTests.end), "\(body)")
        #expect(body.contains("It said: Vault is sealed"), "\(body)")
        for word in ["Nobody can read", "Unseal it", "wiki.example.org"] { #expect(!body.contains(word), "\(body)") }
    }

    @Test func titles() throws {
        let subject = #"{{ template "__subject" . }}"#
        let one = try text(subject, EndingTests.ended(.init(.email, 0)))
        #expect(one == "OK \(EndingTests.end): Vault is sealed")
        let two = try text(subject, EndingTests.ended(.init(.email, 0), alerts: 2))
        #expect(two == "OK 2 alerts are over: VaultSealed")
        var drilled = EndingTests.ended(.init(.email, 0), alerts: 2)
        for index in drilled.alerts.indices {
            drilled.alerts[index].annotations[Alert.drillAnnotation] = "vault_failure"
        }
        #expect(try text(subject, drilled) == "OK DRILL: 2 alerts are over: VaultSealed")
        let still = try text(subject, EndingTests.ended(.init(.email, 0), still: [EndingTests.graver]))
        #expect(still == "CRIT \(EndingTests.end): Vault is sealed; still firing: No node is active")
        let more = [EndingTests.graver, EndingTests.graver]
        let several = try text(subject, EndingTests.ended(.init(.email, 0), still: more, alerts: 2))
        #expect(several == "CRIT 2 alerts are over: VaultSealed; still firing: No node is active and 1 other")
    }

    /// What is silenced says until when: in this host's zone.
    @Test func whatIsSilencedSaysUntilWhen() throws {
        var notification = EndingTests.ended(.init(.email, 0), still: [EndingTests.graver])
        notification.silencedUntil = [EndingTests.graver.id: Alerts.Notification.now + .seconds(3600)]
        let title = try text(#"{{ template "__subject" . }}"#, notification)
        #expect(title.hasSuffix("; still firing: No node is active, silenced until 03:00:00 UTC"))
        let lines = try text(#"{{ template "email.default.text" . }}"#, notification)
        #expect(lines.contains("Still firing: No node is active, silenced until 03:00:00 UTC\n"))
    }

    /// Its headline is that of those that fire.
    @Test func aTitleWhileSomeFire() throws {
        var notification = EndingTests.ended(.init(.email, 0), alerts: 2)
        notification.alerts[0].endsAt = nil
        notification.alerts[0].annotations["summary"] = "vault-0 is sealed"
        let title = try text(#"{{ template "__subject" . }}"#, notification)
        #expect(title == "CRIT vault-0 is sealed")
        let lines = try text(#"{{ template "email.default.text" . }}"#, notification)
        #expect(lines.contains("vault-0 is sealed\nNobody can read") && lines.contains("1. Unseal it."))
        #expect(lines.contains("\(EndingTests.end)\nIt said: Vault is sealed\n"))
    }

    @Test(arguments: [#"{{ template "email.default.text" . }}"#, #"{{ template "slack.default.text" . }}"#])
    func texts(_ template: String) throws {
        expectAnEnd(try text(template, EndingTests.ended(.init(.email, 0))))
        let still = try text(template, EndingTests.ended(.init(.email, 0), still: [EndingTests.graver]))
        #expect(still.contains("Still firing: No node is active"), "\(still)")
    }

    @Test func mailAsHTML() throws {
        let draft = try Composer(externalURL: "", files: SystemFiles()).draft(EndingTests.ended(.init(.email, 0)))
        let page = draft.markup(#"{{ template "email.default.html" . }}"#, else: "")
        expectAnEnd(page)
        #expect(page.contains("#2eb67d"))
        let busy = try Composer(externalURL: "", files: SystemFiles()).draft(
            EndingTests.ended(.init(.email, 0), still: [EndingTests.graver]))
        let still = busy.markup(#"{{ template "email.default.html" . }}"#, else: "")
        #expect(still.contains("Still firing: No node is active") && !still.contains("#2eb67d"), "\(still)")
    }

    @Test(arguments: [true, false]) func slack(blocks: Bool) async throws {
        var options = SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/services/T000/B000/s3cr3tpath")))
        options.blocks = blocks
        let quiet = String(decoding: try await request(.slack(options)).body, as: UTF8.self)
        expectAnEnd(quiet)
        #expect(quiet.contains("#2eb67d"))
        let still = String(
            decoding: try await request(.slack(options), still: [EndingTests.graver]).body, as: UTF8.self)
        #expect(still.contains("Still firing: No node is active"), "\(still)")
        #expect(!still.contains("#2eb67d") && !still.contains(":white_check_mark:"), "\(still)")
    }

    @Test func slackWithoutForm() throws {
        let composer = try Composer(externalURL: "", files: SystemFiles())
        let notification = EndingTests.ended(.init(.slack, 0), still: [EndingTests.graver])
        let message = SlackMessage(
            options: SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x"))),
            draft: composer.draft(notification))
        let body = String(decoding: try message.plainPayload(thread: nil).bytes, as: UTF8.self)
        #expect(
            body.contains("• VaultSealed is \(EndingTests.end)") && body.contains("Still firing: No node is active"),
            "\(body)")
        #expect(!body.contains("• Vault is sealed"))
    }

    @Test func pagerDuty() async throws {
        let event = try await request(.pagerDuty(PagerDutyOptions(.routing(Secret(value: "key")))), status: 202).json
        let payload = try #require(event["payload"] as? [String: Any])
        #expect(payload["summary"] as? String == "\(EndingTests.end): Vault is sealed")
        let details = try #require(payload["custom_details"] as? [String: Any])
        #expect(details["steps"] == nil)
        #expect(details["ending"] as? String == EndingTests.end)
        expectAnEnd(details["resolved"] as? String ?? "")
    }

    /// Who has written templates of their own gets what they say.
    @Test func templatesOfTheirOwn() async throws {
        let folder = try TemplateFolder(
            #"{{ define "__subject" }}own {{ .CommonAnnotations.summary }}{{ end }}"#
                + #"{{ define "slack.default.text" }}{{ range .Alerts }}{{ .Annotations.action }}{{ end }}{{ end }}"#)
        let composer = try Composer(templates: [folder.pattern], externalURL: "", files: SystemFiles())
        let draft = composer.draft(EndingTests.ended(.init(.email, 0), still: [EndingTests.graver]))
        #expect(draft.content(#"{{ template "email.default.subject" . }}"#) == "own Vault is sealed")
        #expect(draft.content(#"{{ template "slack.default.text" . }}"#) == "Unseal it.")
    }
}

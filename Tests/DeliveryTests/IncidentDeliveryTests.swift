import Alerts
import Foundation
import Logging
import Platform
import Samples
import TestServers
import Testing
import Transport

@testable import Delivery

/// Incidents as each kind of receiver gets them.
struct IncidentDeliveryTests {
    private typealias Fixture = IncidentFixture
    private typealias Make = @Sendable (IntegrationID) -> Alerts.Notification

    private static let headline = "prod: PostgreSQL primary pg-1 is down; Vault serves nothing and 1 more"

    private func requests(_ settings: IntegrationOptions.Settings, status: Int = 200, _ makes: Make...) async throws
        -> [HTTPRequest]
    {
        let http = ScriptedHTTP(status, "ok")
        let notifier = try Notifier.test(settings, http: http)
        for make in makes { #expect(await notifier.outcome(make)?.isAccepted == true) }
        return http.requests
    }

    // MARK: PagerDuty

    private let pager = IntegrationOptions.Settings.pagerDuty(PagerDutyOptions(.routing(Secret(value: "r0uting-key"))))

    @Test func pagerDuty() async throws {
        let events = try await requests(pager, status: 202, { Fixture.firing($0) }, { Fixture.over($0) }).map(\.json)
        #expect(events.map { $0["event_action"] as? String } == ["trigger", "resolve"])
        #expect(Set(events.compactMap { $0["dedup_key"] as? String }).count == 1)
        let payloads = events.compactMap { $0["payload"] as? [String: Any] }
        #expect(payloads.first?["summary"] as? String == Self.headline)
        let details = try #require(payloads.first?["custom_details"] as? [String: Any])
        #expect(details["cause"] as? String == "PostgreSQL primary pg-1 is down")
        #expect(details["because"] as? String == "Nothing listens on pg-1:5432 <tcp>.")
        #expect(details["consequences"] as? [String] == ["Vault serves nothing", "Reads fail"])
        #expect(details["steps"] as? [String] == ["ssh pg-1 'systemctl start postgresql'", "vault status"])
        #expect((details["seen"] as? [String])?.last == "01:50:20 Vault serves nothing")
        #expect(details["values"] as? [String: String] == ["cluster": "prod"])
        #expect(details["firing"] == nil && details["num_firing"] as? String == "3")
        let links = (events.first?["links"] as? [[String: String]] ?? []).compactMap { $0["href"] }
        #expect(links.contains("https://wiki.example.org/pg"))
        #expect(links.contains("https://watch.example.org/incidents"))
        let end = try #require(payloads.last?["custom_details"] as? [String: Any])
        #expect(end["ending"] as? String == "over after 9 min, nothing was served for 8 min")
        #expect(end["steps"] == nil && end["resolved"] == nil)
    }

    /// What the event is about stands in fields of its own, its address is the incident's, and its details come in the
    /// order of the incident's page.
    @Test func pagerDutysFields() async throws {
        let sent = try await requests(
            pager, status: 202,
            {
                var cause = Fixture.cause()
                cause.labels = cause.labels.setting("server", to: "pg-1")
                cause.annotations["impact"] = "Vault serves nothing at all."
                var incident = Fixture.incident(cause, [Fixture.reads(), Fixture.outage()])
                incident.number = 318
                return Fixture.notification($0, incidents: [incident], reason: .repeat)
            })
        let event = try #require(sent.first?.json)
        #expect(event["client_url"] as? String == "https://watch.example.org/i/318")
        let payload = try #require(event["payload"] as? [String: Any])
        #expect(
            ["source", "component", "group", "class"].map { payload[$0] as? String }
                == ["pg-1", "storage", "prod", "PostgresDown"])
        let text = String(decoding: try #require(sent.first?.body), as: UTF8.self)
        let places = [
            "impact", "cause", "because", "since", "changed", "steps", "consequences", "seen", "alert", "severity",
            "values", "num_firing",
        ].map { text.range(of: "\"\($0)\":", options: .backwards)?.lowerBound }
        let found = places.compactMap { $0 }
        #expect(found.count == places.count && found == found.sorted(), "\(text)")
        let links = (event["links"] as? [[String: String]] ?? []).compactMap { $0["text"] }
        #expect(links == ["Acknowledge", "Silence 1 h", "Runbook", "Graph", "Incident"])
        // What the configuration says has precedence.
        var options = PagerDutyOptions(.routing(Secret(value: "k")))
        (options.source, options.component) = ("{{ .Receiver }}", "own")
        let own = try await requests(.pagerDuty(options), status: 202, { Fixture.firing($0) }).first?.json
        let fields = own?["payload"] as? [String: Any]
        #expect(fields?["source"] as? String == "team" && fields?["component"] as? String == "own")
    }

    /// A changed incident changes its details, under the same key.
    @Test func pagerDutyGetsWhatHasChanged() async throws {
        let events = try await requests(
            pager, status: 202,
            { Fixture.notification($0, incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads()])]) },
            {
                Fixture.notification(
                    $0, incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads(), Fixture.outage()])],
                    reason: .changed)
            }
        ).map(\.json)
        #expect(Set(events.compactMap { $0["dedup_key"] as? String }).count == 1)
        let therefore = events.map {
            (($0["payload"] as? [String: Any])?["custom_details"] as? [String: Any])?["consequences"] as? [String]
        }
        #expect(therefore == [["Reads fail"], ["Vault serves nothing", "Reads fail"]])
    }

    /// An alert of the message that belongs to no incident is told as ever.
    @Test func pagerDutyKeepsTheOthers() async throws {
        let lone = Fixture.alert("Certificate", "low", "A certificate expires", after: 40)
        let events = try await requests(
            pager, status: 202,
            {
                Fixture.notification(
                    $0, alerts: [Fixture.cause(), Fixture.reads(), lone],
                    incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads()])])
            })
        let payload = try #require(events.first?.json["payload"] as? [String: Any])
        let firing = (payload["custom_details"] as? [String: Any])?["firing"] as? String
        #expect(firing?.contains("A certificate expires") == true && firing?.contains("PostgreSQL") == false)
    }

    // MARK: Slack

    private func slack(blocks: Bool = true) -> IntegrationOptions.Settings {
        var options = SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/services/T000/B000/s3cr3tpath")))
        options.blocks = blocks
        return .slack(options)
    }

    private func blocks(_ request: HTTPRequest) throws -> [[String: Any]] {
        let attachment = try #require((request.json["attachments"] as? [[String: Any]])?.first)
        return try #require(attachment["blocks"] as? [[String: Any]])
    }

    private func texts(_ request: HTTPRequest) throws -> [String] {
        let blocks = try blocks(request)
        #expect(blocks.count <= 50)
        return blocks.compactMap { ($0["text"] as? [String: Any])?["text"] as? String }
    }

    @Test func slackInBlocks() async throws {
        let sent = try await requests(slack(), { Fixture.firing($0) }, { Fixture.over($0) })
        #expect((sent[0].json["text"] as? String)?.contains(Self.headline) == true)
        let texts = try texts(sent[0])
        #expect(
            texts == [
                ":red_circle: *PostgreSQL primary pg-1 is down*\nNothing listens on pg-1:5432 &lt;tcp&gt;.\nSince 2025-11-26 01:50:00 UTC; told after 10 min",
                "*What to do:*\n1. ssh pg-1 'systemctl start postgresql'\n2. vault status",
                "*Therefore:*\n• Vault serves nothing\n• Reads fail",
                "*What was seen (UTC):*\n01:50:00 PostgreSQL primary pg-1 is down\n01:50:10 Reads fail\n01:50:20 Vault serves nothing",
            ])
        let buttons = try blocks(sent[0]).filter { $0["type"] as? String == "actions" }.flatMap {
            $0["elements"] as? [[String: Any]] ?? []
        }
        #expect(
            buttons.map { ($0["text"] as? [String: String])?["text"] } == [
                "Acknowledge", "Silence 1 h", "Runbook", "Graph", "Incident",
            ])
        #expect(buttons.allSatisfy { ($0["url"] as? String)?.hasPrefix("https://") == true })
        let end = try self.texts(sent[1])
        #expect(
            end.first
                == ":white_check_mark: *Over after 9 min, nothing was served for 8 min*\nIt said: PostgreSQL primary pg-1 is down\nSince 2025-11-26 01:50:00 UTC, until 01:59:00"
        )
        #expect(!end.contains { $0.contains("What to do") })
        let colors = sent.map { ($0.json["attachments"] as? [[String: Any]])?.first?["color"] as? String }
        #expect(colors == ["#d7263d", "#2eb67d"])
    }

    @Test func slackAsAlertmanagersAttachment() async throws {
        let sent = try await requests(slack(blocks: false), { Fixture.firing($0) })
        let attachment = try #require((sent.first?.json["attachments"] as? [[String: Any]])?.first)
        #expect(attachment["fallback"] as? String == Self.headline)
        #expect((attachment["text"] as? String)?.contains("Therefore:\n* Vault serves nothing\n") == true)
    }

    /// Thirty consequences, and more incidents than are told one by one.
    @Test func slackKeepsItsBounds() async throws {
        let sent = try await requests(
            slack(), { Fixture.storm($0) },
            { integration in
                let storm = Fixture.storm(integration).incidents[0]
                let all = (0..<8).map { index in
                    var cause = storm.cause
                    cause.labels = Labels(["alertname": "Cause\(index)", "severity": "critical"])
                    return Fixture.incident(cause, storm.consequences, id: UInt64(index))
                }
                return Fixture.notification(integration, incidents: all)
            })
        for request in sent {
            let texts = try texts(request)
            #expect(texts.allSatisfy { $0.unicodeScalars.count <= 3000 && !$0.isEmpty })
            #expect(texts.contains { $0.contains("… and 20 more") })
            #expect(request.body.count < 100_000, "\(request.body.count)")
        }
    }

    @Test func slackInPlainWords() throws {
        let composer = try Composer(externalURL: "", files: SystemFiles())
        let message = SlackMessage(
            options: SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x"))),
            draft: composer.draft(Fixture.firing(.init(.slack, 0))))
        let body = String(decoding: try message.plainPayload(thread: nil).bytes, as: UTF8.self)
        #expect(
            body.contains(#"• PostgreSQL primary pg-1 is down\n   • Vault serves nothing\n   • Reads fail"#), "\(body)")
    }

    // MARK: Webhook

    @Test func webhook() async throws {
        let options = WebhookOptions(url: Secret(value: "https://hooks.example.org/in"))
        let lone = Fixture.alert("Certificate", "low", "A certificate expires", after: 40)
        let single = Alerts.Notification.Incident(id: nil, startsAt: lone.startsAt, cause: lone, consequences: [])
        let sent = try await requests(
            .webhook(options),
            {
                Fixture.notification(
                    $0, incidents: [Fixture.incident(Fixture.cause(), [Fixture.outage()], id: .max), single])
            }, { Fixture.notification($0, incidents: [single]) })
        let incidents = try #require(sent[0].json["incidents"] as? [[String: Any]])
        #expect(incidents.count == 1)
        #expect(incidents.first?["id"] as? String == "18446744073709551615")
        #expect(incidents.first?["cause"] as? String == Fixture.cause().fingerprintText)
        #expect(incidents.first?["consequences"] as? [String] == [Fixture.outage().fingerprintText])
        #expect(incidents.first?["startsAt"] as? String == "2025-11-26T01:50:00Z")
        #expect((sent[0].json["alerts"] as? [Any])?.count == 3)
        #expect(sent[1].json["incidents"] == nil)
    }

    // MARK: Mail

    /// All mails of an incident are one thread, through a server written by others.
    @Test func mailsOfAnIncidentAreOneThread() async throws {
        let sink = try await SMTPSink.start()
        let transport = CurlTransport(
            platform: .real(log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })))
        var options = EmailOptions(
            to: "oncall@example.org", from: "vaultwatch@example.org", host: "127.0.0.1", port: Int(sink.port))
        options.security = .none
        let notifier = try Notifier.test(.email(options), mail: transport)
        for make: Make in [
            { Fixture.firing($0) }, { Fixture.storm($0, reason: .changed) }, { Fixture.over($0) },
            { .test($0, groupKey: "{}:{other}") },
        ] {
            #expect(await notifier.outcome(make)?.detail == "SMTP 250")
        }
        let mails = sink.mails().map { String(decoding: $0.data, as: UTF8.self) }
        #expect(mails.count == 4)
        func header(_ name: String, _ mail: String) -> String? {
            mail.split(separator: "\r\n").first { $0.hasPrefix(name + ": ") }.map {
                String($0.dropFirst(name.count + 2))
            }
                ?? mail.split(separator: "\n").first { $0.hasPrefix(name + ": ") }.map {
                    String($0.dropFirst(name.count + 2))
                }
        }
        let roots = mails.map { header("References", $0) }
        #expect(roots.allSatisfy { $0 != nil } && Set(roots.prefix(3)).count == 1 && roots[3] != roots[0])
        #expect(mails.map { header("In-Reply-To", $0) } == roots)
        #expect(mails[0].contains("PostgreSQL primary pg-1 is down;"))
        #expect(mails.allSatisfy { $0.utf8.count < 100_000 }, "\(mails.map(\.utf8.count))")
        transport.close()
        await sink.stop()
    }
}

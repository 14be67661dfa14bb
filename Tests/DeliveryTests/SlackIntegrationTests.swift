import Alerts
import Foundation
import Platform
import Samples
import Testing
import Transport

@testable import Delivery

struct SlackIntegrationTests {
    private static let hook = "https://hooks.slack.com/services/T000/B000/s3cr3tpath"
    private func hook(_ change: (inout SlackOptions) -> Void = { _ in }) -> IntegrationOptions.Settings {
        var options = SlackOptions(.webhook(Secret(value: SlackIntegrationTests.hook)))
        change(&options)
        return .slack(options)
    }

    private func bot(threads: Bool = true) -> IntegrationOptions.Settings {
        var options = SlackOptions(.api(url: SlackOptions.apiURL, token: Secret(value: "xoxb-token-1")))
        options.channel = "#vault"
        options.threads = threads
        return .slack(options)
    }

    @Test(arguments: [true, false]) func aMessagesOwnText(blocks: Bool) async throws {
        let http = ScriptedHTTP(200, "ok")
        let settings = hook {
            $0.messageText = "<!channel> {{ .Status }}: {{ .GroupLabels.alertname }}"
            $0.blocks = blocks
        }
        _ = try await Notifier.test(settings, http: http).outcome { .test($0) }
        let body = try #require(http.requests.first?.json)
        #expect(body["text"] as? String == "<!channel> firing: VaultSealed")
        #expect((body["attachments"] as? [[String: Any]])?.count == 1)
    }

    @Test func showsEachAlertInAColouredAttachment() async throws {
        let http = ScriptedHTTP(200, "ok")
        let outcome = try await Notifier.test(hook(), http: http).outcome {
            .test($0, annotations: ["action": "Unseal it"], alerts: 2)
        }
        #expect(outcome?.isAccepted == true)
        let request = try #require(http.requests.first)
        #expect(request.url == SlackIntegrationTests.hook)
        #expect(request.header("authorization") == nil)
        let attachments = try #require(request.json["attachments"] as? [[String: Any]])
        #expect(attachments.count == 1)
        #expect(attachments[0]["color"] as? String == "#d7263d")
        #expect((request.json["text"] as? String)?.contains("Vault is sealed") == true)
        let blocks = try #require(attachments[0]["blocks"] as? [[String: Any]])
        let texts = blocks.compactMap { ($0["text"] as? [String: Any])?["text"] as? String }
        #expect(texts.filter { $0.contains("Vault is sealed") }.count == 2)
        #expect(texts.filter { $0 == "*What to do:*\n1. Unseal it" }.count == 2)
    }

    @Test func saysTheEndInGreen() async throws {
        let http = ScriptedHTTP(200, "ok")
        _ = try await Notifier.test(hook(), http: http).outcome { .test($0, resolved: true) }
        let attachment = try #require((http.requests.first?.json["attachments"] as? [[String: Any]])?.first)
        #expect(attachment["color"] as? String == "#2eb67d")
        #expect(
            (http.requests.first?.json["text"] as? String)?.contains("over after 1 min 59 s: Vault is sealed") == true)
    }

    @Test func givesAlertmanagersAttachmentWhenAskedTo() async throws {
        let http = ScriptedHTTP(200, "ok")
        _ = try await Notifier.test(hook { $0.blocks = false }, http: http).outcome {
            .test($0, annotations: ["description": "It is."])
        }
        let attachment = try #require((http.requests.first?.json["attachments"] as? [[String: Any]])?.first)
        #expect(attachment["blocks"] == nil)
        #expect((attachment["title"] as? String)?.hasPrefix("Vault is sealed") == true)
        #expect((attachment["text"] as? String)?.contains("It is.") == true)
        #expect(attachment["mrkdwn_in"] as? [String] == ["fallback", "pretext", "text"])
    }

    @Test func keepsToSlacksBounds() async throws {
        let http = ScriptedHTTP(200, "ok")
        let long = String(repeating: "<&>é", count: 5000)
        _ = try await Notifier.test(hook(), http: http).outcome {
            .test($0, summary: long, annotations: ["description": long, "action": long], alerts: 60)
        }
        let attachment = try #require((http.requests.first?.json["attachments"] as? [[String: Any]])?.first)
        let blocks = try #require(attachment["blocks"] as? [[String: Any]])
        #expect(blocks.count <= 50)
        for text in blocks.compactMap({ ($0["text"] as? [String: Any])?["text"] as? String }) {
            #expect(text.unicodeScalars.count <= 3000)
            #expect(!text.isEmpty)
        }
    }

    private func attachment(_ change: @escaping (inout SlackOptions) -> Void) async throws -> [String: Any] {
        let http = ScriptedHTTP(200, "ok")
        _ = try await Notifier.test(hook(change), http: http).outcome { .test($0) }
        return try #require((http.requests.first?.json["attachments"] as? [[String: Any]])?.first)
    }

    /// Canonical JSON, so that whole trees compare.
    private func text(_ json: Any?) throws -> String {
        String(
            decoding: try JSONSerialization.data(
                withJSONObject: json ?? [], options: [.sortedKeys, .withoutEscapingSlashes]), as: UTF8.self)
    }

    private static let buttons: [SlackOptions.Action] = [
        .init(text: "Dashboard", style: "primary", press: .open(url: "https://grafana.example.org/{{ .Status }}")),
        .init(
            text: "Ack {{ .Receiver }}", style: "odd",
            press: .send(
                name: "ack", value: "{{ .CommonLabels.severity }}",
                confirmation: .init(text: "Do {{ .Status }}?", title: "Sure", okText: "Yes", dismissText: "No"))),
        .init(
            type: "select", text: "Later", press: .send(name: "later", value: "", confirmation: .init(text: "Really?"))),
    ]

    @Test func sendsButtonsAsAlertmanagerDoes() async throws {
        let classic = try await attachment {
            $0.blocks = false
            $0.actions = SlackIntegrationTests.buttons
        }
        let actions = try text(classic["actions"])
        #expect(
            actions == """
                [{"style":"primary","text":"Dashboard","type":"button","url":"https://grafana.example.org/firing"},\
                {"confirm":{"dismiss_text":"No","ok_text":"Yes","text":"Do firing?","title":"Sure"},"name":"ack","style":"odd","text":"Ack team","type":"button","value":"critical"},\
                {"confirm":{"text":"Really?"},"name":"later","text":"Later","type":"select"}]
                """)
    }

    /// Block Kit knows two styles, and wants all four texts of a confirmation.
    @Test func showsButtonsBelowTheBlocks() async throws {
        let blocks = try #require(
            try await attachment { $0.actions = SlackIntegrationTests.buttons }["blocks"] as? [[String: Any]])
        // Above them are the links to our pages.
        let actions = try text(blocks.filter { $0["type"] as? String == "actions" }.dropFirst().map { $0 })
        #expect(
            actions == """
                [{"elements":[{"style":"primary","text":{"text":"Dashboard","type":"plain_text"},"type":"button","url":"https://grafana.example.org/firing"},\
                {"action_id":"ack","confirm":{"confirm":{"text":"Yes","type":"plain_text"},"deny":{"text":"No","type":"plain_text"},\
                "text":{"text":"Do firing?","type":"plain_text"},"title":{"text":"Sure","type":"plain_text"}},"text":{"text":"Ack team","type":"plain_text"},"type":"button","value":"critical"},\
                {"action_id":"later","confirm":{"confirm":{"text":"Okay","type":"plain_text"},"deny":{"text":"Cancel","type":"plain_text"},\
                "text":{"text":"Really?","type":"plain_text"},"title":{"text":"Are you sure?","type":"plain_text"}},"text":{"text":"Later","type":"plain_text"},"type":"button"}],\
                "type":"actions"}]
                """)
    }

    /// One `action_id` stands in a block once, and no text is longer than Slack takes it.
    @Test func keepsButtonsToSlacksBounds() async throws {
        let long = String(repeating: "é", count: 5000)
        let blocks = try #require(
            try await attachment {
                $0.actions = (0..<7).map { _ in
                    .init(
                        text: long,
                        press: .send(
                            name: long, value: long,
                            confirmation: .init(text: long, title: long, okText: long, dismissText: long)))
                }
            }["blocks"] as? [[String: Any]])
        let rows = blocks.filter { $0["type"] as? String == "actions" }.compactMap {
            $0["elements"] as? [[String: Any]]
        }.dropFirst()
        #expect(rows.map(\.count) == [1, 1, 1, 1, 1])
        let button = try #require(rows.first?.first)
        let confirm = try #require(button["confirm"] as? [String: [String: String]])
        func size(_ text: String?) -> Int { text?.unicodeScalars.count ?? 0 }
        #expect(size((button["text"] as? [String: String])?["text"]) == 75)
        #expect(size(button["action_id"] as? String) == 255 && size(button["value"] as? String) == 2000)
        #expect(["title", "text", "confirm", "deny"].map { size(confirm[$0]?["text"]) } == [100, 300, 30, 30])
        let named = try #require(
            try await attachment {
                $0.actions = ["a", "b", "a", "c"].map {
                    .init(text: "x", press: .send(name: $0, value: "", confirmation: nil))
                }
            }["blocks"] as? [[String: Any]])
        #expect(
            named.compactMap { ($0["elements"] as? [[String: Any]])?.compactMap { $0["action_id"] as? String } }.filter
            { !$0.isEmpty } == [["a", "b"], ["a", "c"]])
        // A link that leads nowhere is no button.
        let none = try #require(
            try await attachment { $0.actions = [.init(text: "x", press: .open(url: "{{ .CommonLabels.nothing }}"))] }[
                "blocks"] as? [[String: Any]])
        #expect(none.count { $0["type"] as? String == "actions" } == 1)
    }

    @Test func letsNoTextPingTheChannel() async throws {
        let http = ScriptedHTTP(200, "ok")
        _ = try await Notifier.test(hook(), http: http).outcome {
            .test($0, summary: "<!channel> <https://evil.example.org|click> & more")
        }
        let attachment = try #require((http.requests.first?.json["attachments"] as? [[String: Any]])?.first)
        let blocks = try #require(attachment["blocks"] as? [[String: Any]])
        let texts =
            blocks.compactMap { ($0["text"] as? [String: Any])?["text"] as? String } + [
                http.requests.first?.json["text"] as? String ?? ""
            ]
        #expect(texts.contains { $0.contains("&lt;!channel&gt;") && $0.contains("&amp; more") })
        #expect(!texts.contains { $0.contains("<!channel>") || $0.contains("<https://evil") })
    }

    @Test func answersTheFirstMessageOfItsGroup() async throws {
        let http = ScriptedHTTP { (_, turn) throws(TransportError) in
            HTTPResponse(status: 200, body: Array(#"{"ok":true,"ts":"17.\#(turn)"}"#.utf8))
        }
        let service = try Notifier.test(bot(), http: http)
        for reason in [Alerts.Notification.Reason.first, .changed] {
            #expect(await service.outcome { .test($0, reason: reason) }?.isAccepted == true)
        }
        #expect(Array(service.threads.values) == ["17.0"])
        _ = await service.outcome { .test($0, groupKey: "{}:{other}") }
        _ = await service.outcome { .test($0, resolved: true) }
        #expect(http.requests.map { $0.json["thread_ts"] as? String } == [nil, "17.0", nil, "17.0"])
        // What is over begins anew.
        #expect(Array(service.threads.values) == ["17.2"])
        _ = await service.outcome { .test($0) }
        #expect(http.requests.last?.json["thread_ts"] == nil)
        #expect(
            http.requests.allSatisfy {
                $0.url == SlackOptions.apiURL && $0.header("authorization") == "Bearer xoxb-token-1"
            })
        #expect(http.requests.allSatisfy { $0.json["channel"] as? String == "#vault" })
    }

    /// The first message shows the present state; that this is refused costs nothing.
    @Test func editsTheFirstMessageOfItsThread() async throws {
        let http = ScriptedHTTP { (request, turn) throws(TransportError) in
            let isEdit = request.url.hasSuffix("/chat.update")
            let answer =
                isEdit ? #"{"ok":false,"error":"missing_scope"}"# : #"{"ok":true,"ts":"17.\#(turn)","channel":"C1"}"#
            return HTTPResponse(status: 200, body: Array(answer.utf8))
        }
        let service = try Notifier.test(bot(), http: http)
        for reason in [Alerts.Notification.Reason.first, .changed, .resolved] {
            let outcome = await service.outcome { .test($0, resolved: reason == .resolved, reason: reason) }
            #expect(outcome?.detail == "ok")
        }
        #expect(
            http.requests.map { $0.url.split(separator: "/").last } == [
                "chat.postMessage", "chat.postMessage", "chat.update", "chat.postMessage", "chat.update",
            ])
        let edits = http.requests.filter { $0.url.hasSuffix("/chat.update") }
        #expect(edits.allSatisfy { $0.json["ts"] as? String == "17.0" && $0.json["channel"] as? String == "C1" })
        #expect(edits.allSatisfy { $0.header("authorization") == "Bearer xoxb-token-1" })
        #expect(edits.map { $0.json["text"] as? String } == [1, 3].map { http.requests[$0].json["text"] as? String })
        let color = (edits.last?.json["attachments"] as? [[String: Any]])?.first?["color"] as? String
        #expect(color == "#2eb67d")
    }

    /// A receiver that wants no ends leaves its thread behind; the next matter of the group does not go there.
    @Test func aNewMatterBeginsANewThread() async throws {
        let http = ScriptedHTTP { (_, turn) throws(TransportError) in
            HTTPResponse(status: 200, body: Array(#"{"ok":true,"ts":"17.\#(turn)"}"#.utf8))
        }
        let service = try Notifier.test(bot(), http: http)
        for reason in [Alerts.Notification.Reason.first, .repeat, .escalated, .repeat] {
            #expect(await service.outcome { .test($0, reason: reason) }?.isAccepted == true)
        }
        #expect(http.requests.map { $0.json["thread_ts"] as? String } == [nil, "17.0", nil, "17.2"])
    }

    @Test func beginsAThreadAnewWhenItsFirstMessageIsGone() async throws {
        let http = ScriptedHTTP { (request, turn) throws(TransportError) in
            let isReply = request.json["thread_ts"] != nil
            return HTTPResponse(
                status: 200,
                body: Array(
                    (isReply ? #"{"ok":false,"error":"thread_not_found"}"# : #"{"ok":true,"ts":"9.\#(turn)"}"#).utf8))
        }
        let service = try Notifier.test(bot(), http: http)
        for reason in [Alerts.Notification.Reason.first, .repeat] {
            #expect(await service.outcome { .test($0, reason: reason) }?.isAccepted == true)
        }
        #expect(http.requests.count == 3)
        #expect(Array(service.threads.values) == ["9.2"])
    }

    @Test(arguments: [
        ("channel_not_found", DeliveryError.Reason.clientError, false), ("invalid_blocks", .clientError, false),
        ("invalid_auth", .authError, false),
        ("token_revoked", .authError, false), ("ratelimited", .rateLimited, true),
        ("internal_error", .serverError, true),
        ("service_unavailable", .serverError, true),
    ]) func readsARefusalInASuccess(_ word: String, _ reason: DeliveryError.Reason, _ retryable: Bool) async throws {
        let http = ScriptedHTTP(200, #"{"ok":false,"error":"\#(word)"}"#)
        let error = try #require(try await Notifier.test(bot(), http: http).outcome { .test($0) }?.error)
        #expect(error.reason == reason)
        #expect(error.isRetryable == retryable)
        #expect(error.message.contains(word))
    }

    /// One picture that Slack can't fetch must not cost the page.
    @Test func saysItInPlainWordsWhereTheFormIsRefused() async throws {
        for (settings, status, refusal, answer) in [
            (hook(), 400, "invalid_blocks", "ok"),
            (bot(), 200, #"{"ok":false,"error":"msg_too_long"}"#, #"{"ok":true,"ts":"1.2"}"#),
        ] {
            let http = ScriptedHTTP { (_, turn) throws(TransportError) in
                turn == 0
                    ? HTTPResponse(status: status, body: Array(refusal.utf8))
                    : HTTPResponse(status: 200, body: Array(answer.utf8))
            }
            let notifier = try Notifier.test(settings, http: http)
            let outcome = await notifier.outcome { .test($0, summary: "Vault <1> is sealed", alerts: 25) }
            guard case .accepted(let detail, _) = outcome else {
                Issue.record("\(String(describing: outcome))")
                continue
            }
            #expect(detail.contains("in plain words"))
            #expect(http.requests.count == 2)
            let plain = try #require(http.requests.last?.json)
            let text = try #require(plain["text"] as? String)
            #expect(text.contains("• Vault &lt;1&gt; is sealed"))
            #expect(text.contains("… and 5 more"))
            #expect(plain["attachments"] == nil)
            #expect(notifier.threads.isEmpty == (answer == "ok"))
        }
        // Another refusal is no matter of form.
        let http = ScriptedHTTP(200, #"{"ok":false,"error":"channel_not_found"}"#)
        #expect(try await Notifier.test(bot(), http: http).outcome { .test($0) }?.error?.isRetryable == false)
        #expect(http.requests.count == 1)
    }

    @Test func honoursARateLimit() async throws {
        let http = ScriptedHTTP(429, #"{"ok":false,"error":"ratelimited"}"#, headers: [("retry-after", "30")])
        for settings in [bot(), hook()] {
            let error = try #require(try await Notifier.test(settings, http: http).outcome { .test($0) }?.error)
            #expect(error.reason == .rateLimited)
            #expect(error.isRetryable)
            #expect(error.retryAfter == .seconds(30))
        }
    }

    @Test func neverShowsItsSecret() async throws {
        let http = ScriptedHTTP(404, "no_service \(SlackIntegrationTests.hook) xoxb-token-1")
        let hooked = try #require(try await Notifier.test(hook(), http: http).outcome { .test($0) }?.error)
        #expect(!hooked.description.contains("s3cr3tpath"))
        #expect(!hooked.isRetryable)
        let error = try #require(try await Notifier.test(bot(), http: http).outcome { .test($0) }?.error)
        #expect(!error.description.contains("xoxb-token-1"))
    }
}

import Alerts
import Foundation
import Platform
import Samples
import Testing

@testable import Delivery

/// Every block of every kind of message, against the limits that Slack publishes.
/// Sources: docs.slack.dev/reference/block-kit/blocks, …/block-elements, …/composition-objects;
/// docs.slack.dev/reference/methods/chat.postMessage (text).
struct SlackLimitsTests {
    private typealias Fixture = IncidentFixture

    /// Lengths in characters, and numbers of items.
    private enum Limit {
        static let text = 40_000
        static let blocks = 50
        static let sectionText = 3000
        static let headerText = 150
        static let fields = 10
        static let fieldText = 2000
        static let contextElements = 10
        static let actionElements = 25
        static let buttonText = 75
        static let actionID = 255
        static let value = 2000
        static let url = 3000
        static let alternativeText = 2000
        static let confirmTitle = 100
        static let confirmText = 300
        static let confirmButton = 30
    }

    // MARK: The judge

    /// What Slack would object to.
    private struct Judge {
        var complaints: [String] = []

        mutating func check(_ isRight: Bool, _ complaint: String) { if !isRight { complaints.append(complaint) } }

        mutating func text(_ given: Any?, _ place: String, upTo limit: Int) {
            let text = given as? String ?? ""
            // Slack says characters: counted in UTF-16 they are never fewer.
            check(!text.isEmpty && text.utf16.count <= limit, "\(place) has \(text.utf16.count) characters")
        }

        mutating func object(_ given: Any?, _ place: String, upTo limit: Int, plain: Bool = false) {
            let object = given as? [String: Any] ?? [:]
            let type = object["type"] as? String
            check(
                plain ? type == "plain_text" : type == "mrkdwn" || type == "plain_text", "\(place) is a \(type ?? "?")")
            text(object["text"], place, upTo: limit)
            if !plain { markup(object["text"] as? String ?? "", place) }
        }

        /// Nobody's text may notify a channel or link to elsewhere: whatever stands in angle brackets is ours.
        mutating func markup(_ text: String, _ place: String) {
            for piece in text.split(separator: "<", omittingEmptySubsequences: false).dropFirst() {
                let isOurs = piece.hasPrefix("!date^") || piece.hasPrefix("https://watch.example.org")
                check(isOurs, "\(place) has markup: \(piece.prefix(40))")
            }
            check(text.components(separatedBy: "```").count % 2 == 1, "\(place) has an open fence")
        }

        mutating func block(_ block: [String: Any]) {
            let type = block["type"] as? String ?? "?"
            switch type {
            case "section":
                let fields = block["fields"] as? [Any] ?? []
                check(block["text"] != nil || !fields.isEmpty, "an empty section")
                if let text = block["text"] { object(text, "a section", upTo: Limit.sectionText) }
                check(fields.count <= Limit.fields, "\(fields.count) fields")
                for field in fields { object(field, "a field", upTo: Limit.fieldText) }
                if let image = block["accessory"] as? [String: Any] { self.image(image) }
            case "header": object(block["text"], "a header", upTo: Limit.headerText, plain: true)
            case "context":
                let elements = block["elements"] as? [Any] ?? []
                check((1...Limit.contextElements).contains(elements.count), "\(elements.count) elements of a context")
                for element in elements { object(element, "a context", upTo: Limit.sectionText) }
            case "actions":
                let elements = block["elements"] as? [[String: Any]] ?? []
                check((1...Limit.actionElements).contains(elements.count), "\(elements.count) buttons")
                let ids = elements.compactMap { $0["action_id"] as? String }
                check(Set(ids).count == ids.count, "an action_id twice in a block")
                for element in elements { button(element) }
            case "image": image(block)
            default: complaints.append("a block of type \(type)")
            }
        }

        mutating func image(_ image: [String: Any]) {
            text(image["image_url"], "image_url", upTo: Limit.url)
            text(image["alt_text"], "alt_text", upTo: Limit.alternativeText)
        }

        mutating func button(_ button: [String: Any]) {
            check(button["type"] as? String == "button", "an element of type \(button["type"] ?? "?")")
            object(button["text"], "a button", upTo: Limit.buttonText, plain: true)
            if let id = button["action_id"] { text(id, "an action_id", upTo: Limit.actionID) }
            if let value = button["value"] { text(value, "a value", upTo: Limit.value) }
            if let url = button["url"] { text(url, "a url", upTo: Limit.url) }
            if let style = button["style"] as? String {
                check(["primary", "danger"].contains(style), "the style \(style)")
            }
            guard let confirm = button["confirm"] as? [String: Any] else { return }
            object(confirm["title"], "a confirmation's title", upTo: Limit.confirmTitle, plain: true)
            object(confirm["text"], "a confirmation", upTo: Limit.confirmText, plain: true)
            for name in ["confirm", "deny"] {
                object(confirm[name], "a confirmation's button", upTo: Limit.confirmButton, plain: true)
            }
        }

        mutating func message(_ bytes: [UInt8]) {
            let json = (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any] ?? [:]
            text(json["text"], "the text", upTo: Limit.text)
            for attachment in json["attachments"] as? [[String: Any]] ?? [] {
                let blocks = attachment["blocks"] as? [[String: Any]] ?? []
                check((1...Limit.blocks).contains(blocks.count), "\(blocks.count) blocks")
                for block in blocks { self.block(block) }
            }
        }
    }

    // MARK: The messages

    private static let hostile =
        "<!channel> <https://evil.example.org|click> ``` *b* _i_ ~s~ & \u{0} \u{202e} \r\n 🔒é "

    /// Labels and annotations that somebody chose to break the form.
    private static func hostileAlerts(_ count: Int, ended: Bool) -> [Alert] {
        let long = String(repeating: hostile, count: 200)
        return (0..<count).map { index in
            var alert = Fixture.alert(
                "Evil\(index)", index == 0 ? "critical" : hostile, long, cluster: long, after: index,
                ended: ended ? index + 100 : nil,
                [
                    "description": long, "because": long, "impact": long, "runbook_url": "https://x/" + long,
                    "action": "Do: ssh \(long). Then: curl \(long). And: vault \(long)",
                ])
            alert.labels = alert.labels.setting("node", to: long).setting("server", to: "")
            return alert
        }
    }

    private static func incident(_ alerts: [Alert]) -> Alerts.Notification.Incident {
        var incident = Fixture.incident(alerts[0], Array(alerts.dropFirst()))
        incident.number = 318
        incident.told = (0..<40).map { index in
            var told = IncidentTold(
                receiver: hostile + "\(index)", integration: .init(.slack, index), state: .refused, error: hostile)
            (told.acceptedAt, told.retryAt) = (Fixture.now, Fixture.now)
            return told
        }
        incident.next = [
            IncidentStep(
                at: Fixture.now, kind: .escalatesUnacknowledged, receiver: String(repeating: hostile, count: 50),
                calledOffBy: String(repeating: hostile, count: 50))
        ]
        incident.answering = (0..<50).map { "\(hostile)\($0)" }
        return incident
    }

    private static func messages() -> [(name: String, message: Alerts.Notification)] {
        let slack = IntegrationID(.slack, 0)
        let (evil, ended) = (hostileAlerts(60, ended: false), hostileAlerts(60, ended: true))
        var still = Fixture.notification(slack, incidents: [incident(ended)], reason: .resolved)
        still.stillFiring = Array(evil.prefix(5))
        still.silencedUntil = [evil[0].id: Fixture.now]
        var acknowledged = Fixture.notification(slack, incidents: [incident(evil)], reason: .acknowledged)
        acknowledged.incidents[0].acknowledgement = Acknowledgement(
            by: String(repeating: hostile, count: 20), comment: hostile, at: Fixture.now)
        var many = Fixture.notification(slack, alerts: evil, incidents: [], reason: .repeat)
        many.truncatedAlerts = 1000
        return [
            ("an incident", Fixture.firing(slack)), ("its end", Fixture.over(slack)),
            ("thirty consequences", Fixture.storm(slack)),
            ("hostile consequences", Fixture.notification(slack, incidents: [incident(evil)])),
            ("a repeat", Fixture.notification(slack, incidents: [incident(evil)], reason: .repeat)),
            ("handed on", Fixture.notification(slack, incidents: [incident(evil)], reason: .escalated)),
            ("the end while others fire", still), ("acknowledged", acknowledged), ("sixty alerts", many),
            ("sixty ends", Fixture.notification(slack, alerts: ended, incidents: [], reason: .resolved)),
            (
                "many incidents",
                Fixture.notification(
                    slack, incidents: (0..<20).map { incident(Array(evil[($0 * 3)..<($0 * 3 + 3)])) })
            ),
        ]
    }

    /// As little as there is, and all that the configuration may add.
    private static func options() -> [(name: String, options: SlackOptions)] {
        let plain = SlackOptions(.webhook(Secret(value: "https://hooks.slack.com/x")))
        var full = plain
        let long = String(repeating: "é", count: 5000)
        full.fields = (0..<20).map { _ in .init(title: long, value: long) }
        full.imageURL = "https://watch.example.org/i.png"
        full.thumbURL = full.imageURL
        (full.footer, full.pretext) = (long, long)
        full.socketToken = Secret(value: "xapp-1")
        full.actions = (0..<7).map { _ in
            .init(
                text: long,
                press: .send(
                    name: long, value: long,
                    confirmation: .init(text: long, title: long, okText: long, dismissText: long)))
        }
        var own = full
        own.text = String(repeating: "é", count: 30_000)
        return [("plain", plain), ("full", full), ("own", own)]
    }

    @Test func everyMessageKeepsTheLimits() throws {
        let composer = try Composer(externalURL: "https://watch.example.org", files: SystemFiles())
        for (name, notification) in Self.messages() {
            let draft = composer.draft(notification)
            for (kind, options) in Self.options() {
                let message = SlackMessage(options: options, draft: draft)
                var judge = Judge()
                judge.message(try message.payload(thread: nil).bytes)
                #expect(judge.complaints.isEmpty, "\(name), \(kind): \(Set(judge.complaints).sorted().prefix(5))")
                judge.complaints = []
                judge.message(try message.plainPayload(thread: nil).bytes)
                #expect(judge.complaints.isEmpty, "\(name), \(kind), without form: \(judge.complaints.prefix(5))")
            }
        }
    }

    /// The judge finds what is wrong.
    @Test func theJudgeIsStrict() {
        let long = String(repeating: "x", count: 5000)
        let text: [String: Any] = ["type": "mrkdwn", "text": long]
        let button: [String: Any] = ["type": "button", "action_id": "a", "text": ["type": "plain_text", "text": "x"]]
        let far: [String: Any] = ["type": "button", "url": long, "text": ["type": "plain_text", "text": "x"]]
        let blocks: [[String: Any]] = [
            ["type": "section", "text": text], ["type": "section"], ["type": "header", "text": text],
            ["type": "section", "text": ["type": "mrkdwn", "text": "<!channel>"]],
            ["type": "section", "text": ["type": "mrkdwn", "text": "```"]],
            ["type": "section", "fields": Array(repeating: ["type": "mrkdwn", "text": "x"], count: 11)],
            ["type": "context", "elements": [] as [Any]], ["type": "table"],
            ["type": "actions", "elements": [button, button]], ["type": "actions", "elements": [far]],
        ]
        for block in blocks {
            var judge = Judge()
            judge.block(block)
            #expect(!judge.complaints.isEmpty, "\(block)")
        }
    }
}

import Foundation
import Lab
import Platform
import Transport

/// What on-call got: the receivers of the shipped configuration, in virtual time. Slack is a bot's, whose messages have
/// threads. Touched by the thread of its run alone.
final class FaultReceivers: @unchecked Sendable {
    enum Kind: String { case pagerduty, slack, mail }

    /// A message that has arrived.
    struct Message: CustomStringConvertible {
        var kind: Kind
        var at: Instant
        /// What it belongs to: PagerDuty's incident, the first message of Slack's thread or of the mail's.
        var conversation: String
        /// Whether it says that all is over.
        var isEnd: Bool
        /// What a lock screen shows.
        var line: String
        var description: String { "\(kind.rawValue) \(conversation.prefix(8)) \(line)" }
    }

    private let time: any TimeSource
    private(set) var messages: [Message] = []
    /// Change events, which are no messages to anybody.
    private(set) var changes: [String] = []

    init(_ estate: StateEstate) {
        time = estate.time
        let before = estate.answer
        estate.answer = { [self] request in post(request) ?? before(request) }
        estate.mail = { [self] mail in
            take(mail)
            return MailReply(code: 250)
        }
        for name in ["smtp-password", "slack-token", "pagerduty-routing-key"] {
            estate.files["/etc/vaultwatch/secrets/" + name] = "secret-of-" + name
        }
    }

    /// The shipped `alerting`, with a bot's token for Slack.
    static func alerting() throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../packaging/vaultwatch.yml")
        let lines = try String(contentsOf: file.standardized, encoding: .utf8).split(
            separator: "\n", omittingEmptySubsequences: false)
        let text = lines.drop { $0 != "alerting:" }.dropFirst().prefix { $0 != "web:" }.joined(separator: "\n")
        return String(text.drop { $0 == " " }).replacing(
            "slack_api_url_file: /etc/vaultwatch/secrets/slack-url",
            with: "slack_app_token_file: /etc/vaultwatch/secrets/slack-token")
    }

    private static let pagerDuty = "https://events.pagerduty.com/"

    /// Whether a request is to a receiver.
    static func isOf(_ request: HTTPRequest) -> Bool {
        request.url.hasPrefix(pagerDuty) || request.url.hasPrefix("https://slack.com/")
    }

    private func post(_ request: HTTPRequest) -> Result<LabReply, TransportError>? {
        guard FaultReceivers.isOf(request) else { return nil }
        guard let payload = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)) else {
            return .success(.response(LabResponse(400)))
        }
        if request.url.hasSuffix("/v2/change/enqueue") {
            changes.append(payload["payload"]?["summary"]?.string ?? "")
            return .success(.response(LabResponse(202, type: "application/json", #"{"status":"success"}"#)))
        }
        if request.url.hasPrefix(FaultReceivers.pagerDuty) {
            messages.append(
                Message(
                    kind: .pagerduty, at: time.monotonic(), conversation: payload["dedup_key"]?.string ?? "",
                    isEnd: payload["event_action"]?.string == "resolve",
                    line: payload["payload"]?["summary"]?.string ?? ""))
            return .success(.response(LabResponse(202, type: "application/json", #"{"status":"success"}"#)))
        }
        let id = "\(messages.count + 1)"
        let line = payload["text"]?.string ?? ""
        messages.append(
            Message(
                kind: .slack, at: time.monotonic(), conversation: payload["thread_ts"]?.string ?? id,
                isEnd: FaultReceivers.saysEnd(line), line: line))
        return .success(.response(LabResponse(200, type: "application/json", #"{"ok":true,"ts":"\#(id)"}"#)))
    }

    private func take(_ mail: MailRequest) {
        let parsed = MIMEMail(mail.message)
        let root = parsed.header("References").split(separator: " ").first.map(String.init)
        messages.append(
            Message(
                kind: .mail, at: time.monotonic(),
                conversation: (root ?? parsed.header("Message-Id")) + " " + parsed.header("To"),
                isEnd: parsed.header("X-Vaultwatch-Status") == "resolved", line: parsed.header("Subject")))
    }

    /// Whether a title is that of an end.
    private static func saysEnd(_ line: String) -> Bool {
        line.contains("over after") || line.contains("alerts are over")
    }
}

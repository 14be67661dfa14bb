import Alerts
import FoundationEssentials
import Platform
import Samples
import Transport

/// Slack, by incoming webhook or bot token. Blocks stand inside a coloured attachment, with text as the fallback.
/// Sources: api.slack.com/messaging/webhooks, api.slack.com/reference/block-kit/blocks.
struct SlackIntegration: Integration {
    let options: SlackOptions
    let client: ReceiverClient
    let composer: Composer
    let threads: ThreadStore

    private static let titleRunes = 1024
    /// A section's text has 3,000 characters at most.
    private static let sectionRunes = 2900
    /// An attachment has 50 blocks at most; this many alerts are shown in full.
    private static let mostAlerts = 20

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            switch options.endpoint {
            case .webhook(let url):
                return .accepted(try await post(try client.reveal(url), token: nil, try payload(notification, thread: nil)).detail)
            case .api(let url, let token):
                let thread = options.threads ? await threads.get(key(notification)) : nil
                let answer = try await post(url, token: try client.reveal(token), try payload(notification, thread: thread))
                if options.threads {
                    if notification.status == .resolved {
                        await threads.set(key(notification), nil)
                    } else if thread == nil, let started = answer.thread {
                        await threads.set(key(notification), started)
                    }
                }
                return .accepted(answer.detail)
            }
        } catch {
            return .failed(error)
        }
    }

    private func key(_ notification: Notification) -> String {
        "slack/\(notification.receiver)/\(notification.integration)/\(notification.groupKey)"
    }

    private struct Answer: Decodable {
        var ok: Bool
        var error: String?
        var ts: String?
    }

    private func post(_ url: String, token: String?, _ payload: JSON) async throws(DeliveryError) -> (detail: String, thread: String?) {
        var call = ReceiverClient.Call(url: url, body: payload.bytes, options: options.http, timeout: options.timeout)
        if let token { call.headers = [("Content-Type", "application/json; charset=utf-8"), ("Authorization", "Bearer \(token)")] }
        let response = try await client.send(call)
        if let refusal = client.refusal(response) { throw refusal }
        // 200 can be a failure: `{"ok":false,"error":"channel_not_found"}`.
        if let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)) {
            if answer.ok { return ("ok", answer.ts) }
            let word = answer.error ?? "not ok"
            switch word {
            case "ratelimited", "rate_limited": throw DeliveryError(.rateLimited, retryable: true, word, retryAfter: client.retryAfter(response))
            case "internal_error", "fatal_error", "service_unavailable", "request_timeout": throw DeliveryError(.serverError, retryable: true, word)
            case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope": throw DeliveryError(.authError, retryable: false, word)
            default: throw DeliveryError(.clientError, retryable: false, word)
            }
        }
        guard response.text == "ok" || response.body.isEmpty else {
            throw DeliveryError(.clientError, retryable: false, "not Slack's answer: \(ReceiverClient.printable(response.body))")
        }
        return ("ok", nil)
    }

    func payload(_ notification: Notification, thread: String?) throws(DeliveryError) -> JSON {
        func text(_ template: String) throws(DeliveryError) -> String { try composer.expand(template, notification) }
        let title = try text(options.title).truncated(toRunes: SlackIntegration.titleRunes)
        let fallback = try text(options.fallback).truncated(toRunes: SlackIntegration.titleRunes)
        var attachment: [(String, JSON?)] = [("color", .string(try text(options.color))), ("fallback", .string(fallback))]
        if options.blocks {
            attachment.append(("blocks", .array(try blocks(notification, title))))
        } else {
            attachment += [
                ("title", .string(title)), ("title_link", .string(try text(options.titleLink))), ("pretext", .string(try text(options.pretext))),
                ("text", .string(try text(options.text).truncated(toRunes: 8000))), ("footer", .string(try text(options.footer))),
                ("mrkdwn_in", .array(options.markdownIn.map { .string($0) })),
            ]
            var fields: [JSON] = []
            for field in options.fields {
                fields.append(.object([
                    ("title", .string(try text(field.title))), ("value", .string(try text(field.value))), ("short", .bool(field.short ?? options.shortFields)),
                ]))
            }
            if !fields.isEmpty { attachment.append(("fields", .array(fields))) }
        }
        func optional(_ template: String) throws(DeliveryError) -> JSON? {
            let value = try text(template)
            return value.isEmpty ? nil : .string(value)
        }
        return .object([
            ("channel", try optional(options.channel)), ("username", try optional(options.username)),
            ("icon_emoji", try optional(options.iconEmoji)), ("icon_url", try optional(options.iconURL)),
            ("link_names", options.linkNames ? .bool(true) : nil), ("thread_ts", thread.map { .string($0) }),
            // What a notification on a phone shows, and clients without blocks.
            ("text", .string(fallback)),
            ("attachments", .array([.object(attachment)])),
        ])
    }

    private func blocks(_ notification: Notification, _ title: String) throws(DeliveryError) -> [JSON] {
        func section(_ markdown: String) -> JSON {
            .object([("type", .string("section")), ("text", .object([
                ("type", .string("mrkdwn")), ("text", .string(markdown.truncated(toRunes: SlackIntegration.sectionRunes))),
            ]))])
        }
        let link = try composer.expand(options.titleLink, notification)
        let head = SlackIntegration.escaped(title)
        var blocks = [section(link.isEmpty ? "*\(head)*" : "*<\(link)|\(head)>*")]
        let alerts = notification.firing + notification.resolved
        for alert in alerts.prefix(SlackIntegration.mostAlerts) {
            let isResolved = alert.status(at: notification.decidedAt) == .resolved
            var lines = ["\(isResolved ? ":white_check_mark:" : SlackIntegration.sign(alert.severity)) *\(SlackIntegration.escaped(alert.annotations["summary"] ?? alert.name))*"]
            if let description = alert.annotations["description"] { lines.append(SlackIntegration.escaped(description)) }
            if !isResolved, let action = alert.annotations["action"] { lines.append("*Action:* " + SlackIntegration.escaped(action)) }
            if let runbook = alert.annotations["runbook_url"], runbook.hasPrefix("http") { lines.append("<\(SlackIntegration.escaped(runbook))|Runbook>") }
            blocks.append(section(lines.joined(separator: "\n")))
            let span = isResolved ? "until \(alert.endsAt?.rfc3339 ?? "")" : ""
            let context = "\(alert.name) · \(alert.severity.rawValue) · since \(alert.startsAt.rfc3339) \(span)"
            blocks.append(.object([("type", .string("context")), ("elements", .array([.object([
                ("type", .string("mrkdwn")), ("text", .string(SlackIntegration.escaped(context).truncated(toRunes: SlackIntegration.sectionRunes))),
            ])]))]))
        }
        let left = alerts.count - SlackIntegration.mostAlerts + notification.truncatedAlerts
        if alerts.count > SlackIntegration.mostAlerts { blocks.append(section("… and \(left) more")) }
        return blocks
    }

    private static func sign(_ severity: Severity) -> String {
        switch severity {
        case .critical: ":red_circle:"
        case .high: ":large_orange_circle:"
        case .medium: ":large_yellow_circle:"
        case .low, .unknown: ":large_blue_circle:"
        }
    }

    /// The three characters with which Slack's markup begins. Source: api.slack.com/reference/surfaces/formatting.
    private static func escaped(_ text: String) -> String {
        var out = ""
        for character in text {
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.append(character)
            }
        }
        return out
    }
}

/// Remembers, over a restart too, which message began a conversation.
package struct ThreadStore: Sendable {
    package var get: @Sendable (_ key: String) async -> String?
    package var set: @Sendable (_ key: String, _ value: String?) async -> Void

    package init(get: @escaping @Sendable (_ key: String) async -> String?, set: @escaping @Sendable (_ key: String, _ value: String?) async -> Void) {
        self.get = get
        self.set = set
    }
}

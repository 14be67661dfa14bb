import Alerts
import FoundationEssentials
import Platform
import Samples
import Transport

/// Slack, by incoming webhook or bot token.
/// Sources: api.slack.com/messaging/webhooks, api.slack.com/methods/chat.postMessage.
struct SlackIntegration: Integration {
    let options: SlackOptions
    let client: ReceiverClient
    let composer: Composer
    let threads: ThreadStore

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            switch options.endpoint {
            case .webhook(let secret):
                let url = try client.reveal(secret)
                _ = try await post(url, token: nil, try message(notification, thread: nil), hiding: Redaction.parts(ofURL: url))
            case .api(let url, let secret):
                let token = try client.reveal(secret)
                // One who knows of nothing firing has a new matter before him.
                let isNew = ["first", "escalated"].contains(notification.reason)
                let thread = options.threads && !isNew ? await threads.get(key(notification)) : nil
                let started = try await postThreaded(url, token, notification, thread)
                if options.threads {
                    if notification.status == .resolved {
                        await threads.set(key(notification), nil)
                    } else if let started {
                        await threads.set(key(notification), started)
                    }
                }
            }
            return .accepted("ok")
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: the message's id, if it begins a thread.
    private func postThreaded(_ url: String, _ token: String, _ notification: Notification, _ thread: String?) async throws(DeliveryError) -> String? {
        do {
            let id = try await post(url, token: token, try message(notification, thread: thread), hiding: [token])
            return thread == nil ? id : nil
        } catch {
            // Somebody deleted the first message: this one begins a new thread.
            guard thread != nil, ["thread_not_found", "message_not_found"].contains(error.message) else { throw error }
            return try await post(url, token: token, try message(notification, thread: nil), hiding: [token])
        }
    }

    private func message(_ notification: Notification, thread: String?) throws(DeliveryError) -> JSON {
        try SlackMessage(options: options, draft: composer.draft(notification)).payload(thread: thread)
    }

    private func key(_ notification: Notification) -> String {
        "slack/\(notification.receiver)/\(notification.integration)/\(notification.groupKey)"
    }

    private struct Reply: Decodable {
        var ok: Bool
        var error: String?
        var ts: String?
    }

    /// - Returns: the message's id, where Slack names it.
    private func post(_ url: String, token: String?, _ payload: JSON, hiding secrets: [String]) async throws(DeliveryError) -> String? {
        var call = ReceiverClient.Call(url: url, body: payload.bytes, options: options.http, timeout: options.timeout, secrets: secrets)
        call.readsBody = true
        if let token { call.headers = [("Content-Type", "application/json; charset=utf-8"), ("Authorization", "Bearer \(token)")] }
        let answer = try await client.send(call)
        if let refusal = client.refusal(answer) { throw refusal }
        // 200 can be a failure: `{"ok":false,"error":"channel_not_found"}`.
        if let reply = try? JSONDecoder().decode(Reply.self, from: Data(answer.response.body)) {
            if reply.ok { return reply.ts }
            let word = Redaction.excerpt(Array((reply.error ?? "not ok").utf8), hiding: answer.secrets)
            throw SlackIntegration.refusal(word, retryAfter: client.retryAfter(answer.response))
        }
        let isPlainOK = answer.response.text == "ok" || answer.response.body.isEmpty
        guard isPlainOK else { throw SlackIntegration.refusal(answer.said, retryAfter: nil) }
        return nil
    }

    /// Slack's error words. Source: api.slack.com/methods/chat.postMessage, "Errors"; api.slack.com/messaging/webhooks, "Handling errors".
    static func refusal(_ word: String, retryAfter: Duration?) -> DeliveryError {
        switch word {
        case "ratelimited", "rate_limited", "message_limit_exceeded":
            DeliveryError(.rateLimited, retryable: true, word, retryAfter: retryAfter)
        case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "rollup_error":
            DeliveryError(.serverError, retryable: true, word, retryAfter: retryAfter)
        case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope", "not_allowed_token_type",
            "no_permission", "access_denied", "invalid_token", "no_active_hooks", "action_prohibited":
            DeliveryError(.authError, retryable: false, word)
        default: DeliveryError(.clientError, retryable: false, word)
        }
    }
}

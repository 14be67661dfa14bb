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

    /// What Slack made of a message.
    private struct Posted {
        /// Its id, where Slack names it.
        var id: String?
        var answer = "ok"
    }

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let posted: Posted
            switch options.endpoint {
            case .webhook(let secret):
                let url = try client.reveal(secret)
                posted = try await post(url, token: nil, notification, thread: nil, hiding: Redaction.parts(ofURL: url))
            case .api(let url, let secret):
                let token = try client.reveal(secret)
                // One who knows of nothing firing has a new matter before him.
                let isNew = ["first", "escalated"].contains(notification.reason)
                let thread = options.threads && !isNew ? await threads.get(key(notification)) : nil
                let (sent, isFirst) = try await postThreaded(url, token, notification, thread)
                posted = sent
                if options.threads {
                    if notification.status == .resolved {
                        await threads.set(key(notification), nil)
                    } else if isFirst, let id = posted.id {
                        await threads.set(key(notification), id)
                    }
                }
            }
            return .accepted(posted.answer)
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: what became of it, and whether it begins a thread.
    private func postThreaded(_ url: String, _ token: String, _ notification: Notification, _ thread: String?)
        async throws(DeliveryError) -> (Posted, isFirst: Bool)
    {
        do {
            return (try await post(url, token: token, notification, thread: thread, hiding: [token]), thread == nil)
        } catch {
            // Somebody deleted the first message: this one begins a new thread.
            guard thread != nil, ["thread_not_found", "message_not_found"].contains(error.message) else { throw error }
            return (try await post(url, token: token, notification, thread: nil, hiding: [token]), true)
        }
    }

    /// Slack refuses a whole message for one block that it does not like, be it an image that it can't fetch: then the
    /// words must do.
    private func post(
        _ url: String, token: String?, _ notification: Notification, thread: String?, hiding secrets: [String]
    ) async throws(DeliveryError) -> Posted {
        let message = SlackMessage(options: options, draft: composer.draft(notification))
        do {
            return Posted(id: try await post(url, token: token, try message.payload(thread: thread), hiding: secrets))
        } catch {
            guard !error.isRetryable, SlackIntegration.wordsAboutForm.contains(where: error.message.contains) else {
                throw error
            }
            let id = try await post(url, token: token, try message.plainPayload(thread: thread), hiding: secrets)
            return Posted(id: id, answer: "ok, in plain words since Slack refused the form: \(error.message)")
        }
    }

    /// What it says when the form is wrong and not the address.
    private static let wordsAboutForm = [
        "invalid_blocks", "invalid_attachments", "too_many_attachments", "msg_blocks_too_long", "msg_too_long",
        "invalid_payload",
    ]

    private func key(_ notification: Notification) -> String {
        "slack/\(notification.receiver)/\(notification.integration)/\(notification.groupKey)"
    }

    private struct Reply: Decodable {
        var ok: Bool
        var error: String?
        var ts: String?
    }

    /// - Returns: the message's id, where Slack names it.
    private func post(_ url: String, token: String?, _ payload: JSON, hiding secrets: [String])
        async throws(DeliveryError) -> String?
    {
        var call = ReceiverClient.Call(
            url: url, body: payload.bytes, options: options.http, timeout: options.timeout, secrets: secrets)
        call.readsBody = true
        if let token {
            call.headers = [("Content-Type", "application/json; charset=utf-8"), ("Authorization", "Bearer \(token)")]
        }
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

    /// Slack's error words. Source: api.slack.com/methods/chat.postMessage, "Errors"; api.slack.com/messaging/webhooks,
    /// "Handling errors".
    static func refusal(_ word: String, retryAfter: Duration?) -> DeliveryError {
        switch word {
        case "ratelimited", "rate_limited", "message_limit_exceeded":
            DeliveryError(.rateLimited, retryable: true, word, retryAfter: retryAfter)
        case "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org",
            "rollup_error":
            DeliveryError(.serverError, retryable: true, word, retryAfter: retryAfter)
        case "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "missing_scope",
            "not_allowed_token_type",
            "no_permission", "access_denied", "invalid_token", "no_active_hooks", "action_prohibited":
            DeliveryError(.authError, retryable: false, word)
        default: DeliveryError(.clientError, retryable: false, word)
        }
    }
}

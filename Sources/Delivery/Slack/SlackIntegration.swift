import Alerts
import FoundationEssentials
import Platform
import Samples
import Transport

/// Slack, through an incoming webhook or a bot token.
/// Sources: api.slack.com/messaging/webhooks, api.slack.com/methods/chat.postMessage.
struct SlackIntegration: Integration {
    let options: SlackOptions
    let client: ReceiverClient
    let composer: Composer
    /// The id of the first message of the conversation that a notification belongs to; nil if there is none.
    let thread: @Sendable (Notification) -> String?

    /// A message that Slack has accepted.
    private struct Posted {
        /// Its id, if Slack returns it.
        var id: String?
        /// The id of its channel, if Slack returns it.
        var channel: String?
        var answer = "ok"
    }

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            switch options.endpoint {
            case .webhook(let secret):
                let url = try await client.reveal(secret)
                let posted = try await post(
                    url, token: nil, notification, thread: nil, hiding: Redaction.parts(ofURL: url))
                return .accepted(posted.answer)
            case .api(let url, let secret):
                let token = try await client.reveal(secret)
                // The first message of an incident starts a new thread.
                let isNew = [.first, .escalated].contains(notification.reason)
                let thread = options.threads && !isNew ? thread(notification) : nil
                let (posted, isFirst) = try await postThreaded(url, token, notification, thread)
                if let thread, !isFirst, let channel = posted.channel {
                    await edit(url, token, notification, channel: channel, message: thread)
                }
                var change: ThreadChange?
                if options.threads {
                    if notification.status == .resolved {
                        change = .ended
                    } else if isFirst, let id = posted.id {
                        change = .began(id: id)
                    }
                }
                return .accepted(posted.answer, thread: change)
            }
        } catch {
            return .failed(error)
        }
    }

    /// - Returns: the accepted message, and whether it begins a thread.
    private func postThreaded(_ url: String, _ token: String, _ notification: Notification, _ thread: String?)
        async throws(DeliveryError) -> (Posted, isFirst: Bool)
    {
        do {
            return (try await post(url, token: token, notification, thread: thread, hiding: [token]), thread == nil)
        } catch {
            // The first message was deleted: this one begins a new thread.
            guard thread != nil, ["thread_not_found", "message_not_found"].contains(error.message) else { throw error }
            return (try await post(url, token: token, notification, thread: nil, hiding: [token]), true)
        }
    }

    private static let postMethod = "/chat.postMessage"
    private static let editMethod = "/chat.update"
    /// The message itself has been accepted: its acceptance is not delayed for longer than this.
    private static let editTimeout = Duration.seconds(3)

    /// Makes the first message of a conversation show the present state, so that nobody has to open the thread for it.
    /// Where that fails, as for want of a permission, the thread still has it.
    /// Source: docs.slack.dev/reference/methods/chat.update.
    private func edit(_ url: String, _ token: String, _ notification: Notification, channel: String, message: String)
        async
    {
        guard url.hasSuffix(SlackIntegration.postMethod) else { return }
        let payload = SlackMessage(options: options, draft: composer.draft(notification)).edited(
            channel: channel, message: message)
        var call = ReceiverClient.Call(
            url: url.dropLast(SlackIntegration.postMethod.utf8.count) + SlackIntegration.editMethod,
            body: payload.bytes, options: options.http,
            timeout: min(options.timeout, SlackIntegration.editTimeout), secrets: [token])
        call.headers = SlackIntegration.headers(token)
        _ = try? await client.send(call)
    }

    private static func headers(_ token: String) -> [(name: String, value: String)] {
        [("Content-Type", "application/json; charset=utf-8"), ("Authorization", "Bearer \(token)")]
    }

    /// Posts a message; if Slack rejects its form, posts it as plain text. A single block that Slack rejects, such as
    /// an image that it can't fetch, makes it refuse the whole message.
    private func post(
        _ url: String, token: String?, _ notification: Notification, thread: String?, hiding secrets: [String]
    ) async throws(DeliveryError) -> Posted {
        let message = SlackMessage(options: options, draft: composer.draft(notification))
        do {
            let reply = try await post(url, token: token, try message.payload(thread: thread), hiding: secrets)
            return Posted(id: reply?.ts, channel: reply?.channel)
        } catch {
            guard !error.isRetryable, SlackIntegration.formErrors.contains(where: error.message.contains) else {
                throw error
            }
            let reply = try await post(url, token: token, try message.plainPayload(thread: thread), hiding: secrets)
            return Posted(
                id: reply?.ts, answer: "ok, in plain words since Slack refused the form: \(error.message)")
        }
    }

    /// Slack's errors about the form of a message rather than its address.
    private static let formErrors = [
        "invalid_blocks", "invalid_attachments", "too_many_attachments", "msg_blocks_too_long", "msg_too_long",
        "invalid_payload",
    ]

    private struct Reply: Decodable {
        var ok: Bool
        var error: String?
        var ts: String?
        var channel: String?
    }

    /// - Returns: Slack's answer; nil from an incoming webhook, which only says that it is ok.
    private func post(_ url: String, token: String?, _ payload: JSON, hiding secrets: [String])
        async throws(DeliveryError) -> Reply?
    {
        var call = ReceiverClient.Call(
            url: url, body: payload.bytes, options: options.http, timeout: options.timeout, secrets: secrets)
        call.readsBody = true
        if let token { call.headers = SlackIntegration.headers(token) }
        let answer = try await client.send(call)
        if let refusal = client.refusal(answer) { throw refusal }
        // 200 can be a failure: `{"ok":false,"error":"channel_not_found"}`.
        if let reply = try? JSONDecoder().decode(Reply.self, from: Data(answer.response.body)) {
            if reply.ok { return reply }
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

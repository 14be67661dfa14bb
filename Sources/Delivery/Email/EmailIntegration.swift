import Alerts
import Platform
import Samples
import Transport

/// Sends mail over SMTP: text and HTML, threaded by incident.
struct EmailIntegration: Integration {
    let options: EmailOptions
    let mail: any MailSender
    let composer: Composer
    let files: any FileAccess
    let time: any TimeSource
    /// The root of the thread that a notification belongs to; nil if there is none.
    let thread: @Sendable (Notification) -> String?

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let draft = composer.draft(notification)
            let to = Mailbox.list(try draft.address(options.to))
            guard !to.isEmpty else { throw DeliveryError(.clientError, retryable: false, "no address in \"to\"") }
            guard let from = Mailbox.list(try draft.address(options.from)).first else {
                throw DeliveryError(.clientError, retryable: false, "no address in \"from\"")
            }
            // The first message of an incident starts a new thread.
            let isNew = [.first, .escalated].contains(notification.reason)
            let message = EmailMessage(
                options: options, draft: draft, from: from, to: to, thread: isNew ? nil : thread(notification))
            var seen: Set<String> = []
            let recipients = (to + message.copies).map(\.address).filter { seen.insert($0).inserted }
            var request = MailRequest(
                host: options.host, port: options.port, from: from.address, recipients: recipients,
                message: message.bytes)
            request.security = options.security
            request.tls = options.tls
            request.credentials = options.credentials
            request.identity = options.identity
            request.hello = options.hello
            request.timeout = options.timeout
            let answer = try await hand(
                request, isLate: time.wall() - notification.decidedAt >= EmailIntegration.recipientPatience)
            return .accepted(answer, thread: change(message, notification))
        } catch {
            return .failed(error)
        }
    }

    /// The effect of an accepted mail on its thread.
    private func change(_ message: EmailMessage, _ notification: Notification) -> ThreadChange? {
        guard options.threading == .incident, let root = message.threadRoot else { return nil }
        return notification.status == .resolved ? .ended : .began(id: root)
    }

    /// How long one recipient's temporary refusal (a full mailbox, greylisting) may delay the others.
    private static let recipientPatience: Duration = .seconds(60)

    /// - Returns: the answer.
    private func hand(_ request: MailRequest, isLate: Bool) async throws(DeliveryError) -> String {
        let reply = try await reply(to: request)
        guard let refusal = EmailIntegration.refusal(reply.code) else { return "SMTP \(reply.code)" }
        guard request.recipients.count > 1,
            refusal.isRetryable ? isLate && refusal.reason == .serverError : refusal.reason == .clientError
        else {
            throw refusal
        }
        // A recipient that no longer exists must not keep the page from the others.
        var others = request
        others.allowsRefusedRecipients = true
        let second = try await self.reply(to: others)
        if EmailIntegration.refusal(second.code) != nil { throw refusal }
        return "SMTP \(second.code), refused for some of the recipients: SMTP \(reply.code)"
    }

    private func reply(to request: MailRequest) async throws(DeliveryError) -> MailReply {
        do {
            return try await mail.send(request)
        } catch {
            throw DeliveryError(error, hiding: await secrets())
        }
    }

    /// The error for a reply code; nil for one that accepts. Source: RFC 5321, 4.2; RFC 4954, 6.
    static func refusal(_ code: Int) -> DeliveryError? {
        switch code {
        case 200..<400: nil
        case 454: DeliveryError(.authError, retryable: true, "SMTP 454")
        case 400..<500: DeliveryError(.serverError, retryable: true, "SMTP \(code)")
        case 530, 534, 535, 538: DeliveryError(.authError, retryable: false, "SMTP \(code)")
        default: DeliveryError(.clientError, retryable: false, "SMTP \(code)")
        }
    }

    private func secrets() async -> [String] {
        switch options.credentials {
        case .none: []
        case .password(_, let secret, _), .oauthToken(_, let secret):
            (try? await secret.revealInTime(files)).map { [$0] } ?? []
        }
    }
}

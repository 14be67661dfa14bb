import Alerts
import Platform
import Samples
import Transport

/// Sends mail over SMTP: text and HTML, threaded by group.
struct EmailIntegration: Integration {
    let options: EmailOptions
    let mail: any MailSender
    let composer: Composer
    let files: any FileAccess
    let time: any TimeSource

    func send(_ notification: Notification) async -> DeliveryOutcome {
        do throws(DeliveryError) {
            let draft = composer.draft(notification)
            let to = Mailbox.list(try draft.address(options.to))
            guard !to.isEmpty else { throw DeliveryError(.clientError, retryable: false, "no address in \"to\"") }
            guard let from = Mailbox.list(try draft.address(options.from)).first else {
                throw DeliveryError(.clientError, retryable: false, "no address in \"from\"")
            }
            let message = EmailMessage(options: options, draft: draft, from: from, to: to)
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
            return try await hand(
                request, isLate: time.wall() - notification.decidedAt >= EmailIntegration.recipientPatience)
        } catch {
            return .failed(error)
        }
    }

    /// How long one recipient's temporary refusal (a full mailbox, greylisting) may delay the others.
    private static let recipientPatience: Duration = .seconds(60)

    private func hand(_ request: MailRequest, isLate: Bool) async throws(DeliveryError) -> DeliveryOutcome {
        let reply = try await reply(to: request)
        guard let refusal = EmailIntegration.refusal(reply.code) else { return .accepted("SMTP \(reply.code)") }
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
        return .accepted("SMTP \(second.code), refused for some of the recipients: SMTP \(reply.code)")
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

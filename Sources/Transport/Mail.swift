import Platform

/// One mail to hand to an SMTP server.
package struct MailRequest: Sendable {
    package enum Security: Sendable, Hashable {
        /// STARTTLS, and no mail without it.
        case startTLSRequired
        /// STARTTLS where offered.
        case startTLSOptional
        /// TLS from the first byte (port 465).
        case implicitTLS
        case none
    }

    package enum Credentials: Sendable, Hashable {
        case none
        /// The mechanism is the strongest that the server offers of those named; none named: of CRAM-MD5, PLAIN, LOGIN.
        case password(username: String, password: Secret, mechanisms: [String])
        case oauthToken(username: String, token: Secret)
    }

    package var host: String
    package var port: Int
    package var security: Security = .startTLSRequired
    package var tls = TLSOptions()
    package var credentials: Credentials = .none
    /// Whom to act as, where it is not the user (SASL's authorization identity, RFC 4422).
    package var identity: String?
    /// The name to say in EHLO.
    package var hello: String = "localhost"
    package var from: String
    package var recipients: [String]
    /// Whether the mail goes to those whom the server takes when it refuses others. Default false: all or nobody.
    package var allowsRefusedRecipients = false
    /// The whole message, headers and body, lines ended by CRLF; dot-stuffing is the transport's.
    package var message: [UInt8]
    package var timeout: Duration = .seconds(30)
    /// Greets the server, with TLS and credentials as for a mail, and sends none: whether it would take one is not
    /// asked.
    package var isGreetingOnly = false

    package init(host: String, port: Int, from: String, recipients: [String], message: [UInt8]) {
        self.host = host
        self.port = port
        self.from = from
        self.recipients = recipients
        self.message = message
    }
}

/// The server's last reply.
package struct MailReply: Sendable, Hashable {
    /// As SMTP numbers them: 2xx accepted, 4xx try later, 5xx never.
    package var code: Int
    package init(code: Int) { self.code = code }
}

package protocol MailSender: Sendable {
    /// Returns for any final reply of the server, refusals too.
    /// - Throws: `TransportError` when there was no reply to the point: connect, tls, auth, timeout.
    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply
}

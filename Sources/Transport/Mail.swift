package import Platform

/// One mail to hand to an SMTP server.
package struct MailRequest: Sendable {
    /// How the connection is encrypted.
    package enum Security: Sendable, Hashable {
        /// STARTTLS, and no mail without it.
        case startTLSRequired
        /// STARTTLS where offered.
        case startTLSOptional
        /// TLS from the first byte (port 465).
        case implicitTLS
        case none
    }

    /// How the client authenticates; RFC 4954.
    package enum Credentials: Sendable, Hashable {
        case none
        /// The mechanism is the strongest that the server offers of those named; none named: of CRAM-MD5, PLAIN, LOGIN.
        case password(username: String, password: Secret, mechanisms: [String])
        case oauthToken(username: String, token: Secret)
    }

    /// A name, or an IPv4 or IPv6 address without brackets.
    package var host: String
    /// 25, 465, 587 as a rule.
    package var port: Int
    /// Default: STARTTLS is required.
    package var security: Security = .startTLSRequired
    /// For STARTTLS and implicit TLS.
    package var tls = TLSOptions()
    /// Default: none.
    package var credentials: Credentials = .none
    /// SASL's authorization identity (RFC 4422), where it is not the user.
    package var identity: String?
    /// The name to say in EHLO.
    package var hello: String = "localhost"
    /// The envelope's sender, without angle brackets.
    package var from: String
    /// The envelope's recipients, without angle brackets; at least one.
    package var recipients: [String]
    /// Whether the mail goes to the recipients that the server accepts when it refuses others. Default false: to all or none.
    package var allowsRefusedRecipients = false
    /// The whole message, headers and body, lines ended by CRLF; dot-stuffing is the transport's.
    package var message: [UInt8]
    /// For the whole of it, from name lookup to the reply to the message. Default 30 s.
    package var timeout: Duration = .seconds(30)
    /// Greets the server, with TLS and credentials as for a mail, and sends none. Default false.
    package var isGreetingOnly = false

    /// A mail with every option at its default.
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
    /// A reply made up, for tests and simulations.
    package init(code: Int) { self.code = code }
}

/// A client for SMTP. `CurlTransport` is the real one; tests script their own.
package protocol MailSender: Sendable {
    /// Returns for any final reply of the server, refusals too.
    /// - Throws: `TransportError` when there was no reply to the point: connect, tls, auth, timeout.
    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply
}

package import Platform
package import Samples

/// One mail for an SMTP server.
package struct MailRequest: Sendable {
    /// How the connection is encrypted.
    package enum Security: Sendable, Hashable {
        /// STARTTLS; fails if it is not offered.
        case startTLSRequired
        /// STARTTLS if offered.
        case startTLSOptional
        /// TLS from the first byte (port 465).
        case implicitTLS
        case none
    }

    /// How the client authenticates; RFC 4954.
    package enum Credentials: Sendable, Hashable {
        case none
        /// Uses the strongest of the listed mechanisms that the server offers; if none is listed, of CRAM-MD5, PLAIN,
        /// LOGIN.
        case password(username: String, password: Secret, mechanisms: [String])
        case oauthToken(username: String, token: Secret)
    }

    /// A name, or an IPv4 or IPv6 address without brackets.
    package var host: String
    /// Usually 25, 465 or 587.
    package var port: Int
    /// Default: STARTTLS is required.
    package var security: Security = .startTLSRequired
    /// For STARTTLS and implicit TLS.
    package var tls = TLSOptions()
    /// Default: none.
    package var credentials: Credentials = .none
    /// SASL's authorization identity (RFC 4422), if it differs from the user.
    package var identity: String?
    /// The name for EHLO.
    package var hello: String = "localhost"
    /// The envelope's sender, without angle brackets.
    package var from: String
    /// The envelope's recipients, without angle brackets; at least one.
    package var recipients: [String]
    /// Whether the mail is sent to the accepted recipients if the server refuses others. Default false: to all or none.
    package var allowsRefusedRecipients = false
    /// The whole message, headers and body, with CRLF line endings; the transport does the dot-stuffing.
    package var message: [UInt8]
    /// For everything from name lookup to the reply to the message. Default 30 s.
    package var timeout: Duration = .seconds(30)
    /// Only connects, with TLS and credentials as for a mail, without sending one. Default false.
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
    /// SMTP's reply code: 2xx accepted, 4xx temporary, 5xx permanent failure.
    package var code: Int
    /// Where the time went: `tls` includes the greeting before STARTTLS, `processing` is the last command's.
    package var timing = HTTPTiming()
    /// See `HTTPResponse.certificateExpiry`.
    package var certificateExpiry: Timestamp?
    /// See `HTTPResponse.certificateLifetime`.
    package var certificateLifetime: Duration?

    /// A made-up reply, for tests and simulations.
    package init(code: Int) { self.code = code }
}

/// An SMTP client. `CurlTransport` is the real one; tests script their own.
package protocol MailSender: Sendable {
    /// Returns any final reply of the server, including refusals.
    /// - Throws: `TransportError` if there was no final reply: connect, tls, auth, timeout.
    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply
}

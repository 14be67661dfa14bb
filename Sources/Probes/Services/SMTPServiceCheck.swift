import Transport

/// Greeting, TLS, certificate and login of a mail server; no mail is sent.
struct SMTPServiceCheck: ServiceCheck {
    let server: SMTPServerOptions
    let timeout: Duration
    let mail: any MailSender

    func look() async -> ServiceFinding {
        var request = server.request(from: "", to: "", message: [])
        request.isGreetingOnly = true
        request.timeout = timeout
        do throws(TransportError) {
            let reply = try await mail.send(request)
            var finding = ServiceFinding(timing: reply.timing)
            finding.certificateExpiry = reply.certificateExpiry
            finding.certificateLifetime = reply.certificateLifetime
            finding.facts = [.init(name: "service_smtp_reply_code", value: Double(reply.code))]
            finding.detail = "SMTP \(reply.code)" + words
            if !(200..<400).contains(reply.code) {
                finding.failure = ProbeFailure("status", "the mail server answers \(reply.code)")
            }
            return finding
        } catch {
            return ServiceFinding(error)
        }
    }

    private var words: String {
        let tls =
            switch server.security {
            case .startTLSRequired: ", STARTTLS"
            case .implicitTLS: ", TLS"
            case .startTLSOptional, .none: ""
            }
        if case .none = server.credentials { return tls }
        return tls + ", login accepted"
    }
}

extension SMTPServerOptions {
    /// A mail for this server.
    func request(from: String, to: String, message: [UInt8]) -> MailRequest {
        var request = MailRequest(host: host, port: port, from: from, recipients: [to], message: message)
        request.security = security
        request.tls = tls
        request.credentials = credentials
        request.hello = hello
        return request
    }
}

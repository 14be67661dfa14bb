import Platform
import Probes
import Samples
import Transport
import YAML

/// Mail submission, and the mail that must come back.
extension ServiceParser {
    private enum Security: String, CaseIterable {
        case startTLS = "starttls"
        case tls, none
    }

    func smtp(_ node: Node) -> SMTPServiceOptions? {
        var fields = Fields(node, errors, "smtp")
        defer { fields.finish() }
        let security = fields.choice("security", Security.self)
        _ = fields.required("address")
        let address = address(&fields, defaultPort: security == .tls ? 465 : 587)
        var server = SMTPServerOptions(host: address?.host ?? "")
        if let address { server.port = address.port }
        // RFC 8314, 3.3: TLS from the first byte has a port of its own.
        server.security =
            switch security ?? (address?.port == 465 ? .tls : .startTLS) {
            case .startTLS: .startTLSRequired
            case .tls: .implicitTLS
            case .none: .none
            }
        server.tls = targets.tls(&fields)
        if let name = fields.string("hello") { server.hello = name }
        server.credentials = credentials(&fields, server)
        let mail = fields.node("test_mail").flatMap(testMail)
        guard address != nil else { return nil }
        var options = SMTPServiceOptions(server: server)
        options.testMail = mail
        return options
    }

    /// `username` and `password`, which go over TLS alone.
    private func credentials(_ fields: inout Fields, _ server: SMTPServerOptions) -> MailRequest.Credentials {
        let user = fields.string("username")
        let password = context.secret(&fields, "password")
        let isAllowed = fields.bool("allow_plaintext") ?? false
        guard let user, let password else {
            if user != nil || password != nil {
                errors.add(
                    fields.position, "a login needs \"username\" and \"password\" (or \"password_file\"); found one")
            }
            return .none
        }
        if server.security == .none, !isAllowed, !Plaintext.isLoopback(server.host) {
            errors.add(
                fields.position(of: "security"),
                "without TLS the password would go over the network unencrypted; expected security: starttls or tls, or \"allow_plaintext: true\" beside it"
            )
        }
        return .password(username: user, password: password, mechanisms: [])
    }

    private func testMail(_ node: Node) -> TestMailOptions? {
        var fields = Fields(node, errors, "test_mail")
        defer { fields.finish() }
        let from = mailbox(&fields, "from")
        let to = mailbox(&fields, "to")
        let command = fields.strings("command")
        let hookNode = fields.node("hook")
        var hook: TestMailOptions.Hook?
        if let hookNode {
            var own = Fields(hookNode, errors, "hook")
            if let endpoint = endpoint(&own) { hook = .url(endpoint) }
            own.finish()
        }
        if let program = command.first {
            // Looked up in no PATH: what runs is what is written.
            if !program.hasPrefix("/") {
                errors.add(
                    fields.position(of: "command"), "command: expected a program's absolute path, found \"\(program)\"")
            }
            hook = .command(command)
        }
        if command.isEmpty == (hookNode == nil) {
            errors.add(
                node.position,
                "test_mail needs either \"command\" or \"hook\" with a url, which says whether the mail has come back")
        }
        let isNamed =
            switch hook {
            case .command(let words): words.contains { $0.contains("{token}") }
            case .url(let endpoint): endpoint.url.contains("{token}")
            case nil: true
            }
        if !isNamed {
            errors.add(
                node.position,
                "the hook must be told which mail to look for: write {token} where it is to stand in the command or the url"
            )
        }
        guard let from, let to, let hook else {
            for key in ["every", "within", "poll_interval", "timeout"] { _ = fields.node(key) }
            return nil
        }
        var options = TestMailOptions(from: from, to: to, hook: hook)
        if let interval = context.duration(&fields, "every") { options.interval = interval }
        if let limit = context.duration(&fields, "within") { options.limit = limit }
        if let interval = context.duration(&fields, "poll_interval") { options.hookInterval = interval }
        let timeout = context.duration(&fields, "timeout")
        options.hookTimeout = timeout ?? min(options.hookTimeout, options.hookInterval)
        if options.limit > options.interval {
            errors.add(
                fields.position(of: "within"),
                "within is longer than the time from one mail to the next; expected at most \(options.interval.prometheusDescription)"
            )
        }
        if options.hookTimeout > options.hookInterval {
            errors.add(
                fields.position(of: "timeout"),
                "timeout is longer than poll_interval; expected at most \(options.hookInterval.prometheusDescription)")
        }
        return options
    }

    /// A bare address.
    private func mailbox(_ fields: inout Fields, _ key: String) -> String? {
        _ = fields.required(key)
        return fields.parsed(key, expected: "a mail address such as watch@example.org") { text in
            let parts = text.split(separator: "@", omittingEmptySubsequences: false)
            let isAddress =
                parts.count == 2 && parts.allSatisfy { !$0.isEmpty } && text.utf8.count <= 254
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"<>()[],;:\\\"".utf8.contains($0) }
            return isAddress ? text : nil
        }
    }
}

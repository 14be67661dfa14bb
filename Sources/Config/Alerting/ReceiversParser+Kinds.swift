import Delivery
import Platform
import Samples
import Transport
import YAML

extension ReceiversParser {
    func email(_ node: Node, _ global: Global) -> EmailOptions? {
        var fields = Fields(node, errors, "an email_config")
        let sendResolved = fields.bool("send_resolved") ?? false
        let to = filled(&fields, "to") ?? ""
        refuseOtherThanAddresses(to, "to", at: fields.position(of: "to"))
        let from = fields.string("from") ?? global.smtp.from
        if fields.node("from") != nil {
            refuseOtherThanAddresses(from ?? "", "from", limit: 1, at: fields.position(of: "from"))
        }
        let smarthost = smarthost(&fields, "smarthost") ?? global.smtp.smarthost
        var options = EmailOptions(to: to, from: from ?? "", host: smarthost?.host ?? "", port: smarthost?.port ?? 0)
        options.sendResolved = sendResolved
        options.hello = fields.string("hello") ?? global.smtp.hello
        options.credentials = credentials(&fields, global)
        options.identity = fields.string("auth_identity") ?? global.smtp.identity
        let requireTLS = fields.bool("require_tls") ?? global.smtp.requireTLS
        let implicitTLS = fields.bool("force_implicit_tls") ?? global.smtp.implicitTLS ?? (smarthost?.port == 465)
        options.security = implicitTLS ? .implicitTLS : requireTLS ? .startTLSRequired : .startTLSOptional
        refusePlaintext(&fields, options, global)
        options.tls = tls(fields.node("tls_config"), default: global.smtp.tls)
        options.headers = headers(&fields)
        // As in Alertmanager, `html: ''` selects plain text: an empty value differs from an absent one.
        if let html = textOrNull(&fields, "html") { options.html = html }
        if let text = textOrNull(&fields, "text") { options.text = text }
        if let threading = fields.node("threading") { options.threading = self.threading(threading) }
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        fields.finish()
        if from == nil { errors.add(node.position, "an email_config needs \"from\", or smtp_from in global") }
        if smarthost == nil {
            errors.add(node.position, "an email_config needs \"smarthost\", or smtp_smarthost in global")
        }
        return from == nil || smarthost == nil ? nil : options
    }

    /// Refuses to log in if TLS is only used when offered: a man in the middle can remove the offer. CRAM-MD5 does not
    /// reveal the password.
    private func refusePlaintext(_ fields: inout Fields, _ options: EmailOptions, _ global: Global) {
        let isAllowed = fields.bool("allow_plaintext") ?? global.smtp.allowsPlaintext
        let isExposed =
            switch options.credentials {
            case .none: false
            case .password(_, _, let mechanisms): mechanisms != ["CRAM-MD5"]
            case .oauthToken: true
            }
        guard isExposed, !isAllowed, options.security == .startTLSOptional, !Plaintext.isLoopback(options.host) else {
            return
        }
        errors.add(
            fields.position(of: "require_tls"),
            "without TLS the mail server's password would go over the network unencrypted; expected require_tls: true, or \"allow_plaintext: true\" in the email_config"
        )
    }

    /// A text; an explicit null counts as empty, as in Alertmanager.
    private func textOrNull(_ fields: inout Fields, _ key: String) -> String? {
        fields.nodeOrNull(key)?.isNull == true ? "" : fields.string(key)
    }

    private func credentials(_ fields: inout Fields, _ global: Global) -> MailRequest.Credentials {
        let ownName = fields.string("auth_username")
        let password = context.secret(&fields, "auth_password")
        let secret = context.secret(&fields, "auth_secret")
        let token = context.secret(&fields, "auth_xoauth2_token")
        let mechanism = fields.string("auth_mechanism")
        if let mechanism, !["PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"].contains(mechanism) {
            errors.add(
                fields.position(of: "auth_mechanism"),
                "auth_mechanism: expected PLAIN, LOGIN, CRAM-MD5 or XOAUTH2, found \"\(mechanism)\"")
        }
        // As in Alertmanager, there is no login without a user name.
        guard let username = ownName ?? global.smtp.username, !username.isEmpty else { return .none }
        if let token { return .oauthToken(username: username, token: token) }
        if mechanism == "XOAUTH2" {
            errors.add(fields.position, "XOAUTH2 needs \"auth_xoauth2_token\" or \"auth_xoauth2_token_file\"")
        }
        // As in Alertmanager, auth_secret is the password for CRAM-MD5 and auth_password that for the other mechanisms.
        let own = password ?? global.smtp.password
        let shared = secret ?? global.smtp.secret
        if let shared, mechanism == "CRAM-MD5" || own == nil {
            return .password(username: username, password: shared, mechanisms: [mechanism ?? "CRAM-MD5"])
        }
        if let own {
            return .password(
                username: username, password: own, mechanisms: mechanism.map { [$0] } ?? ["PLAIN", "LOGIN"])
        }
        errors.add(
            fields.position, "\"auth_username\" needs \"auth_password\", \"auth_secret\" or \"auth_xoauth2_token\"")
        return .none
    }

    private func headers(_ fields: inout Fields) -> [String: String] {
        let headers = fields.stringMap("headers")
        var seen: Set<String> = []
        for name in headers.keys.sorted() {
            let position =
                fields.node("headers")?.mapping?.first { $0.key.text == name }?.key.position ?? fields.position
            if !EmailHeaders.isFieldName(name) { errors.add(position, "headers: \"\(name)\" is not a header name") }
            if !seen.insert(name.lowercased()).inserted {
                errors.add(position, "headers: duplicate header \"\(name)\"")
            }
            if ReceiversParser.addressHeaders.contains(name.lowercased()) {
                refuseOtherThanAddresses(headers[name] ?? "", name, at: position)
            }
        }
        return headers
    }

    /// Headers that add recipients.
    private static let addressHeaders: Set<String> = ["cc", "bcc"]

    /// Refuses a list with invalid mail addresses: mails would never reach them. The result of a template is not known
    /// here.
    func refuseOtherThanAddresses(_ text: String, _ key: String, limit: Int = .max, at position: SourcePosition) {
        guard !text.isEmpty, !text.contains("{{") else { return }
        if let part = Mailbox.firstInvalid(text) {
            errors.add(
                position,
                "\(key): \"\(part)\" is no mail address; write name@host or \"Name, with comma\" <name@host>, the name in quotes"
            )
        } else if Mailbox.list(text).count > limit {
            errors.add(position, "\(key): expected one mail address")
        }
    }

    /// Parses `threading: {enabled: true, thread_by_date: daily|none}`, as in Alertmanager, or `threading: false`.
    private func threading(_ node: Node) -> EmailOptions.Threading {
        if node.scalar == "false" { return .off }
        if node.scalar == "true" { return .daily }
        var fields = Fields(node, errors, "threading")
        let enabled = fields.bool("enabled") ?? true
        let byDate = fields.string("thread_by_date") ?? "daily"
        if !["daily", "none"].contains(byDate) {
            errors.add(
                fields.position(of: "thread_by_date"), "thread_by_date: expected daily or none, found \"\(byDate)\"")
        }
        fields.finish()
        return !enabled ? .off : byDate == "none" ? .group : .daily
    }

    func pagerDuty(_ node: Node, _ global: Global) -> PagerDutyOptions? {
        var fields = Fields(node, errors, "a pagerduty_config")
        let routing = context.secret(&fields, "routing_key")
        let service = context.secret(&fields, "service_key")
        if routing == nil, service == nil {
            errors.add(
                node.position,
                "a pagerduty_config needs \"routing_key\" or \"service_key\" (or the keys with _file)")
        }
        // As in Alertmanager, service_key (the older API) wins if both are given.
        var options = PagerDutyOptions(service.map { .service($0) } ?? .routing(routing ?? Secret(value: "")))
        options.sendResolved = fields.bool("send_resolved") ?? true
        options.url = context.url(&fields, "url") ?? global.pagerDutyURL ?? PagerDutyOptions.eventsURL
        options.http = httpClient(fields.node("http_config"), default: global.http)
        refusePlaintext(
            options.url, "the key of the service", options.http, "url", at: fields.position(of: "url"))
        options.changeEvents = fields.bool("change_events") ?? true
        take(&fields, "client", &options.client)
        take(&fields, "client_url", &options.clientURL)
        take(&fields, "description", &options.description)
        options.severity = fields.string("severity")
        let map = fields.stringMap("severity_map")
        for (label, severity) in map.sorted(by: { $0.key < $1.key })
        where !["critical", "error", "warning", "info"].contains(severity) {
            errors.add(
                fields.position(of: "severity_map"),
                "severity_map: \(label): expected critical, error, warning or info, found \"\(severity)\"")
        }
        options.severityMap.merge(map) { _, new in new }
        take(&fields, "source", &options.source)
        take(&fields, "class", &options.eventClass)
        take(&fields, "component", &options.component)
        take(&fields, "group", &options.group)
        options.details.merge(details(&fields)) { _, new in new }
        options.links = fields.list("links").map { node in
            var link = Fields(node, errors, "a link")
            defer { link.finish() }
            return .init(href: link.string("href") ?? "", text: link.string("text") ?? "")
        }
        options.images = fields.list("images").map { node in
            var image = Fields(node, errors, "an image")
            defer { image.finish() }
            return .init(
                source: image.string("src") ?? "", alternative: image.string("alt") ?? "",
                href: image.string("href") ?? "")
        }
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        fields.finish()
        return routing == nil && service == nil ? nil : options
    }

    /// Maximum nesting of a value that becomes JSON, and maximum number of values in it.
    private static let (valueDepth, valueLimit) = (10, 1000)

    private func details(_ fields: inout Fields) -> [String: TemplatedValue] {
        guard let node = fields.node("details") else { return [:] }
        guard case .object(let members)? = templated(node, "details") else {
            if node.mapping == nil {
                errors.add(node.position, "details: expected a mapping, found \(node.kind)")
            }
            return [:]
        }
        return Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { _, new in new })
    }

    /// A value whose texts are templates.
    private func templated(_ node: Node, _ key: String) -> TemplatedValue? {
        var count = 0
        func value(_ node: Node, _ depth: Int) -> TemplatedValue? {
            count += 1
            guard depth <= ReceiversParser.valueDepth, count <= ReceiversParser.valueLimit else { return nil }
            if let pairs = node.mapping {
                let members = pairs.compactMap { pair in
                    value(pair.value, depth + 1).map { TemplatedValue.Member(name: pair.key.text, value: $0) }
                }
                return members.count == pairs.count ? .object(members) : nil
            }
            if let items = node.sequence {
                let values = items.compactMap { value($0, depth + 1) }
                return values.count == items.count ? .list(values) : nil
            }
            return .text(node.isNull ? "" : node.scalar ?? "")
        }
        if let found = value(node, 0) { return found }
        errors.add(
            node.position,
            "\(key): more than \(ReceiversParser.valueLimit) values, or nested more than \(ReceiversParser.valueDepth) levels deep"
        )
        return nil
    }

    func webhook(_ node: Node, _ global: Global) -> WebhookOptions? {
        var fields = Fields(node, errors, "a webhook_config")
        let url = secretURL(&fields, "url", templateAllowed: true)
        if url == nil, fields.node("url") == nil {
            errors.add(node.position, "a webhook_config needs \"url\" or \"url_file\"")
        }
        var options = WebhookOptions(url: url ?? Secret(value: ""))
        options.sendResolved = fields.bool("send_resolved") ?? true
        options.http = httpClient(fields.node("http_config"), default: global.http)
        refusePlaintext(url, nil, options.http, "url", fields)
        options.payload = fields.node("payload").flatMap { templated($0, "payload") }
        options.maxAlerts = fields.integer("max_alerts", in: 0...Int.max) ?? 0
        // As in Alertmanager, 0s means the default.
        if let timeout = fields.parsed("timeout", expected: "a duration such as 10s", { Duration(prometheus: $0) }),
            timeout > .zero
        {
            options.timeout = timeout
        }
        fields.finish()
        return url == nil ? nil : options
    }

    /// The Alertmanagers of one `alertmanager_configs` entry; they differ in their URL alone.
    func alertmanagers(_ node: Node, _ global: Global) -> [AlertmanagerOptions] {
        var fields = Fields(node, errors, "an alertmanager_config")
        let nodes = fields.list("urls")
        let urls = nodes.compactMap { node -> String? in
            guard let text = node.scalar, let url = ParsingContext.webURL(text) else {
                errors.add(
                    node.position,
                    "urls: expected a URL such as http://alertmanager-1:9093, found \(ParsingContext.shown(node))")
                return nil
            }
            return url.hasSuffix("/") ? String(url.dropLast()) : url
        }
        if nodes.isEmpty { errors.add(node.position, "an alertmanager_config needs \"urls\"") }
        var options = AlertmanagerOptions(url: "")
        options.http = httpClient(fields.node("http_config"), default: global.http)
        for node in nodes {
            refusePlaintext(node.scalar ?? "", nil, options.http, "urls", at: node.position)
        }
        if let timeout = context.duration(&fields, "resolve_timeout") { options.resolveTimeout = timeout }
        if let delay = context.duration(&fields, "resend_delay") { options.resendDelay = delay }
        if let time = fields.parsed(
            "resolved_for", expected: "a duration such as 15m, or 0s", Duration.init(prometheus:))
        {
            options.resolvedFor = time
        }
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        if let timeout = options.resolveTimeout, timeout <= options.resendDelay {
            errors.add(
                fields.position(of: "resolve_timeout"),
                "resolve_timeout (\(timeout.prometheusDescription)) is not longer than resend_delay (\(options.resendDelay.prometheusDescription)): every alert would end before it is sent again; leave it out for four times resend_delay"
            )
        }
        fields.finish()
        return urls.map { url in
            var own = options
            own.url = url
            return own
        }
    }

    func heartbeat(_ node: Node, _ global: Global) -> HeartbeatOptions? {
        var fields = Fields(node, errors, "a heartbeat_config")
        let url = secretURL(&fields, "url")
        if url == nil, fields.node("url") == nil {
            errors.add(node.position, "a heartbeat_config needs \"url\" or \"url_file\"")
        }
        var options = HeartbeatOptions(url: url ?? Secret(value: ""))
        options.http = httpClient(fields.node("http_config"), default: global.http)
        refusePlaintext(url, nil, options.http, "url", fields)
        take(&fields, "fail_suffix", &options.failSuffix)
        if let timeout = context.duration(&fields, "timeout") { options.timeout = timeout }
        fields.finish()
        return url == nil ? nil : options
    }

    /// A URL that is a secret. An inline one is checked now; the error does not repeat it.
    /// - Parameter templateAllowed: whether it may be a template, which is checked once it has been expanded.
    func secretURL(_ fields: inout Fields, _ key: String, templateAllowed: Bool = false) -> Secret? {
        let secret = context.secret(&fields, key)
        guard let inline = fields.node(key), let text = inline.scalar else { return secret }
        if templateAllowed, text.contains("{{") { return secret }
        guard let url = ParsingContext.webURL(text, userAllowed: true) else {
            errors.add(inline.position, "\(key): expected a URL such as https://hooks.example.org/path")
            return nil
        }
        return Secret(value: url)
    }

    /// The same for a URL that is itself a secret, possibly in a file.
    func refusePlaintext(
        _ url: Secret?, _ secret: String?, _ http: HTTPClientOptions, _ key: String, _ fields: Fields
    ) {
        guard let url, let text = try? url.reveal(context.files) else { return }
        let key = url.path == nil ? key : key + "_file"
        refusePlaintext(text, secret, http, key, at: fields.position(of: key))
    }

    /// Replaces a default template with the configured one.
    func take(_ fields: inout Fields, _ key: String, _ option: inout String) {
        if let text = fields.string(key) { option = text }
    }
}

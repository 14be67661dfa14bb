import Alerts
package import Delivery
import Platform
import Samples
import Text
import Transport
package import YAML

/// Parses `global` and `receivers` of Alertmanager's configuration.
/// Source: prometheus.io/docs/alerting/latest/configuration.
package struct ReceiversParser {
    let context: ParsingContext
    var errors: ErrorList { context.errors }

    /// - Parameter context: errors and files; empty values count as absent.
    package init(context: ParsingContext) {
        var context = context
        context.emptyIsAbsent = true
        self.context = context
    }

    /// The settings of `global` that receivers inherit.
    package struct Global: Sendable {
        /// When a posted alert without an end counts as resolved. Default 5 min.
        package var resolveTimeout: Duration = .seconds(300)
        var http = HTTPClientOptions()
        var slackURL: Secret?
        var slackToken: Secret?
        var slackTokenURL = SlackOptions.apiURL
        var pagerDutyURL: String?
        var smtp = SMTP()

        struct SMTP {
            var from: String?
            var smarthost: (host: String, port: Int)?
            var hello = "localhost"
            var username: String?
            var identity: String?
            var password: Secret?
            var secret: Secret?
            var requireTLS = true
            var tls = TLSOptions()
            var implicitTLS: Bool?
            var allowsPlaintext = false
        }
    }

    /// Keys of `global` for unsupported integrations; they are ignored, so that existing files can be used.
    private static let ignoredGlobals = [
        "opsgenie_api_url", "opsgenie_api_key", "opsgenie_api_key_file", "wechat_api_url", "wechat_api_secret",
        "wechat_api_secret_file",
        "wechat_api_corp_id", "victorops_api_url", "victorops_api_key", "victorops_api_key_file", "telegram_api_url",
        "telegram_bot_token",
        "telegram_bot_token_file", "webex_api_url", "rocketchat_api_url", "rocketchat_token", "rocketchat_token_file",
        "rocketchat_token_id", "rocketchat_token_id_file", "jira_api_url", "mattermost_webhook_url",
        "mattermost_webhook_url_file",
    ]

    /// Parses `global`; nil gives the defaults.
    package func global(_ node: Node?) -> Global {
        var global = Global()
        guard let node else { return global }
        var fields = Fields(node, errors, "global")
        if let timeout = fields.parsed("resolve_timeout", expected: "a duration such as 5m", Duration.init(prometheus:))
        {
            global.resolveTimeout = timeout
        }
        global.http = httpClient(fields.node("http_config"), default: HTTPClientOptions())
        global.slackURL = secretURL(&fields, "slack_api_url")
        global.slackToken = context.secret(&fields, "slack_app_token")
        global.slackTokenURL = context.url(&fields, "slack_app_url") ?? SlackOptions.apiURL
        global.pagerDutyURL = context.url(&fields, "pagerduty_url")
        global.smtp.from = fields.string("smtp_from")
        refuseOtherThanAddresses(
            global.smtp.from ?? "", "smtp_from", limit: 1, at: fields.position(of: "smtp_from"))
        global.smtp.smarthost = smarthost(&fields, "smtp_smarthost")
        if let hello = fields.string("smtp_hello") { global.smtp.hello = hello }
        global.smtp.username = fields.string("smtp_auth_username")
        global.smtp.password = context.secret(&fields, "smtp_auth_password")
        global.smtp.secret = context.secret(&fields, "smtp_auth_secret")
        global.smtp.identity = fields.string("smtp_auth_identity")
        global.smtp.requireTLS = fields.bool("smtp_require_tls") ?? true
        global.smtp.implicitTLS = fields.bool("smtp_force_implicit_tls")
        global.smtp.allowsPlaintext = fields.bool("smtp_allow_plaintext") ?? false
        global.smtp.tls = tls(fields.node("smtp_tls_config"), default: TLSOptions())
        for key in ReceiversParser.ignoredGlobals { _ = fields.nodeOrNull(key) }
        fields.finish()
        return global
    }

    /// Parses all receivers. Names must be unique; fallbacks must exist and form no cycle.
    package func receivers(_ nodes: [Node], global: Global) -> [ReceiverOptions] {
        var receivers: [ReceiverOptions] = []
        var fallbacks: [(position: SourcePosition, receiver: String)] = []
        for node in nodes {
            var fields = Fields(node, errors, "a receiver")
            let name = fields.requiredString("name") ?? ""
            if let given = node["name"]?.scalar, given.isEmpty {
                errors.add(fields.position(of: "name"), "the name of a receiver is empty")
            }
            if receivers.contains(where: { $0.name == name }), !name.isEmpty {
                errors.add(fields.position(of: "name"), "duplicate receiver \"\(name)\"")
            }
            var receiver = ReceiverOptions(name: name)
            receiver.integrations = integrations(&fields, global)
            receiver.labels = Labels(fields.stringMap("labels"))
            receiver.fallback = fields.string("fallback")
            receiver.responseTime = context.duration(&fields, "response_time")
            receiver.escalateAfter = context.duration(&fields, "escalate_after")
            for (key, time) in [("response_time", receiver.responseTime), ("escalate_after", receiver.escalateAfter)]
            where time != nil && receiver.fallback == nil {
                errors.add(
                    fields.position(of: key),
                    "\(key) needs \"fallback\" beside it: it is the time after which the fallback is notified")
            }
            if receiver.fallback != nil { fallbacks.append((fields.position(of: "fallback"), name)) }
            refuseUnsupportedKinds(&fields)
            fields.finish()
            receivers.append(receiver)
        }
        check(fallbacks, receivers)
        return receivers
    }

    private func integrations(_ fields: inout Fields, _ global: Global) -> [IntegrationOptions] {
        var all: [IntegrationOptions] = []
        func add(_ key: String, _ parse: (Node) -> IntegrationOptions.Settings?) {
            for (index, node) in fields.list(key).enumerated() {
                if let settings = parse(node) { all.append(IntegrationOptions(settings, index: index)) }
            }
        }
        add("email_configs") { email($0, global).map { .email($0) } }
        add("slack_configs") { slack($0, global).map { .slack($0) } }
        add("pagerduty_configs") { pagerDuty($0, global).map { .pagerDuty($0) } }
        add("webhook_configs") { webhook($0, global).map { .webhook($0) } }
        // Each member of a cluster is an integration of its own.
        for options in fields.list("alertmanager_configs").flatMap({ alertmanagers($0, global) }) {
            all.append(IntegrationOptions(.alertmanager(options), index: all.count { $0.kind == .alertmanager }))
        }
        add("heartbeat_configs") { heartbeat($0, global).map { .heartbeat($0) } }
        return all
    }

    private func refuseUnsupportedKinds(_ fields: inout Fields) {
        let kinds = IntegrationKind.allCases.map(\.rawValue)
        for (key, _) in fields.node.mapping ?? [] where key.text.hasSuffix("_configs") {
            let kind = String(key.text.dropLast("_configs".count))
            guard !kinds.contains(kind), nearest(kind, in: kinds) == nil else { continue }
            _ = fields.nodeOrNull(key.text)
            let supported = kinds.map { $0 + "_configs" }.joined(separator: ", ")
            errors.add(
                key.position,
                "the integration \"\(kind)\" is not supported; write webhook_configs with its \"url\" and a \"payload\" in its form, or send to an Alertmanager by alertmanager_configs; expected one of \(supported)"
            )
        }
    }

    private func check(_ fallbacks: [(position: SourcePosition, receiver: String)], _ receivers: [ReceiverOptions]) {
        let next = Dictionary(receivers.map { ($0.name, $0.fallback) }, uniquingKeysWith: { first, _ in first })
        for (position, name) in fallbacks {
            var seen: Set<String> = [name]
            var at = next[name] ?? nil
            while let current = at {
                guard let following = next[current] else {
                    if seen.count == 1 { errors.add(position, "fallback: there is no receiver \"\(current)\"") }
                    break
                }
                guard seen.insert(current).inserted else {
                    errors.add(position, "fallback: \"\(name)\" leads back to \"\(current)\"")
                    break
                }
                at = following
            }
        }
    }

    /// A port from 1 to 65535, or a service name for mail; services(5).
    private static func port(_ text: String) -> Int? {
        let named = ["smtp": 25, "submission": 587, "smtps": 465, "submissions": 465, "ssmtp": 465, "urd": 465]
        return named[text] ?? Int(text).flatMap { (1...65535).contains($0) ? $0 : nil }
    }

    /// A required text; as in Alertmanager, an empty one counts as absent.
    func filled(_ fields: inout Fields, _ key: String) -> String? {
        guard let text = fields.requiredString(key) else { return nil }
        if text.isEmpty { errors.add(fields.position(of: key), "\(key): expected text, found nothing") }
        return text.isEmpty ? nil : text
    }

    /// Parses `host:port`; as in Go, `:port` means this machine.
    func smarthost(_ fields: inout Fields, _ key: String) -> (host: String, port: Int)? {
        if fields.node(key)?.scalar == "" { return nil }
        return fields.parsed(key, expected: "host:port, such as mail.example.org:587") { text in
            guard let colon = text.lastIndex(of: ":"),
                let port = ReceiversParser.port(String(text[text.index(after: colon)...]))
            else { return nil }
            var host = String(text[..<colon])
            if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
            return (host.isEmpty ? "localhost" : host, port)
        }
    }
}

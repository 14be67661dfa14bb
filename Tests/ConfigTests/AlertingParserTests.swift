import Alerts
import Delivery
import Dispatching
import Foundation
import Platform
import Samples
import Testing
import Transport
import YAML

@testable import Config

struct AlertingParserTests {
    private func parse(_ text: String) throws -> (result: AlertingParser.Result?, errors: [String]) {
        let errors = ErrorList()
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: [:], folder: "/nowhere")
        let node = try Node.parse(text, file: "am.yml")
        let result = AlertingParser(context: context).parse(node, at: node.position, externalURL: "")
        return (errors.isEmpty ? result : nil, errors.errors.map(\.description))
    }

    /// An address that would be left out, or a name that would be cut at its comma, is refused at its place.
    @Test(arguments: [
        (
            "smtp_from: 'Wächter, Vault <vw@example.org>'", "{to: a@example.org}",
            "smtp_from: \"Wächter\" is no mail address"
        ),
        ("smtp_from: 'a@example.org, b@example.org'", "{to: a@example.org}", "smtp_from: expected one mail address"),
        ("smtp_from: vw@example.org", "{to: 'a@example.org, team'}", "to: \"team\" is no mail address"),
        (
            "smtp_from: vw@example.org", "{to: a@example.org, headers: {Bcc: 'nobody'}}",
            "Bcc: \"nobody\" is no mail address"
        ),
        (
            "smtp_from: vw@example.org", "{to: a@example.org, from: 'x y'}", "from: \"x y\" is no mail address"
        ),
        (
            "smtp_from: '\"Wächter, Vault\" <vw@example.org>'",
            "{to: '{{ .CommonAnnotations.to }}', headers: {Cc: 'A <a@b>, c@d'}}", nil
        ),
    ]) func mailAddresses(global: String, email: String, refusal: String?) throws {
        let (_, errors) = try parse(
            """
            global: {smtp_smarthost: 'mail:25', \(global)}
            route: {receiver: ops}
            receivers: [{name: ops, email_configs: [\(email)]}]
            """)
        #expect(errors.count == (refusal == nil ? 0 : 1), "\(errors)")
        if let refusal { #expect(errors.first?.contains(refusal) == true, "\(errors)") }
        #expect(errors.allSatisfy { $0.hasPrefix("am.yml:") })
    }

    /// A receiver of one kind with what a test writes, and what becomes of it.
    private func receiver(_ kind: String, _ text: String) throws -> (receiver: ReceiverOptions?, errors: [String]) {
        let (result, errors) = try parse(
            """
            route: {receiver: ops}
            receivers:
              - name: ops
                \(kind):
                  - \(text)
            """)
        return (result?.delivery.receivers.first, errors)
    }

    /// Keys that Alertmanager 0.28 to 0.34 brought and that mean something here.
    @Test func keysOfNewerAlertmanagers() throws {
        let (result, errors) = try parse(
            """
            route:
              receiver: ops
              group_by: [cluster]
              routes: [{matchers: [a="b"], group_by: []}, {matchers: [c="d"]}]
            receivers:
              - {name: ops, labels: {team: storage, "ein satz": "ä"}}
            inhibit_rules:
              - name: a down site is one fault
                target_matchers: [severity="low"]
                sources:
                  - {matchers: [alertname="PowerLost"], equal: [site]}
                  - {matchers: [alertname="NetworkLost"], equal: [site]}
              - {name: one, source_matchers: [x="y"], target_matchers: [z="w"], equal: [ünï]}
            """)
        #expect(errors == [])
        let dispatch = try #require(result?.dispatch)
        let nodes = RouteTree(dispatch.route).nodes
        #expect(nodes.map(\.groupBy) == [.labels(["cluster"]), .labels([]), .labels(["cluster"])])
        #expect(dispatch.receivers[0].labels == ["team": "storage", "ein satz": "ä"])
        #expect(dispatch.inhibitRules.map(\.name) == ["a down site is one fault", "one"])
        #expect(dispatch.inhibitRules[0].sources.map(\.equal) == [["site"], ["site"]])
        #expect(dispatch.inhibitRules[1].sources[0].equal == ["ünï"])
        // What the API shows can be read by an amtool that is older than `sources`.
        let text = RoutingText.write(dispatch)
        #expect(text.contains("group_by: []") && !text.contains("PowerLost") && text.contains("ünï"))
    }

    @Test(arguments: [
        ("sources: [{matchers: []}]", ":5:15: a source of an inhibit rule needs a matcher"),
        ("sources: [{matchers: ['a=~\".*\"']}]", ":5:15: a source of an inhibit rule needs a matcher"),
        ("sources: [{matchers: [a=b]}]\n    equal: [x]", ":5:5: sources cannot stand beside"),
        ("sources: [{matchers: [a=b], source_matchers: [c=d]}]", ":5:33: unknown key \"source_matchers\""),
        ("source: [{matchers: [a=b]}]", "did you mean \"sources\"?"),
    ]) func sourcesOfInhibitRules(_ text: String, _ refusal: String) throws {
        let (_, errors) = try parse(
            "route: {receiver: ops}\nreceivers: [{name: ops}]\ninhibit_rules:\n  - target_matchers: [t=u]\n    \(text)")
        #expect(errors.count == 1 && errors.first?.contains(refusal) == true, "\(errors)")
    }

    /// What has no effect here is refused by its name, with the version that brought it and what to write.
    @Test(arguments: [
        ("tracing: {endpoint: localhost:4317}", "am.yml:3:1: \"tracing\" (Alertmanager 0.30) is not supported"),
        ("event_recorder: {outputs: []}", "am.yml:3:1: \"event_recorder\" (Alertmanager 0.33) is not supported"),
        ("tracin: {}", "am.yml:3:1: unknown key \"tracin\" in the alerting configuration; did you mean \"tracing\"?"),
    ]) func refusedAtTheTop(_ text: String, _ refusal: String) throws {
        let (_, errors) = try parse("route: {receiver: ops}\nreceivers: [{name: ops}]\n\(text)\n")
        #expect(errors.count == 1 && errors.first?.hasPrefix(refusal) == true, "\(errors)")
    }

    @Test func refusedInRoutesAndReceivers() throws {
        let (_, errors) = try parse(
            "route: {receiver: ops, routes: [{labels: {team: x}}]}\nreceivers: [{name: ops, discord_configs: [{}]}]")
        #expect(errors.count == 2, "\(errors)")
        #expect(errors.first?.hasPrefix("am.yml:1:34: \"labels\" (Alertmanager 0.34) is not supported: write") == true)
        #expect(errors.last?.contains("write webhook_configs with its \"url\" and a \"payload\"") == true)
        for (text, refusal) in [
            ("update_message: true", "\"update_message: true\" (Alertmanager 0.32) is not supported"),
            ("message_strategy: update", "\"message_strategy: update\" (Alertmanager after 0.34) is not supported"),
            ("message_strategy: other", "message_strategy: expected new or thread, found \"other\""),
            ("threaded_options: {resolve_emoji: x}", "\"threaded_options\" (Alertmanager after 0.34) is not supported"),
        ] {
            let (_, errors) = try receiver("slack_configs", "{api_url: 'https://h', \(text)}")
            #expect(errors.count == 1 && errors.first?.contains(refusal) == true, "\(errors)")
        }
    }

    @Test func slackKeysOfNewerAlertmanagers() throws {
        func options(_ text: String) throws -> SlackOptions {
            let (found, errors) = try receiver("slack_configs", "{api_url: 'https://h/x', \(text)}")
            #expect(errors == [])
            guard case .slack(let options)? = found?.integrations.first?.settings else {
                throw CancellationError()
            }
            return options
        }
        #expect(try options("message_text: '{{ .Status }}', update_message: false").messageText == "{{ .Status }}")
        #expect(try options("message_strategy: new").threads == false)
        #expect(try options("message_strategy: thread").threads)
        #expect(try options("message_strategy: new, threads: true").threads)
    }

    @Test func nestedValuesWithTemplates() throws {
        let (found, errors) = try receiver(
            "webhook_configs",
            "{url: 'https://h/{{ .GroupLabels.node }}', payload: {text: '{{ .Status }}', list: [a, {b: c}], none: null}}"
        )
        #expect(errors == [])
        guard case .webhook(let webhook)? = found?.integrations.first?.settings else { throw CancellationError() }
        #expect(
            webhook.payload
                == .object([
                    .init(name: "text", value: "{{ .Status }}"),
                    .init(name: "list", value: .list(["a", .object([.init(name: "b", value: "c")])])),
                    .init(name: "none", value: ""),
                ]))
        let (paged, pagerErrors) = try receiver(
            "pagerduty_configs", "{routing_key: k, details: {a: {b: [c]}, firing: x}}")
        #expect(pagerErrors == [])
        guard case .pagerDuty(let pager)? = paged?.integrations.first?.settings else { throw CancellationError() }
        #expect(pager.details["a"] == .object([.init(name: "b", value: .list(["c"]))]))
        #expect(pager.details["firing"] == "x" && pager.details["num_firing"] != nil)
        let deep = String(repeating: "[", count: 12) + String(repeating: "]", count: 12)
        for (kind, text, place) in [
            ("webhook_configs", "{url: 'https://h', payload: \(deep)}", "am.yml:5:37: payload: more than 1000 values"),
            ("pagerduty_configs", "{routing_key: k, details: {a: \(deep)}}", "am.yml:5:35: details: more than"),
            ("pagerduty_configs", "{routing_key: k, details: [a]}", "am.yml:5:35: details: expected a mapping"),
            ("webhook_configs", "{url: 'ftp://h'}", "am.yml:5:15: url: expected a URL"),
        ] {
            let (_, errors) = try receiver(kind, text)
            #expect(errors.count == 1 && errors.first?.hasPrefix(place) == true, "\(errors)")
        }
    }

    /// Fallbacks, response times and resend intervals are in the dispatcher's options.
    @Test func fallbacksAndResendsReachTheDispatcher() throws {
        let (result, errors) = try parse(
            """
            route: {receiver: ops}
            receivers:
              - name: ops
                fallback: boss
                response_time: 2m
                webhook_configs: [{url: 'http://ops.example.org/'}]
              - name: boss
                alertmanager_configs: [{urls: ['http://a:9093', 'http://b:9093/'], resend_delay: 30s, resolved_for: 5m}]
            """)
        #expect(errors == [])
        let receivers = try #require(result?.dispatch.receivers)
        #expect(receivers[0].fallback == "boss")
        #expect(receivers[0].responseTime(for: .critical) == .seconds(120))
        #expect(receivers[1].responseTime(for: .critical) == .seconds(300))
        func integrations(_ index: Int) -> [DispatchOptions.Integration] {
            receivers[index].integrations.map { .init($0.id, sendResolved: $0.sendResolved, resend: $0.resend) }
        }
        #expect(integrations(0) == [.init(.init(.webhook, 0), sendResolved: true)])
        #expect(
            integrations(1) == [
                // Each Alertmanager by itself, so that one that is down is known, and delays no other.
                .init(
                    .init(.alertmanager, 0), sendResolved: true,
                    resend: .init(delay: .seconds(30), resolvedFor: .seconds(300))),
                .init(
                    .init(.alertmanager, 1), sendResolved: true,
                    resend: .init(delay: .seconds(30), resolvedFor: .seconds(300))),
            ])
        let urls = result?.delivery.receivers[1].integrations.map { integration in
            if case .alertmanager(let options) = integration.settings { options.url } else { "" }
        }
        #expect(urls == ["http://a:9093", "http://b:9093"])
    }

    /// Whoever comes from Prometheus is told where its section went.
    @Test func prometheusSectionIsKnown() throws {
        let (_, errors) = try parse(
            """
            alertmanagers: [{static_configs: [{targets: ['am:9093']}]}]
            alert_relabel_configs: []
            route: {receiver: a}
            receivers: [{name: a}]
            """)
        #expect(
            errors == [
                #"am.yml:1:1: "alertmanagers" (Prometheus) is not supported: write a receiver with "alertmanager_configs: [{urls: [http://alertmanager-1:9093]}]" and a "route" to it"#,
                #"am.yml:2:1: "alert_relabel_configs" (Prometheus) is not supported: alerts have the labels of their rules and global.external_labels, without those that begin with two underscores"#,
            ])
    }

    @Test func anEndMayBeSentOnce() throws {
        let (result, errors) = try parse(
            "route: {receiver: a}\nreceivers: [{name: a, alertmanager_configs: [{urls: ['http://a'], resolved_for: 0s}]}]"
        )
        #expect(errors == [])
        #expect(result?.dispatch.receivers.first?.integrations.first?.resend?.resolvedFor == .zero)
    }

    @Test func anAlertmanagerForgetsNothingBetweenTwoMessages() throws {
        let (_, errors) = try parse(
            """
            route: {receiver: ops}
            receivers:
              - name: ops
                alertmanager_configs: [{urls: ['http://a:9093'], resolve_timeout: 1m}]
            """)
        #expect(
            errors == [
                "am.yml:4:54: resolve_timeout (1m) is not longer than resend_delay (1m): every alert would end before it is sent again; leave it out for four times resend_delay"
            ])
    }

    /// A receiver's address keeps its identity when its position in the list or its other options change.
    @Test func addressesAreKnownAgain() throws {
        func targets(_ list: String) throws -> [Int?] {
            let (result, errors) = try parse(
                "route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [\(list)]}]")
            #expect(errors == [])
            return try #require(result?.dispatch.receivers.first).integrations.map(\.target)
        }
        let before = try targets("{url: 'http://a/'}, {url: 'http://b/'}")
        let after = try targets("{url: 'http://b/', send_resolved: false, timeout: 5s}, {url: 'http://c/'}")
        #expect(before[1] == after[0])
        #expect(Set(before + after).count == 3)
    }

    @Test func proxiesOfTheEnvironmentAndVersionsOfTLS() throws {
        let errors = ErrorList()
        let environment = [
            "https_proxy": "http://secure:3128", "HTTP_PROXY": "http://plain:3128",
            "NO_PROXY": "localhost, .example.org",
        ]
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: environment, folder: "/")
        let node = try Node.parse("{proxy_from_environment: true, tls_config: {min_version: TLS13}}", file: "am.yml")
        let options = ReceiversParser(context: context).httpClient(node, default: HTTPClientOptions())
        #expect(errors.isEmpty)
        #expect(
            options.proxy.urlForHTTPS == Secret(value: "http://secure:3128")
                && options.proxy.urlForHTTP == Secret(value: "http://plain:3128"))
        #expect(options.proxy.exceptions == ["localhost", ".example.org"])
        #expect(options.tls.minimumVersion == .tls13 && options.tls.maximumVersion == nil)
        let both = try Node.parse(
            "{proxy_from_environment: true, proxy_url: 'http://p', tls_config: {min_version: TLS10, max_version: TLS12}}",
            file: "am.yml")
        let second = ReceiversParser(context: context).httpClient(both, default: HTTPClientOptions())
        #expect(errors.errors.map(\.description).first?.contains("keep one") == true)
        #expect(second.tls.minimumVersion == .tls12 && second.tls.maximumVersion == .tls12)
    }

    private func http(_ text: String) throws -> (options: HTTPClientOptions, errors: [String]) {
        let errors = ErrorList()
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: [:], folder: "/nowhere")
        let options = ReceiversParser(context: context).httpClient(
            try Node.parse(text, file: "am.yml"), default: HTTPClientOptions())
        return (options, errors.errors.map(\.description))
    }

    /// Each of the three files may be given as PEM text instead; errors do not repeat text that is not PEM.
    @Test func certificatesInTheConfigurationItself() throws {
        let (options, errors) = try http(
            """
            tls_config:
              ca: |
                -----BEGIN CERTIFICATE-----
                YQ==
                -----END CERTIFICATE-----
              cert_file: /etc/hostname
              key: |
                -----BEGIN EC PRIVATE KEY-----
                aHVudGVyMg==
                -----END EC PRIVATE KEY-----
            """)
        #expect(errors == [])
        #expect(options.tls.ca?.hasPrefix("-----BEGIN CERTIFICATE-----\nYQ==\n") == true)
        #expect(
            options.tls.certificateFile == "/etc/hostname" && options.tls.certificate == nil
                && options.tls.keyFile == nil)
        #expect(try options.tls.key?.reveal(SystemFiles()).contains("aHVudGVyMg==") == true)
        #expect(!"\(options)".contains("aHVudGVyMg=="))
        #expect(try http("{tls_config: {ca: '', cert: '', key: ''}}").errors == [])
        let certificate = #"cert: "-----BEGIN CERTIFICATE-----\n""#
        for (text, expected) in [
            (
                "ca: hunter2",
                [
                    "am.yml:1:15: ca: expected PEM text with a line -----BEGIN CERTIFICATE-----; write it as a block (\"ca: |\"), or give ca_file"
                ]
            ),
            (
                "\(certificate), key: hunter2",
                [
                    "am.yml:1:54: key: expected PEM text with a line -----BEGIN PRIVATE KEY-----; write it as a block (\"key: |\"), or give key_file"
                ]
            ),
            ("\(certificate)", ["am.yml:1:14: a certificate and its key belong together; key or key_file is missing"]),
            (
                "key_file: /etc/hostname",
                ["am.yml:1:14: a certificate and its key belong together; cert or cert_file is missing"]
            ),
            (
                "\(certificate), cert_file: /etc/hostname, key_file: /etc/hostname",
                ["am.yml:1:15: both \"cert\" and \"cert_file\" are given; keep one"]
            ),
        ] {
            let found = try http("{tls_config: {\(text)}}").errors
            #expect(found == expected)
        }
    }

    @Test func headersForTheProxyAlone() throws {
        let (options, errors) = try http(
            "{proxy_url: 'http://p', proxy_connect_header: {X-One: [a, b], Two: [c], Three: , Four: []}}")
        #expect(errors == [])
        #expect(options.proxy.connectHeaders.map(\.name) == ["X-One", "X-One", "Two"])
        #expect(try options.proxy.connectHeaders.map { try $0.value.reveal(SystemFiles()) } == ["a", "b", "c"])
        let oauth2 = try http(
            "oauth2: {client_id: c, client_secret: s, token_url: 'https://t', proxy_url: 'http://p', proxy_connect_header: {A: [b]}}"
        )
        #expect(oauth2.errors == [])
        guard case .oauth2(let token) = oauth2.options.authorization else {
            throw YAMLError(SourcePosition(file: "", line: 0, column: 0), "no oauth2")
        }
        #expect(token.proxy.connectHeaders == [.init(name: "A", value: Secret(value: "b"))])
        for (text, expected) in [
            (
                "proxy_connect_header: {A: [b]}",
                "am.yml:1:2: proxy_connect_header needs \"proxy_url\" or \"proxy_from_environment\" beside it"
            ),
            ("proxy_url: 'http://p', proxy_connect_header: {A: hunter2}", "am.yml:1:51: A: expected a list of values"),
            (
                "proxy_url: 'http://p', proxy_connect_header: {A: [[hunter2]]}",
                "am.yml:1:51: A: expected a list of values"
            ),
            (
                "proxy_url: 'http://p', proxy_connect_header: {'A B': [hunter2]}",
                "am.yml:1:48: \"A B\" is not a header name"
            ),
        ] {
            let found = try http("{\(text)}").errors
            #expect(found == [expected])
        }
    }

    /// As in Alertmanager, the other fields of a button with a link are ignored.
    @Test func buttonsOfSlack() throws {
        let (result, errors) = try parse(
            """
            route: {receiver: a}
            receivers:
              - name: a
                slack_configs:
                  - api_url: https://hooks.example.org/x
                    actions:
                      - {type: button, text: Open, url: 'https://x', name: n, value: v, confirm: {text: t}}
                      - {type: button, text: Ack, style: danger, name: n, value: v, confirm: {text: t, title: u, ok_text: o, dismiss_text: d}}
                      - {type: '{{ .x }}', text: Bare, name: m}
            """)
        #expect(errors == [])
        guard case .slack(let slack)? = result?.delivery.receivers.first?.integrations.first?.settings else {
            throw YAMLError(SourcePosition(file: "", line: 0, column: 0), "no slack")
        }
        #expect(
            slack.actions == [
                .init(text: "Open", press: .open(url: "https://x")),
                .init(
                    text: "Ack", style: "danger",
                    press: .send(
                        name: "n", value: "v", confirmation: .init(text: "t", title: "u", okText: "o", dismissText: "d")
                    )),
                .init(type: "{{ .x }}", text: "Bare", press: .send(name: "m", value: "", confirmation: nil)),
            ])
        let head = "route: {receiver: a}\nreceivers: [{name: a, slack_configs: [{api_url: 'https://x', actions: [{"
        for (action, expected) in [
            ("type: button, text: x", ["am.yml:2:72: an action needs \"name\" or \"url\""]),
            ("text: x, name: n", ["am.yml:2:72: an action needs \"type\""]),
            ("type: button, text: '', name: n", ["am.yml:2:87: text: expected text, found nothing"]),
            ("type: button, text: x, name: n, confirm: {title: t}", ["am.yml:2:114: a confirmation needs \"text\""]),
            (
                "type: button, text: x, name: n, vlaue: v",
                ["am.yml:2:105: unknown key \"vlaue\" in an action; did you mean \"value\"?"]
            ),
        ] {
            let found = try parse(head + action + "}]}]}]\n").errors
            #expect(found == expected)
        }
    }

    @Test func fallbacksThatLeadNowhere() throws {
        let (_, errors) = try parse(
            """
            route: {receiver: a}
            receivers:
              - {name: a, fallback: b, webhook_configs: [{url: 'http://a.example.org/'}]}
              - {name: b, fallback: a, webhook_configs: [{url: 'http://b.example.org/'}]}
              - {name: c, fallback: nobody, webhook_configs: [{url: 'http://c.example.org/'}]}
              - {name: d, response_time: 5m, webhook_configs: [{url: 'http://d.example.org/'}]}
            """)
        #expect(errors.count == 4)
        #expect(errors[0].contains("am.yml:3:15: fallback: \"a\" leads back to \"a\""))
        #expect(errors.contains { $0.contains("there is no receiver \"nobody\"") })
        #expect(errors.contains { $0.contains("response_time needs \"fallback\" beside it") })
    }
}

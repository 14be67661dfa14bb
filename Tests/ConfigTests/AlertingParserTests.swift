import Alerts
import Delivery
import Dispatching
import Foundation
import Platform
import Testing
import Transport
import YAML

@testable import Config

struct AlertingParserTests {
    private func parse(_ text: String) throws -> (result: AlertingParser.Result?, errors: [String]) {
        let errors = ErrorList()
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: [:], folder: "/nowhere")
        let node = try Node.parse(text, file: "am.yml")
        let result = AlertingParser(context: context).parse(node, at: node.place, externalURL: "")
        return (errors.isEmpty ? result : nil, errors.errors.map(\.description))
    }

    /// Fallbacks, response times and resends reach those who decide.
    @Test func fallbacksAndResendsReachTheDispatcher() throws {
        let (result, errors) = try parse("""
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
        #expect(receivers[0].integrations == [.init(name: "webhook/0", sendResolved: true)])
        #expect(receivers[1].integrations == [.init(name: "alertmanager/0", sendResolved: true, resend: .init(delay: .seconds(30), resolvedFor: .seconds(300)))])
    }

    @Test func proxiesOfTheEnvironmentAndVersionsOfTLS() throws {
        let errors = ErrorList()
        let environment = ["https_proxy": "http://secure:3128", "HTTP_PROXY": "http://plain:3128", "NO_PROXY": "localhost, .example.org"]
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: environment, folder: "/")
        let node = try Node.parse("{proxy_from_environment: true, tls_config: {min_version: TLS13}}", file: "am.yml")
        let options = ReceiversParser(context: context).httpClient(node, default: HTTPClientOptions())
        #expect(errors.isEmpty)
        #expect(options.proxyForHTTPS == Secret(value: "http://secure:3128") && options.proxyForHTTP == Secret(value: "http://plain:3128"))
        #expect(options.noProxy == ["localhost", ".example.org"])
        #expect(options.tls.minimumVersion == .tls13 && options.tls.maximumVersion == nil)
        let both = try Node.parse("{proxy_from_environment: true, proxy_url: 'http://p', tls_config: {min_version: TLS10, max_version: TLS12}}", file: "am.yml")
        let second = ReceiversParser(context: context).httpClient(both, default: HTTPClientOptions())
        #expect(errors.errors.map(\.description).first?.contains("keep one") == true)
        #expect(second.tls.minimumVersion == .tls12 && second.tls.maximumVersion == .tls12)
    }

    @Test func fallbacksThatLeadNowhere() throws {
        let (_, errors) = try parse("""
            route: {receiver: a}
            receivers:
              - {name: a, fallback: b, webhook_configs: [{url: 'http://a.example.org/'}]}
              - {name: b, fallback: a, webhook_configs: [{url: 'http://b.example.org/'}]}
              - {name: c, fallback: nobody, webhook_configs: [{url: 'http://c.example.org/'}]}
              - {name: d, response_time: 5m, webhook_configs: [{url: 'http://d.example.org/'}]}
            """)
        #expect(errors.count == 4)
        #expect(errors[0].contains("am.yml:3:15: fallback: \"a\" leads back to \"a\""))
        #expect(errors.contains { $0.contains("no receiver is named \"nobody\"") })
        #expect(errors.contains { $0.contains("\"fallback\" is missing") })
    }
}

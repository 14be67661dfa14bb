import Alerts
import Delivery
import Dispatching
import Foundation
import Platform
import Testing
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

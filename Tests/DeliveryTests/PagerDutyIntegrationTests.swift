import Alerts
import Foundation
import Platform
import Samples
import Testing
import Transport

@testable import Delivery

struct PagerDutyIntegrationTests {
    private func settings(_ change: (inout PagerDutyOptions) -> Void = { _ in }) -> IntegrationOptions.Settings {
        var options = PagerDutyOptions(.routing(Secret(value: "r0uting-key")))
        change(&options)
        return .pagerDuty(options)
    }

    @Test func triggersAnIncident() async throws {
        let http = ScriptedHTTP(202, #"{"status":"success"}"#)
        let outcome = try await Notifier.test(settings(), http: http).outcome {
            .test($0, annotations: ["action": "Unseal it", "runbook_url": "https://wiki.example.org/seal"])
        }
        #expect(outcome?.isAccepted == true)
        let request = try #require(http.requests.first)
        #expect(request.url == "https://events.pagerduty.com/v2/enqueue")
        let event = request.json
        #expect(event["routing_key"] as? String == "r0uting-key")
        #expect(event["event_action"] as? String == "trigger")
        #expect(event["client_url"] as? String == "https://watch.example.org")
        let payload = try #require(event["payload"] as? [String: Any])
        #expect(payload["summary"] as? String == "Vault is sealed")
        #expect(payload["severity"] as? String == "critical")
        #expect((payload["source"] as? String)?.isEmpty == false)
        let details = try #require(payload["custom_details"] as? [String: Any])
        #expect(details["steps"] as? [String] == ["Unseal it"])
        #expect(details["alert"] as? String == "VaultSealed")
        #expect(
            ((event["links"] as? [[String: String]]) ?? []).contains { $0["href"] == "https://wiki.example.org/seal" })
    }

    @Test func nestedDetails() async throws {
        let http = ScriptedHTTP(202)
        let nested = settings {
            $0.details["place"] = .object([
                .init(name: "nodes", value: .list(["{{ (index .Alerts 0).Labels.node }}", "{{ .Nothing.at.all }}"]))
            ])
            $0.details["message"] = "own {{ .Status }}"
        }
        _ = try await Notifier.test(nested, http: http).outcome { .test($0) }
        let payload = try #require(http.requests.first?.json["payload"] as? [String: Any])
        let details = try #require(payload["custom_details"] as? [String: Any])
        let nodes = try #require((details["place"] as? [String: Any])?["nodes"] as? [String])
        #expect(nodes.first == "vault-0" && nodes.count == 2)
        #expect(details["message"] as? String == "own firing" && details["num_firing"] as? String == "1")
    }

    @Test func resolvesTheSameIncident() async throws {
        let http = ScriptedHTTP(202)
        let service = try Notifier.test(settings(), http: http)
        for resolved in [false, false, true] { _ = await service.outcome { .test($0, resolved: resolved) } }
        _ = await service.outcome { .test($0, groupKey: "{}:{other}") }
        let events = http.requests.map(\.json)
        #expect(events.map { $0["event_action"] as? String } == ["trigger", "trigger", "resolve", "trigger"])
        let keys = events.compactMap { $0["dedup_key"] as? String }
        #expect(Set(keys[0...2]).count == 1)
        #expect(keys[3] != keys[0])
        // As `printf %s '{}:{alertname="VaultSealed"}' | sha256sum` says: the same for every agent, and from run to
        // run.
        #expect(keys[0] == "194be581251c2e994afe4c2f97ea8c0eadf414bc52f27652d61ff81251d34671")
    }

    @Test(arguments: [
        ("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info"), ("strange", "error"),
    ])
    func grades(_ label: String, _ severity: String) async throws {
        let http = ScriptedHTTP(202)
        _ = try await Notifier.test(settings(), http: http).outcome { integration in
            var notification = Alerts.Notification.test(integration)
            notification.alerts[0].labels = Labels(["alertname": "A", "severity": label])
            return notification
        }
        #expect((http.requests.first?.json["payload"] as? [String: Any])?["severity"] as? String == severity)
    }

    @Test func keepsToPagerDutysBounds() async throws {
        let http = ScriptedHTTP(202)
        let long = String(repeating: "é", count: 2000)
        _ = try await Notifier.test(settings(), http: http).outcome {
            .test($0, summary: long, annotations: ["description": long], alerts: 300)
        }
        let request = try #require(http.requests.first)
        #expect(request.body.count <= 512_000)
        let payload = try #require(request.json["payload"] as? [String: Any])
        #expect((payload["summary"] as? String)?.unicodeScalars.count == 1024)
        #expect(payload["custom_details"] != nil)
    }

    @Test func speaksTheOlderAPIWithAServiceKey() async throws {
        let http = ScriptedHTTP(200)
        _ = try await Notifier.test(
            .pagerDuty(PagerDutyOptions(.service(Secret(value: "s3rvice-key")))), http: http
        ).outcome { .test($0, resolved: true) }
        let request = try #require(http.requests.first)
        #expect(request.url == PagerDutyOptions.genericURL)
        #expect(request.json["service_key"] as? String == "s3rvice-key")
        #expect(request.json["event_type"] as? String == "resolve")
        #expect((request.json["incident_key"] as? String)?.isEmpty == false)
    }

    @Test(arguments: [(400, false), (403, false), (429, true), (500, true), (503, true)])
    func triesAgainWhereThatHelps(_ status: Int, _ retryable: Bool) async throws {
        let http = ScriptedHTTP(status, #"{"status":"invalid event","errors":["routing key r0uting-key is wrong"]}"#)
        let error = try #require(try await Notifier.test(settings(), http: http).outcome { .test($0) }?.error)
        #expect(error.isRetryable == retryable)
        #expect(!error.description.contains("r0uting-key"))
    }
}

import Alerts
import Foundation
import Platform
import Samples
import Testing
import Transport

@testable import Delivery

struct WebhookIntegrationTests {
    private let url = "https://hooks.example.org/in/0123456789"

    @Test func speaksAlertmanagersVersion4() async throws {
        let http = ScriptedHTTP(204)
        let outcome = try await Notifier.test(.webhook(WebhookOptions(url: Secret(value: url))), http: http)
            .outcome { .test($0, alerts: 2) }
        #expect(outcome?.isAccepted == true)
        let request = try #require(http.requests.first)
        #expect(request.method == "POST")
        #expect(request.url == url)
        #expect(request.header("content-type") == "application/json")
        let body = request.json
        #expect(
            Set(body.keys) == [
                "receiver", "status", "alerts", "groupLabels", "commonLabels", "commonAnnotations", "externalURL",
                "version", "groupKey", "truncatedAlerts",
            ])
        #expect(body["version"] as? String == "4")
        #expect(body["status"] as? String == "firing")
        #expect(body["receiver"] as? String == "team")
        #expect(body["groupKey"] as? String == #"{}:{alertname="VaultSealed"}"#)
        #expect(body["commonLabels"] as? [String: String] == ["alertname": "VaultSealed", "severity": "critical"])
        #expect(body["externalURL"] as? String == "https://watch.example.org")
        #expect(body["truncatedAlerts"] as? Int == 0)
        let alerts = try #require(body["alerts"] as? [[String: Any]])
        #expect(alerts.map { ($0["labels"] as? [String: String])?["node"] } == ["vault-0", "vault-1"])
        #expect(alerts[0]["startsAt"] as? String == "2025-11-26T01:58:00Z")
        #expect(alerts[0]["endsAt"] as? String == "0001-01-01T00:00:00Z")
        #expect(alerts[0]["status"] as? String == "firing")
        #expect((alerts[0]["fingerprint"] as? String)?.count == 16)
    }

    /// A payload's texts are expanded where they stand; a text alone is the body.
    @Test func sendsThePayloadOfTheConfiguration() async throws {
        let http = ScriptedHTTP(200)
        var options = WebhookOptions(url: Secret(value: url + "/{{ .GroupLabels.alertname | toLower }}"))
        options.payload = .object([
            .init(name: "text", value: "{{ .Status }} {{ len .Alerts }}"),
            .init(
                name: "list", value: .list(["{{ .CommonLabels.severity }}", .object([.init(name: "a", value: "\"b")])])),
        ])
        _ = try await Notifier.test(.webhook(options), http: http).outcome { .test($0, alerts: 2) }
        options.payload = "status={{ .Status }}"
        _ = try await Notifier.test(.webhook(options), http: http).outcome { .test($0) }
        let requests = http.requests
        #expect(requests.map(\.url) == [url + "/vaultsealed", url + "/vaultsealed"])
        #expect(
            String(decoding: requests[0].body, as: UTF8.self)
                == #"{"text":"firing 2","list":["critical",{"a":"\"b"}]}"#)
        #expect(String(decoding: requests[1].body, as: UTF8.self) == "status=firing")
    }

    /// What a template makes of an annotation is a URL, and goes over TLS unless the configuration says otherwise.
    @Test(arguments: [
        ("{{ .CommonAnnotations.to }}", "https://a.example.org/x", true),
        ("{{ .CommonAnnotations.to }}", "http://a.example.org/x", false),
        ("http://{{ .CommonAnnotations.to }}/x", "a.example.org", true),
        ("{{ .CommonAnnotations.to }}", "file:///etc/passwd", false),
        ("https://a/{{ .CommonAnnotations.to }}", "x y", false), ("{{ .Nothing.to }}", "https://a", false),
    ]) func addressesFromTemplates(_ written: String, _ annotation: String, _ isSent: Bool) async throws {
        let http = ScriptedHTTP(200)
        let outcome = try await Notifier.test(.webhook(WebhookOptions(url: Secret(value: written))), http: http).outcome
        {
            .test($0, annotations: ["to": annotation])
        }
        #expect(
            outcome?.isAccepted == isSent && http.requests.count == (isSent ? 1 : 0), "\(String(describing: outcome))")
    }

    @Test func saysTheEnd() async throws {
        let http = ScriptedHTTP(200)
        _ = try await Notifier.test(.webhook(WebhookOptions(url: Secret(value: url))), http: http).outcome {
            .test($0, resolved: true)
        }
        let body = try #require(http.requests.first?.json)
        #expect(body["status"] as? String == "resolved")
        #expect((body["alerts"] as? [[String: Any]])?.first?["endsAt"] as? String == "2025-11-26T01:59:59Z")
    }

    @Test func leavesOutWhatIsTooMuch() async throws {
        let http = ScriptedHTTP(200)
        var options = WebhookOptions(url: Secret(value: url))
        options.maxAlerts = 3
        _ = try await Notifier.test(.webhook(options), http: http).outcome { .test($0, alerts: 10) }
        let body = try #require(http.requests.first?.json)
        #expect((body["alerts"] as? [Any])?.count == 3)
        #expect(body["truncatedAlerts"] as? Int == 7)
    }

    @Test func carriesAnyTextWhole() async throws {
        let http = ScriptedHTTP(200)
        let text = "a \"quoted\" \\ line\nand\ttab \u{1} \u{7f} ünïcode 🔒 \u{2028} </script>"
        _ = try await Notifier.test(.webhook(WebhookOptions(url: Secret(value: url))), http: http).outcome {
            .test($0, summary: text)
        }
        #expect((http.requests.first?.json["commonAnnotations"] as? [String: String])?["summary"] == text)
    }

    @Test func neverShowsItsURL() async throws {
        let refused = ScriptedHTTP(404, "no such hook: https://hooks.example.org/in/0123456789 (/in/0123456789)")
        let lost = ScriptedHTTP { (request, _) throws(TransportError) in
            throw TransportError(.timeout, "no answer from \(request.url)")
        }
        for http in [refused, lost] {
            let outcome = try await Notifier.test(.webhook(WebhookOptions(url: Secret(value: url))), http: http)
                .outcome { .test($0) }
            let error = try #require(outcome?.error)
            #expect(!error.description.contains("0123456789"))
            #expect(error.isRetryable == (http === lost))
        }
    }
}

import Alerts
import Foundation
import Platform
import Samples
import Simulation
import Telemetry
import Testing
import Transport

@testable import Delivery

struct AlertmanagerIntegrationTests {
    private func alerts(_ request: HTTPRequest?) -> [[String: Any]] {
        (request.flatMap { try? JSONSerialization.jsonObject(with: Data($0.body)) }) as? [[String: Any]] ?? []
    }

    @Test func handsAlertsToAllOfThem() async throws {
        let http = ScriptedHTTP(200)
        let options = AlertmanagerOptions(urls: ["http://a:9093", "http://b:9093/prefix"])
        let outcome = try await Notifier.test(.alertmanager(options), http: http).outcome {
            .test($0, alerts: 2)
        }
        #expect(outcome == .accepted("taken by 2 of 2"))
        #expect(Set(http.requests.map(\.url)) == ["http://a:9093/api/v2/alerts", "http://b:9093/prefix/api/v2/alerts"])
        let sent = alerts(http.requests.first)
        #expect(sent.count == 2)
        #expect(
            sent[0]["labels"] as? [String: String] == [
                "alertname": "VaultSealed", "severity": "critical", "node": "vault-0",
            ])
        #expect(sent[0]["startsAt"] as? String == "2025-11-26T01:58:00Z")
        // Believed for four resend delays, as Prometheus has it.
        #expect(sent[0]["endsAt"] as? String == "2025-11-26T02:04:00Z")
        #expect(sent[0]["generatorURL"] as? String == "http://agent/graph")
    }

    /// A message that waited must not arrive as an end: the end moves with the attempt.
    @Test func theEndAdvances() async throws {
        let time = VirtualTime()
        let http = ScriptedHTTP(200)
        var options = DeliveryOptions()
        options.receivers = [ReceiverOptions(name: "team")]
        var settings = AlertmanagerOptions(urls: ["http://a:9093"])
        settings.resendDelay = .seconds(30)
        options.receivers[0].integrations = [IntegrationOptions(.alertmanager(settings))]
        let service = try Notifier(
            options, http: http, mail: ScriptedMail(), platform: .test(time), registry: Registry(),
            events: NotifierEvents())
        _ = await service.outcome { .test($0) }
        await time.advance(through: time.monotonic() + .seconds(600), settle: 1)
        _ = await service.outcome { .test($0) }
        _ = await service.outcome { .test($0, resolved: true) }
        #expect(
            http.requests.map { alerts($0).first?["endsAt"] as? String } == [
                "2025-11-26T02:02:00Z", "2025-11-26T02:12:00Z", "2025-11-26T01:59:59Z",
            ])
    }

    @Test func oneThatTakesItIsEnough() async throws {
        let http = ScriptedHTTP { (request, _) throws(TransportError) in
            if request.url.contains("//a") { throw TransportError(.connect, "connection refused") }
            return HTTPResponse(status: 200)
        }
        let both = try await Notifier.test(
            .alertmanager(AlertmanagerOptions(urls: ["http://a", "http://b"])), http: http
        ).outcome { .test($0) }
        #expect(both == .accepted("taken by 1 of 2"))
        let none = try await Notifier.test(.alertmanager(AlertmanagerOptions(urls: ["http://a"])), http: http)
            .outcome { .test($0) }
        #expect(none?.error?.isRetryable == true)
        for (refusing, absent) in [("//a", "//b"), ("//b", "//a")] {
            let http = ScriptedHTTP { (request, _) throws(TransportError) in
                if request.url.contains(absent) { throw TransportError(.connect, "connection refused") }
                return HTTPResponse(status: request.url.contains(refusing) ? 400 : 200)
            }
            let one = try await Notifier.test(
                .alertmanager(AlertmanagerOptions(urls: ["http://a", "http://b"])), http: http
            ).outcome { .test($0) }
            #expect(one?.error?.isRetryable == true)
        }
        let refused = try await Notifier.test(
            .alertmanager(AlertmanagerOptions(urls: ["http://b"])), http: ScriptedHTTP(400, "bad")
        ).outcome { .test($0) }
        #expect(refused?.error?.isRetryable == false)
    }
}

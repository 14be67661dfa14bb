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

    @Test func handsItTheAlerts() async throws {
        let http = ScriptedHTTP(200)
        let outcome = try await Notifier.test(
            .alertmanager(AlertmanagerOptions(url: "http://b:9093/prefix")), http: http
        ).outcome { .test($0, alerts: 2) }
        #expect(outcome == .accepted("HTTP 200"))
        #expect(http.requests.map(\.url) == ["http://b:9093/prefix/api/v2/alerts"])
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
        var settings = AlertmanagerOptions(url: "http://a:9093")
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

    /// What it may take later is tried again, what it never takes is not.
    @Test func whatItAnswersDecides() async throws {
        let options = AlertmanagerOptions(url: "http://a")
        let down = ScriptedHTTP { (_, _) throws(TransportError) in
            throw TransportError(.connect, "connection refused")
        }
        let later = try await Notifier.test(.alertmanager(options), http: down).outcome { .test($0) }
        #expect(later?.error?.isRetryable == true && later?.error?.isUncertain == false)
        let never = try await Notifier.test(.alertmanager(options), http: ScriptedHTTP(400, "bad")).outcome {
            .test($0)
        }
        #expect(never?.error?.isRetryable == false)
    }

    /// Thousands of alerts go in requests of 64, and large ones in smaller ones.
    @Test func requestsAreBounded() async throws {
        let http = ScriptedHTTP(200)
        let notifier = try Notifier.test(.alertmanager(AlertmanagerOptions(url: "http://a")), http: http)
        _ = await notifier.outcome { .test($0, alerts: 150) }
        #expect(http.requests.map { alerts($0).count } == [64, 64, 22])
        let long = String(repeating: "x", count: 300_000)
        _ = await notifier.outcome { integration in
            var large = Alerts.Notification.test(integration, alerts: 5)
            for index in large.alerts.indices { large.alerts[index].annotations["description"] = long }
            return large
        }
        #expect(http.requests.dropFirst(3).map { alerts($0).count } == [2, 2, 1])
    }

    /// A request that fails after others were taken: it has something, so that its end must be sent. An alert that it
    /// refuses keeps none of the others from it.
    @Test func aPartThatFails() async throws {
        let http = ScriptedHTTP { (_, turn) throws(TransportError) in
            HTTPResponse(status: turn == 1 ? 503 : 200)
        }
        let notifier = try Notifier.test(.alertmanager(AlertmanagerOptions(url: "http://a")), http: http)
        let failed = await notifier.outcome { .test($0, alerts: 150) }
        #expect(failed?.error?.isRetryable == true && failed?.error?.isUncertain == true)
        #expect(http.requests.count == 2)

        let refusing = ScriptedHTTP { (_, turn) throws(TransportError) in
            HTTPResponse(status: turn == 0 ? 400 : 200, body: Array("invalid label set".utf8))
        }
        let refused = try await Notifier.test(
            .alertmanager(AlertmanagerOptions(url: "http://a")), http: refusing
        ).outcome { .test($0, alerts: 150) }
        #expect(refused?.error?.isRetryable == false)
        #expect(refusing.requests.count == 3)
    }

    /// What follows from a cause is not sent as alerts; the cause names it.
    @Test func aCauseNamesItsConsequences() async throws {
        let http = ScriptedHTTP(200)
        let notifier = try Notifier.test(.alertmanager(AlertmanagerOptions(url: "http://a")), http: http)
        _ = await notifier.outcome { integration in
            IncidentFixture.notification(
                integration, alerts: [IncidentFixture.cause()],
                incidents: [
                    IncidentFixture.incident(
                        IncidentFixture.cause(), [IncidentFixture.reads(), IncidentFixture.outage()])
                ])
        }
        let sent = try #require(alerts(http.requests.first).first?["annotations"] as? [String: String])
        #expect(sent["summary"] == "PostgreSQL primary pg-1 is down")
        #expect(sent["consequences"] == "Reads fail\nVault serves nothing")
        _ = await notifier.outcome { integration in
            var storm = IncidentFixture.storm(integration)
            storm.alerts = storm.alerts.filter { $0.name == "PostgresDown" }
            return storm
        }
        let storm = try #require(alerts(http.requests.last).first?["annotations"] as? [String: String])
        let lines = try #require(storm["consequences"]).split(separator: "\n")
        #expect(lines.count == 20 && lines.allSatisfy { $0.unicodeScalars.count <= 250 })
        // What the message has as an alert of its own needs no words.
        _ = await notifier.outcome { IncidentFixture.firing($0) }
        let whole = alerts(http.requests.last).compactMap { $0["annotations"] as? [String: String] }
        #expect(whole.count == 3 && whole.allSatisfy { $0["consequences"] == nil })
    }
}

import Alerts
import Platform
import Synchronization
import Telemetry
import Testing
import Transport

@testable import Delivery

struct HeartbeatIntegrationTests {
    private let url = "https://hc-ping.example.org/0123456789"

    @Test func pings() async throws {
        let http = ScriptedHTTP(200, "OK")
        let outcome = try await Notifier.test(.heartbeat(HeartbeatOptions(url: Secret(value: url))), http: http)
            .outcome { .test($0) }
        #expect(outcome?.isAccepted == true)
        #expect(http.requests.map(\.url) == [url])
        #expect(http.requests.first?.method == "POST")
        #expect(http.requests.first?.body.isEmpty == true)
    }

    /// The alert that always fires has ended: somebody took the rule away, or its evaluation fails.
    @Test func saysThatItFails() async throws {
        let http = ScriptedHTTP(200)
        _ = try await Notifier.test(.heartbeat(HeartbeatOptions(url: Secret(value: url))), http: http).outcome {
            .test($0, resolved: true)
        }
        _ = try await Notifier.test(
            .heartbeat(HeartbeatOptions(url: Secret(value: url + "/?rid=1"))), http: http
        ).outcome { .test($0, resolved: true) }
        #expect(http.requests.map(\.url) == [url + "/fail", url + "/fail?rid=1"])
    }

    @Test func isSilentWhileThePipelineStandsStill() async throws {
        let http = ScriptedHTTP(200)
        let loops = Mutex(["evaluate"])
        var options = DeliveryOptions()
        options.receivers = [ReceiverOptions(name: "team")]
        options.receivers[0].integrations = [IntegrationOptions(.heartbeat(HeartbeatOptions(url: Secret(value: url))))]
        let stalled: @Sendable () -> [String] = { loops.withLock { $0 } }
        let service = try Notifier(
            options, http: http, mail: ScriptedMail(), platform: .test(), registry: Registry(),
            events: NotifierEvents(),
            stalled: stalled)
        let error = await service.outcome { .test($0) }?.error
        #expect(error?.message == "no ping while the pipeline stands still: evaluate")
        // Tried again, so that pings go on as soon as it goes on.
        #expect(error?.isRetryable == true)
        #expect(http.requests.isEmpty)
        loops.withLock { $0 = [] }
        #expect(await service.outcome { .test($0) }?.isAccepted == true)
    }

    @Test func neverShowsItsURL() async throws {
        let http = ScriptedHTTP(404, "no check at /0123456789")
        let outcome = try await Notifier.test(.heartbeat(HeartbeatOptions(url: Secret(value: url))), http: http)
            .outcome { .test($0) }
        #expect(outcome?.error?.description.contains("0123456789") == false)
    }
}

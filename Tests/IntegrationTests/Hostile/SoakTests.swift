import Foundation
import Lab
import TestServers
import Testing

/// The real process under 200 alerts a second, which begin, change and end: what it holds at a tenth of the time it holds
/// at its end.
///
/// Twenty seconds of it; `VAULTWATCH_ALERTS_SECONDS=n` for longer, as `make soak` does.
@Suite(.serialized) struct SoakTests {
    private static let seconds =
        ProcessInfo.processInfo.environment["VAULTWATCH_ALERTS_SECONDS"].flatMap(Int.init) ?? 20

    @Test func twoHundredAlertsASecond() async throws {
        let sink = try await Sink.start()
        let agent = try await RunningAgent.start(
            alerting: """
                route: {receiver: all, group_by: [group], group_wait: 1s, group_interval: 5s, repeat_interval: 1h}
                receivers: [{name: all, webhook_configs: [{url: "\(sink.url)/all"}]}]
                """)
        var early = (resident: 0, files: 0)
        let began = ContinuousClock.now
        for second in 0..<SoakTests.seconds {
            let answer = try await agent.post("/api/v2/alerts", body: SoakTests.batch(second))
            #expect(answer.status == 200, "\(answer)")
            if second <= max(SoakTests.seconds / 10, 1) {
                let status = try agent.status()
                early = (status.peakResidentBytes, status.openFiles)
            }
            let next = began + .seconds(second + 1)
            if next > .now { try await Task.sleep(until: next) }
        }
        let status = try agent.status()
        let late = (resident: status.residentBytes, files: status.openFiles)
        #expect(await waitUntil { sink.heard("/all").count > 10 })
        print(
            "\(200 * SoakTests.seconds) alerts: resident at a tenth \(early.resident >> 20) MiB, at the end \(late.resident >> 20) MiB; open files \(early.files), \(late.files)"
        )
        #expect(late.resident < 160 << 20)
        if SoakTests.seconds >= 600 {
            #expect(Double(late.resident) < 1.05 * Double(early.resident), "\(early), \(late)")
            #expect(late.files <= early.files + max(early.files / 20, 4), "\(early), \(late)")
        }
        await agent.stop()
        await sink.stop()
    }

    /// Of 4,000 alerts in 50 groups each comes every 20 s, and ends after 15.
    private static func batch(_ second: Int) -> String {
        let end = Date(timeIntervalSinceNow: 15).formatted(.iso8601)
        let alerts = (0..<200).map { index in
            let number = (second * 200 + index) % 4000
            return """
                {"labels":{"alertname":"Soak","group":"g\(number % 50)","number":"\(number)","severity":"low"},\
                "annotations":{"summary":"number \(number) at \(second)"},"endsAt":"\(end)"}
                """
        }
        return "[" + alerts.joined(separator: ",") + "]"
    }
}

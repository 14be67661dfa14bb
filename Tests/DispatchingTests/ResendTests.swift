import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// An integration that must hear of the same again and again: an Alertmanager.
struct ResendTests {
    private static let labels = ["alertname": "A", "severity": "critical"]

    private static func options(_ groupWait: Int64 = 30) -> DispatchOptions {
        DispatchOptions(
            route: Route(
                receiver: "ops", groupWait: .seconds(groupWait), groupInterval: .seconds(300),
                repeatInterval: .seconds(14400)),
            receivers: [
                .init(
                    name: "ops",
                    integrations: [
                        .init(.init(.alertmanager, 0), sendResolved: true, resend: .init()),
                        .init(.init(.email, 0), sendResolved: true),
                    ])
            ])
    }

    /// Runs second by second, accepting everything; returns `second integration reason:firing/resolved`.
    private func run(_ d: inout Dispatcher, _ seconds: ClosedRange<Int>) -> [String] {
        var said: [String] = []
        for second in seconds {
            for outgoing in d.advance(at(Double(second))).send where d.beginAttempt(outgoing) != nil {
                said.append("\(second) \(outgoing.notification.integration) \(outgoing.notification.summary)")
                _ = d.recordAccepted(outgoing, now: at(Double(second)))
            }
        }
        return said
    }

    @Test func isToldAtOnceAndEveryMinuteAndHearsTheEndForAQuarterOfAnHour() {
        var d = Dispatcher(ResendTests.options())
        _ = d.receive([firing(ResendTests.labels, 0)], now: at(0))
        #expect(
            run(&d, 0...150) == [
                "0 alertmanager/0 first:A/", "30 email/0 first:A/", "60 alertmanager/0 repeat:A/",
                "120 alertmanager/0 repeat:A/",
            ])
        // Another joins: told at once, whatever the group interval.
        _ = d.receive([firing(["alertname": "B"], 151)], now: at(151))
        #expect(run(&d, 151...215) == ["151 alertmanager/0 changed:A,B/", "211 alertmanager/0 repeat:A,B/"])
        _ = d.receive(
            [ended(ResendTests.labels, since: 0, 216), ended(["alertname": "B"], since: 151, 216)], now: at(216))
        let ends = run(&d, 216...1200)
        #expect(ends.first == "216 alertmanager/0 resolved:/A,B")
        #expect(ends.filter { $0.contains("email") } == ["330 email/0 resolved:/A"])
        #expect(ends.filter { $0.hasSuffix("alertmanager/0 repeat:/A,B") }.count == 14)
        #expect(ends.last == "1056 alertmanager/0 repeat:/A,B")
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    /// `resolved_for: 0s`: the end is tried until it is accepted, and is not sent again, which would end what another
    /// agent still sees.
    @Test func anEndThatIsSentOnce() {
        var options = ResendTests.options()
        options.receivers[0].integrations = [
            .init(.init(.alertmanager, 0), sendResolved: true, resend: .init(resolvedFor: .zero))
        ]
        var d = Dispatcher(options)
        _ = d.receive([firing(ResendTests.labels, 0)], now: at(0))
        #expect(run(&d, 0...40) == ["0 alertmanager/0 first:A/"])
        _ = d.receive([ended(ResendTests.labels, since: 0, 41)], now: at(41))
        let end = d.advance(at(41)).send
        #expect(end.map(\.notification.summary) == ["resolved:/A"])
        for outgoing in end {
            #expect(d.beginAttempt(outgoing) != nil)
            _ = d.recordFailed(outgoing, uncertain: true, now: at(42))
            #expect(d.pending.map(\.notification.summary) == ["resolved:/A"])
            #expect(d.beginAttempt(outgoing) != nil)
            _ = d.recordAccepted(outgoing, now: at(50))
        }
        #expect(run(&d, 50...1200) == [])
        #expect(d.alerts.isEmpty && d.groups.isEmpty && d.destinations.isEmpty)
    }

    /// What is silenced here must not look over there as if it had ended; what was never told is not told.
    @Test func aSilenceDoesNotStopTheResend() throws {
        var d = Dispatcher(ResendTests.options())
        _ = d.receive([firing(ResendTests.labels, 0)], now: at(0))
        #expect(run(&d, 0...40).count == 2)
        for name in ["A", "B"] {
            let silence = Silence(
                matchers: [matcher("alertname=\(name)")], startsAt: at(41).wall, endsAt: at(9000).wall)
            _ = try d.setSilence(silence, random: SeededRandom(seed: UInt64(name.utf8.first ?? 0)), now: at(41))
        }
        _ = d.receive([firing(["alertname": "B"], 42)], now: at(42))
        #expect(
            run(&d, 42...190) == [
                "60 alertmanager/0 repeat:A/", "120 alertmanager/0 repeat:A/", "180 alertmanager/0 repeat:A/",
            ])
        _ = d.receive([ended(ResendTests.labels, since: 0, 191)], now: at(191))
        #expect(run(&d, 191...192) == ["191 alertmanager/0 resolved:/A"])
    }

    @Test func aRefireEndsTheEcho() {
        var d = Dispatcher(ResendTests.options(0))
        _ = d.receive([firing(ResendTests.labels, 0)], now: at(0))
        _ = run(&d, 0...5)
        _ = d.receive([ended(ResendTests.labels, since: 0, 6)], now: at(6))
        #expect(run(&d, 6...100) == ["6 alertmanager/0 resolved:/A", "66 alertmanager/0 repeat:/A"])
        _ = d.receive([firing(ResendTests.labels, 101)], now: at(101))
        let again = run(&d, 101...400)
        #expect(again.first == "101 alertmanager/0 first:A/")
        #expect(again.allSatisfy { !$0.contains("/A,") && !$0.hasSuffix("/A") })
    }

    /// While it can't be reached one message waits, and after a restart the rhythm goes on.
    @Test func anOutageAndARestart() {
        var d = Dispatcher(ResendTests.options())
        _ = d.receive([firing(ResendTests.labels, 0)], now: at(0))
        let first = d.advance(at(0)).send
        #expect(first.count == 1)
        for second in 1...200 {
            _ = d.beginAttempt(first[0])
            _ = d.recordFailed(first[0], uncertain: false, now: at(Double(second)))
            #expect(d.advance(at(Double(second))).send.allSatisfy { $0.notification.integration == .init(.email, 0) })
        }
        _ = d.beginAttempt(first[0])
        _ = d.recordAccepted(first[0], now: at(201))
        #expect(run(&d, 202...262) == ["261 alertmanager/0 repeat:A/"])
        let saved = d.saved
        d = Dispatcher(ResendTests.options())
        _ = d.restore(saved, now: at(300))
        #expect(run(&d, 300...330).contains("321 alertmanager/0 repeat:A/"))
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// Receivers that do not take an alert in time, and their fallbacks.
struct EscalationTests {
    private static let labels = ["alertname": "A", "severity": "critical"]

    private static func options(fallback: String? = "boss", responseTime: Duration? = nil, last: String? = nil)
        -> DispatchOptions
    {
        DispatchOptions(
            route: Route(
                receiver: "ops", groupWait: .seconds(10), groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
            receivers: [
                .init(
                    name: "ops",
                    integrations: [
                        .init(.init(.slack, 0), sendResolved: true), .init(.init(.pagerduty, 0), sendResolved: true),
                    ],
                    fallback: fallback, responseTime: responseTime),
                .init(name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)], fallback: last),
                .init(name: "last", integrations: [.init(.init(.webhook, 0), sendResolved: true)]),
            ])
    }

    /// `receiver reason:firing/resolved` of each message.
    private func said(_ decisions: Decisions) -> [String] {
        decisions.send.map { "\($0.notification.receiver) \($0.notification.summary)" }
    }

    /// Both of ops' attempts fail for now.
    private func failAll(_ d: inout Dispatcher, _ decisions: Decisions, _ seconds: Double) {
        for outgoing in decisions.send {
            _ = d.beginAttempt(outgoing)
            _ = d.recordFailed(outgoing, uncertain: false, now: at(seconds))
        }
    }

    private func accept(_ d: inout Dispatcher, _ decisions: Decisions, _ seconds: Double) -> [Decisions] {
        decisions.send.compactMap { outgoing in
            d.beginAttempt(outgoing) == nil ? nil : d.recordAccepted(outgoing, now: at(seconds))
        }
    }

    @Test func anAlertThatNobodyAcceptsInTimeGoesToTheFallbackOnce() throws {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        failAll(&d, d.advance(at(10)), 10)
        for second in stride(from: 70.0, to: 310, by: 60) { #expect(d.advance(at(second)).send.isEmpty) }
        #expect(d.advance(at(309.9)).send.isEmpty)
        // A critical alert has five minutes from its first message on.
        let late = d.advance(at(310))
        #expect(said(late) == ["boss escalated:A/"])
        #expect(late.escalated.map(\.reason) == [.unaccepted])
        #expect(late.escalated.first?.alert.severity == .critical)
        #expect(late.escalations.count == 1)
        _ = accept(&d, late, 311)
        for second in stride(from: 370.0, to: 3000, by: 60) {
            let more = d.advance(at(second))
            #expect(more.send.isEmpty && more.escalated.isEmpty)
        }
        // Its end goes to whoever has heard of it: the fallback.
        _ = d.receive([ended(EscalationTests.labels, since: 0, 3000)], now: at(3000))
        let end = d.advance(at(3100))
        #expect(said(end) == ["boss resolved:/A"])
        let after = accept(&d, end, 3101)
        #expect(after.last?.removedAlerts.count == 1)
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    @Test func oneIntegrationThatAcceptsIsEnough() throws {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        let first = d.advance(at(10))
        failAll(&d, first, 10)
        let pagerDuty = try #require(first.send.first { $0.notification.integration == .init(.pagerduty, 0) })
        _ = d.beginAttempt(pagerDuty)
        let accepted = d.recordAccepted(pagerDuty, now: at(200))
        #expect(accepted.escalations.values.allSatisfy { $0 == nil })
        for second in stride(from: 210.0, to: 2000, by: 10) { #expect(d.advance(at(second)).escalated.isEmpty) }
    }

    @Test func anAttemptWithoutAnAnswerIsNoAcceptance() {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        for outgoing in d.advance(at(10)).send {
            _ = d.beginAttempt(outgoing)
            _ = d.recordFailed(outgoing, uncertain: true, now: at(11))
        }
        #expect(d.advance(at(310)).escalated.count == 1)
    }

    @Test func responseTimesFollowTheSeverityOrTheReceiver() {
        for (severity, seconds) in [
            ("critical", 300.0), ("high", 900), ("medium", 3600), ("low", 86_400), ("strange", 3600),
        ] {
            var d = Dispatcher(EscalationTests.options())
            _ = d.receive([firing(["alertname": "A", "severity": severity], 0)], now: at(0))
            failAll(&d, d.advance(at(10)), 10)
            #expect(d.advance(at(9 + seconds)).escalated.isEmpty, "\(severity)")
            #expect(d.advance(at(10 + seconds)).escalated.count == 1, "\(severity)")
        }
        var d = Dispatcher(EscalationTests.options(responseTime: .seconds(30)))
        _ = d.receive([firing(["alertname": "A", "severity": "low"], 0)], now: at(0))
        failAll(&d, d.advance(at(10)), 10)
        #expect(d.advance(at(40)).escalated.count == 1)
    }

    @Test func refusedForGoodByAllGoesToTheFallbackAtOnce() {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        let sent = d.advance(at(10)).send
        _ = d.beginAttempt(sent[0])
        #expect(d.recordRefused(sent[0], now: at(11)).escalated.isEmpty)
        _ = d.beginAttempt(sent[1])
        #expect(d.recordRefused(sent[1], now: at(12)).escalated.map(\.reason) == [.refused])
        #expect(d.nextDeadline ?? at(99).monotonic <= at(12).monotonic)
        #expect(said(d.advance(at(12))) == ["boss escalated:A/"])
    }

    @Test func whenTheReceiverIsBackTheFallbackHearsNoMore() {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        let first = d.advance(at(10))
        failAll(&d, first, 10)
        let late = d.advance(at(310))
        #expect(said(late) == ["boss escalated:A/"])
        // Before the fallback has taken it, ops is back: the fallback's message is withdrawn.
        _ = d.beginAttempt(first.send[0])
        let back = d.recordAccepted(first.send[0], now: at(320))
        #expect(back.withdrawn.contains(late.send[0].id))
        #expect(d.beginAttempt(late.send[0]) == nil)
        #expect(d.groups.count == 1)
    }

    @Test func aFallbackThatHasHeardAlsoHearsTheEndAfterTheReceiverIsBack() {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        let first = d.advance(at(10))
        failAll(&d, first, 10)
        _ = accept(&d, d.advance(at(310)), 311)
        _ = accept(&d, first, 400)
        // Repeats go to ops alone.
        let later = d.advance(at(8000))
        #expect(later.send.allSatisfy { $0.notification.receiver == "ops" })
        _ = accept(&d, later, 8000)
        _ = d.receive([ended(EscalationTests.labels, since: 0, 8001)], now: at(8001))
        let end = d.advance(at(8400))
        #expect(Set(said(end)) == ["ops resolved:/A", "boss resolved:/A"])
        _ = accept(&d, end, 8401)
        #expect(d.groups.isEmpty && d.destinations.isEmpty)
    }

    @Test func aChainOfFallbacks() {
        var d = Dispatcher(EscalationTests.options(last: "last"))
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        let first = d.advance(at(10))
        failAll(&d, first, 10)
        let second = d.advance(at(310))
        failAll(&d, second, 310)
        let third = d.advance(at(610))
        #expect(said(third) == ["last escalated:A/"])
        _ = accept(&d, third, 611)
        // The first is back: nobody behind it needs to be told any more, but "last" hears the end.
        _ = accept(&d, first, 700)
        #expect(d.pending.isEmpty)
        _ = d.receive([ended(EscalationTests.labels, since: 0, 701)], now: at(701))
        let end = d.advance(at(1000))
        #expect(Set(said(end)) == ["ops resolved:/A", "last resolved:/A"])
        _ = accept(&d, end, 1001)
        #expect(d.groups.isEmpty && d.destinations.isEmpty)
    }

    @Test func quietAndEndedAlertsDoNotEscalate() throws {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive(
            [firing(EscalationTests.labels, 0), firing(["alertname": "B", "severity": "critical"], 0)], now: at(0))
        failAll(&d, d.advance(at(10)), 10)
        let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(20).wall, endsAt: at(9000).wall)
        _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(20))
        _ = d.receive([ended(["alertname": "B", "severity": "critical"], since: 0, 30)], now: at(30))
        for second in stride(from: 60.0, to: 2000, by: 10) { #expect(d.advance(at(second)).escalated.isEmpty) }
    }

    /// Over a restart the wait goes on where it was, an escalation is not made twice, and its end arrives.
    @Test func survivesRestarts() throws {
        let options = EscalationTests.options()
        var d = Dispatcher(options)
        let alert = firing(EscalationTests.labels, 0)
        _ = d.receive([alert], now: at(0))
        failAll(&d, d.advance(at(10)), 10)
        func restart(_ d: inout Dispatcher, _ seconds: Double) throws -> Decisions {
            var saved = d.saved
            saved.escalations = try saved.escalations.map { try EscalationRecord(encoded: try $0.encoded()) }
            d = Dispatcher(options)
            return d.restore(saved, now: at(seconds))
        }
        _ = try restart(&d, 200)
        #expect(d.advance(at(309)).escalated.isEmpty)
        #expect(said(d.advance(at(310))) == ["boss escalated:A/"])
        // Decided, not yet sent.
        _ = try restart(&d, 315)
        #expect(d.advance(at(315)).escalated.isEmpty)
        let waiting = d.pending.filter { $0.notification.receiver == "boss" }
        #expect(waiting.count == 1)
        _ = d.beginAttempt(waiting[0])
        _ = d.recordAccepted(waiting[0], now: at(316))
        _ = try restart(&d, 320)
        for second in stride(from: 320.0, to: 900, by: 10) {
            let step = d.advance(at(second))
            #expect(step.escalated.isEmpty && step.send.isEmpty)
        }
        #expect(d.alertStatuses(at(900)).first?.receivers == ["ops", "boss"])
        _ = d.receive([ended(EscalationTests.labels, since: 0, 900)], now: at(900))
        _ = try restart(&d, 901)
        let end = d.advance(at(1300))
        // After a restart the messages to ops may have arrived, too.
        #expect(Set(said(end)) == ["ops resolved:/A", "boss resolved:/A"])
        _ = accept(&d, end, 1301)
        _ = d.advance(at(2000))
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    @Test func aReloadToAnotherFallbackTellsThatOne() {
        var d = Dispatcher(EscalationTests.options())
        _ = d.receive([firing(EscalationTests.labels, 0)], now: at(0))
        failAll(&d, d.advance(at(10)), 10)
        _ = accept(&d, d.advance(at(310)), 311)
        _ = d.reload(EscalationTests.options(fallback: "last"), now: at(400))
        let step = d.advance(at(400))
        #expect(said(step) == ["last escalated:A/"])
        _ = accept(&d, step, 401)
        _ = d.reload(EscalationTests.options(fallback: nil), now: at(500))
        #expect(d.advance(at(500)).send.isEmpty)
        _ = d.receive([ended(EscalationTests.labels, since: 0, 501)], now: at(501))
        let end = d.advance(at(1000))
        #expect(Set(said(end)) == ["boss resolved:/A", "last resolved:/A"])
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// Somebody looks after an incident: no repeats, no escalation, until it ends or becomes graver.
struct AcknowledgementTests {
    private static let node = ["alertname": "Node", "cluster": "prod", "severity": "high"]
    private static let leader = ["alertname": "Leader", "cluster": "prod", "severity": "critical"]

    /// One receiver of mail and PagerDuty, a group a cluster, repeated every hour.
    private static func options(escalateAfter: Duration? = nil, correlates: Bool = true) -> DispatchOptions {
        var pagerDuty = DispatchOptions.Integration(.init(.pagerduty, 0), sendResolved: true)
        pagerDuty.tellsAcknowledgements = true
        var options = DispatchOptions(
            route: Route(
                receiver: "ops", groupBy: .labels(["cluster"]), groupWait: .zero, groupInterval: .seconds(60),
                repeatInterval: .seconds(3600)),
            receivers: [
                .init(
                    name: "ops", integrations: [.init(.init(.email, 0), sendResolved: true), pagerDuty],
                    fallback: escalateAfter == nil ? nil : "boss", escalateAfter: escalateAfter),
                .init(
                    name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)],
                    fallback: escalateAfter == nil ? nil : "head", escalateAfter: escalateAfter),
                .init(name: "head", integrations: [.init(.init(.email, 0), sendResolved: true)]),
            ])
        options.correlates = correlates
        return options
    }

    private static func ack(_ seconds: Double, by: String = "ann") -> Acknowledgement {
        Acknowledgement(by: by, comment: "on it", at: at(seconds).wall)
    }

    /// Sends and accepts what was decided: `receiver kind reason:firing/resolved`.
    private static func carryOut(_ decisions: Decisions, _ d: inout Dispatcher, _ seconds: Double) -> [String] {
        decisions.send.map { outgoing in
            if d.beginAttempt(outgoing) != nil { _ = d.recordAccepted(outgoing, now: at(seconds)) }
            let notification = outgoing.notification
            return "\(notification.receiver) \(notification.integration.kind.rawValue) \(notification.summary)"
        }
    }

    private static func run(_ d: inout Dispatcher, _ seconds: StrideThrough<Double>) -> [String] {
        seconds.flatMap { carryOut(d.advance(at($0)), &d, $0) }
    }

    @Test func isToldToPagerDutyOnceAndKeepsRepeatsAwayUntilTheEnd() throws {
        for correlates in [true, false] {
            var d = Dispatcher(AcknowledgementTests.options(correlates: correlates))
            _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
            #expect(AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10)).count == 2)
            let result = d.acknowledge(
                .matchers([matcher("alertname=Node")]), AcknowledgementTests.ack(70), now: at(70))
            #expect(result.incidents.map(\.acknowledgement?.by) == ["ann"])
            let id = try #require(result.incidents.first?.id)
            #expect(
                AcknowledgementTests.carryOut(result.decisions, &d, 70) == ["ops pagerduty acknowledged:Node/"])
            #expect(AcknowledgementTests.run(&d, stride(from: 80, through: 20_000, by: 60)).isEmpty)
            #expect(d.incidents(at(20_000)).first?.acknowledgement?.comment == "on it")
            #expect(d.alertStatuses(at(20_000)).first?.acknowledgement?.by == "ann")
            // Taken back, it is repeated as if nothing had been.
            let undone = d.acknowledge(.id(id), nil, now: at(20_010))
            #expect(undone.incidents.count == 1 && undone.incidents.first?.acknowledgement == nil)
            let again =
                AcknowledgementTests.carryOut(undone.decisions, &d, 20_010)
                + AcknowledgementTests.run(&d, stride(from: 20_020, through: 20_140, by: 60))
            #expect(again.sorted() == ["ops email repeat:Node/", "ops pagerduty repeat:Node/"])
            #expect(d.acknowledge(.id(id), nil, now: at(20_150)).incidents.isEmpty, "there is nothing to take back")
            let last = d.acknowledge(.id(id), AcknowledgementTests.ack(20_200), now: at(20_200))
            _ = AcknowledgementTests.carryOut(last.decisions, &d, 20_200)
            _ = d.receive([ended(AcknowledgementTests.node, since: 0, 20_300)], now: at(20_300))
            let end = AcknowledgementTests.run(&d, stride(from: 20_300, through: 20_500, by: 60))
            #expect(end.filter { $0.contains("resolved") }.count == 2)
            let (now, later) = (at(20_600), at(30_000).wall)
            #expect(d.incidents(now).isEmpty && d.incidents.acknowledged(before: later, orAfter: later).isEmpty)
            #expect(d.counts(now).incidents.isEmpty)
        }
    }

    /// Metrics name open incidents as pages do, by the numbers of their records.
    @Test func openIncidentsAreCountedByTheNumbersOfTheirPages() {
        var d = Dispatcher(AcknowledgementTests.options())
        _ = d.receive([firing(["alertname": "Disk", "cluster": "lab", "severity": "high"], 0)], now: at(0))
        _ = d.receive([firing(AcknowledgementTests.node, 10)], now: at(10))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(20), now: at(20))
        let open = d.counts(at(30)).incidents
        #expect(open.map { "\($0.number) \($0.cause?.alert.name ?? "")" } == ["2 Node", "1 Disk"])
        #expect(open.map { $0.acknowledgement?.by } == ["ann", nil])
    }

    @Test func lapsesWhenTheIncidentBecomesGraver() {
        var d = Dispatcher(AcknowledgementTests.options())
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        var worse = firing(AcknowledgementTests.leader, 100)
        worse.annotations = ["explained_by": "Node"]
        _ = d.receive([worse], now: at(100))
        #expect(d.incidents(at(100)).map(\.acknowledgement) == [nil])
        // What it adds is told at once, and all of it again and again.
        let told = AcknowledgementTests.run(&d, stride(from: 100, through: 3800, by: 60))
        #expect(told.contains("ops email changed:Leader,Node/"))
        #expect(told.contains { $0.contains("repeat") })
    }

    /// Acknowledged on the page before the first message left, which waits for the group.
    @Test func lapsesWhenAGraverCauseIsFound() {
        var options = AcknowledgementTests.options(escalateAfter: .seconds(600))
        options.route.groupWait = .seconds(30)
        var d = Dispatcher(options)
        var consequence = firing(AcknowledgementTests.node, 0)
        consequence.annotations = ["explained_by": "Leader"]
        _ = d.receive([consequence], now: at(0))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(5), now: at(5))
        _ = d.receive([firing(AcknowledgementTests.leader, 10)], now: at(10))
        #expect(d.incidents(at(10)).map(\.acknowledgement) == [nil])
        let told = AcknowledgementTests.run(&d, stride(from: 10, through: 800, by: 10))
        #expect(told.contains("boss email escalated:Leader,Node/"))
    }

    @Test func aMilderConsequenceIsToldAndLeavesItAcknowledged() {
        var d = Dispatcher(AcknowledgementTests.options())
        _ = d.receive([firing(AcknowledgementTests.leader, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        var milder = firing(AcknowledgementTests.node, 100)
        milder.annotations = ["explained_by": "Leader"]
        _ = d.receive([milder], now: at(100))
        let told = AcknowledgementTests.run(&d, stride(from: 100, through: 9000, by: 60))
        #expect(told.filter { $0.hasPrefix("ops email") } == ["ops email changed:Leader,Node/"])
        #expect(d.incidents(at(9000)).first?.acknowledgement?.by == "ann")
    }

    @Test func isToldAgainWhenItIsOlderThanTheTimeout() {
        var options = AcknowledgementTests.options()
        options.acknowledgementTimeout = .seconds(7200)
        var d = Dispatcher(options)
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        let result = d.acknowledge(
            .matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        _ = AcknowledgementTests.carryOut(result.decisions, &d, 70)
        #expect(
            AcknowledgementTests.run(&d, stride(from: 80, through: 7260, by: 60)).filter { $0.contains("email") }
                .isEmpty)
        let told = AcknowledgementTests.run(&d, stride(from: 7270, through: 7400, by: 10))
        #expect(told.sorted() == ["ops email unacknowledged:Node/", "ops pagerduty unacknowledged:Node/"])
        let later = AcknowledgementTests.run(&d, stride(from: 7410, through: 11_000, by: 60))
        #expect(later.sorted() == ["ops email repeat:Node/", "ops pagerduty repeat:Node/"])
    }

    /// PagerDuty keeps one incident for the group: it is acknowledged there when all of it is.
    @Test func ofTwoIncidentsInOneGroupOneIsNotAll() {
        var d = Dispatcher(AcknowledgementTests.options())
        let other = ["alertname": "Disk", "cluster": "prod", "severity": "high"]
        _ = d.receive([firing(AcknowledgementTests.node, 0), firing(other, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        for (name, told) in [("Node", []), ("Disk", ["ops pagerduty acknowledged:Disk,Node/"])] {
            let result = d.acknowledge(
                .matchers([matcher("alertname=\(name)")]), AcknowledgementTests.ack(70), now: at(70))
            #expect(AcknowledgementTests.carryOut(result.decisions, &d, 70) == told)
        }
        #expect(AcknowledgementTests.run(&d, stride(from: 80, through: 9000, by: 60)).isEmpty)
    }

    /// A storm in one group: nobody is paged while the dispatcher looks through all of it once for each incident.
    @Test(.timeLimit(.minutes(1))) func thousandsInOneGroupAreAcknowledgedAtOnce() {
        var d = Dispatcher(AcknowledgementTests.options(escalateAfter: .seconds(600)))
        let storm = (0..<3000).map { firing(["alertname": "N\($0)", "cluster": "prod", "severity": "high"], 0) }
        _ = d.receive(storm, now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        var count = 0
        let time = ContinuousClock().measure {
            count =
                d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
                .incidents.count
        }
        #expect(count == 3000)
        #expect(time < .seconds(3))
    }

    /// The watchdog is to fire, and is nothing to look after.
    @Test func whatAlwaysFiresIsNoIncident() {
        var d = Dispatcher(AcknowledgementTests.options())
        _ = d.receive([firing(["alertname": "Watchdog", "severity": "none"], 0)], now: at(0))
        #expect(d.incidents(at(10)).isEmpty)
    }

    /// An Alertmanager is sent the end for 15 minutes more, and the alert comes back in that time.
    @Test func endsWithTheEndThatWasTold() {
        var options = AcknowledgementTests.options(escalateAfter: .seconds(600))
        options.receivers[0].integrations.append(.init(.init(.alertmanager, 0), sendResolved: true, resend: .init()))
        var d = Dispatcher(options)
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        // Nobody was told of this end.
        _ = d.receive([ended(AcknowledgementTests.node, since: 0, 80)], now: at(80))
        _ = d.receive([firing(AcknowledgementTests.node, 85)], now: at(85))
        #expect(d.incidents(at(90)).map(\.acknowledgement?.by) == ["ann"])
        _ = d.receive([ended(AcknowledgementTests.node, since: 85, 130)], now: at(130))
        let end = AcknowledgementTests.run(&d, stride(from: 130, through: 250, by: 10))
        #expect(end.contains("ops pagerduty resolved:/Node"))
        _ = d.receive([firing(AcknowledgementTests.node, 300)], now: at(300))
        #expect(d.incidents(at(310)).map(\.acknowledgement) == [nil])
        let told = AcknowledgementTests.run(&d, stride(from: 300, through: 1500, by: 10))
        #expect(told.contains("boss email escalated:Node/"))
    }

    /// PagerDuty tells of what we have told it, and sends again what it could not send.
    @Test func anotherServiceTellsTwiceAndTooLate() throws {
        var d = Dispatcher(AcknowledgementTests.options())
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        func service(_ seconds: Double, isTakenBack: Bool = false, heard: Double) -> [String] {
            let acknowledgement = isTakenBack ? nil : AcknowledgementTests.ack(heard, by: "PagerDuty")
            let result = d.acknowledge(.groups(at: at(seconds).wall) { _ in true }, acknowledgement, now: at(heard))
            return AcknowledgementTests.carryOut(result.decisions, &d, heard)
        }
        let own = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        _ = AcknowledgementTests.carryOut(own.decisions, &d, 70)
        #expect(service(71, heard: 72).isEmpty)
        #expect(d.incidents(at(73)).map(\.acknowledgement?.by) == ["ann"])
        _ = service(1800, isTakenBack: true, heard: 1801)
        _ = service(71, heard: 1900)
        #expect(d.incidents(at(1901)).map(\.acknowledgement) == [nil])
        let incident = try #require(d.incidents.all.values.first)
        #expect(try Incident(encoded: try incident.encoded()) == incident)
        #expect(service(1950, heard: 1951) == ["ops pagerduty acknowledged:Node/"])
    }

    // MARK: Escalation

    @Test func whatNobodyAcknowledgesGoesUpTheChainStepByStep() {
        var d = Dispatcher(AcknowledgementTests.options(escalateAfter: .seconds(600)))
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        // Accepted at once, and that is not enough.
        #expect(AcknowledgementTests.run(&d, stride(from: 0, through: 590, by: 10)).count == 2)
        #expect(
            AcknowledgementTests.run(&d, stride(from: 600, through: 1190, by: 10)) == ["boss email escalated:Node/"])
        #expect(
            AcknowledgementTests.run(&d, stride(from: 1200, through: 3500, by: 10)) == ["head email escalated:Node/"])
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(3500), now: at(3500))
        #expect(AcknowledgementTests.run(&d, stride(from: 3510, through: 9000, by: 10)).isEmpty)
        // Who was told learns of the end.
        _ = d.receive([ended(AcknowledgementTests.node, since: 0, 9000)], now: at(9000))
        let end = AcknowledgementTests.run(&d, stride(from: 9000, through: 9100, by: 10)).sorted()
        #expect(
            end == [
                "boss email resolved:/Node", "head email resolved:/Node", "ops email resolved:/Node",
                "ops pagerduty resolved:/Node",
            ])
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    @Test func whoAcknowledgesInTimeKeepsTheFallbackOut() {
        var d = Dispatcher(AcknowledgementTests.options(escalateAfter: .seconds(600)))
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 590, by: 10))
        let result = d.acknowledge(
            .matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(595), now: at(595))
        _ = AcknowledgementTests.carryOut(result.decisions, &d, 595)
        #expect(AcknowledgementTests.run(&d, stride(from: 600, through: 9000, by: 10)).isEmpty)
        // Taken back, the time begins anew.
        let undone = d.acknowledge(.matchers([matcher("cluster=prod")]), nil, now: at(9000))
        _ = AcknowledgementTests.carryOut(undone.decisions, &d, 9000)
        let told = AcknowledgementTests.run(&d, stride(from: 9010, through: 9800, by: 10))
        #expect(told.filter { $0.hasPrefix("boss") } == ["boss email escalated:Node/"])
    }

    /// PagerDuty takes acknowledgements back by itself after half an hour: the fallback must hear of it a second time.
    @Test func theFallbackIsToldAgainOfWhatWasTakenBack() {
        var d = Dispatcher(AcknowledgementTests.options(escalateAfter: .seconds(600)))
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        let first = AcknowledgementTests.run(&d, stride(from: 0, through: 700, by: 10))
        #expect(first.last == "boss email escalated:Node/")
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(700), now: at(700))
        _ = d.acknowledge(.matchers([matcher("cluster=prod")]), nil, now: at(1000))
        let told = AcknowledgementTests.run(&d, stride(from: 1000, through: 1800, by: 10))
        #expect(told.filter { $0.hasPrefix("boss") } == ["boss email changed:Node/"])
    }

    /// The machine began with a wrong clock, which is set back by a year after somebody has acknowledged.
    @Test func aClockThatStepsBackDoesNotMakeItLast() {
        var options = AcknowledgementTests.options()
        options.acknowledgementTimeout = .seconds(7200)
        var d = Dispatcher(options)
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 60, by: 10))
        let result = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(70), now: at(70))
        _ = AcknowledgementTests.carryOut(result.decisions, &d, 70)
        var told: [String] = []
        for seconds in stride(from: 80.0, through: 9000, by: 60) {
            let now = Moment(monotonic: at(seconds).monotonic, wall: at(seconds).wall - .seconds(365 * 86_400))
            for outgoing in d.advance(now).send {
                if d.beginAttempt(outgoing) != nil { _ = d.recordAccepted(outgoing, now: now) }
                told.append(outgoing.notification.integration.kind.rawValue)
            }
        }
        #expect(told.sorted() == ["email", "pagerduty"])
        #expect(d.incidents(at(9000)).map(\.acknowledgement) == [nil])
    }

    /// PagerDuty would go on calling people there.
    @Test func aFallbackThatWantsToKnowIsToldOfTheAcknowledgement() {
        var options = AcknowledgementTests.options(escalateAfter: .seconds(600))
        options.receivers[1].integrations = Array(options.receivers[0].integrations.dropFirst())
        var d = Dispatcher(options)
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        let told = AcknowledgementTests.run(&d, stride(from: 0, through: 700, by: 10))
        #expect(told.last == "boss pagerduty escalated:Node/")
        let result = d.acknowledge(.matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(700), now: at(700))
        #expect(
            AcknowledgementTests.carryOut(result.decisions, &d, 700).sorted() == [
                "boss pagerduty acknowledged:Node/", "ops pagerduty acknowledged:Node/",
            ])
        #expect(AcknowledgementTests.run(&d, stride(from: 710, through: 9000, by: 10)).isEmpty)
        _ = d.receive([ended(AcknowledgementTests.node, since: 0, 9000)], now: at(9000))
        #expect(AcknowledgementTests.run(&d, stride(from: 9000, through: 9100, by: 10)).count == 3)
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    // MARK: Restart

    @Test func aRestartChangesNothing() throws {
        let options = AcknowledgementTests.options(escalateAfter: .seconds(600))
        var d = Dispatcher(options)
        _ = d.receive([firing(AcknowledgementTests.node, 0)], now: at(0))
        _ = AcknowledgementTests.run(&d, stride(from: 0, through: 650, by: 10))
        func restarted(_ seconds: Double) throws -> Dispatcher {
            var saved = d.saved
            saved.incidents = try saved.incidents.map { try Incident(encoded: try $0.encoded()) }
            saved.escalations = try saved.escalations.map { try EscalationRecord(encoded: try $0.encoded()) }
            saved.logEntries = try saved.logEntries.map { try NotificationLogEntry(encoded: $0.encoded()) }
            var next = Dispatcher(options)
            _ = next.restore(saved, now: at(seconds))
            return next
        }
        // At the fallback since 600, with its own time running.
        d = try restarted(700)
        #expect(AcknowledgementTests.run(&d, stride(from: 700, through: 1190, by: 10)).isEmpty)
        #expect(
            AcknowledgementTests.run(&d, stride(from: 1200, through: 1300, by: 10)) == ["head email escalated:Node/"])
        let result = d.acknowledge(
            .matchers([matcher("cluster=prod")]), AcknowledgementTests.ack(1300), now: at(1300))
        _ = AcknowledgementTests.carryOut(result.decisions, &d, 1300)
        d = try restarted(1400)
        #expect(d.incidents(at(1400)).first?.acknowledgement == AcknowledgementTests.ack(1300))
        #expect(AcknowledgementTests.run(&d, stride(from: 1400, through: 9000, by: 10)).isEmpty)
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// One fault is one page at an Alertmanager, which routes and groups by itself: it is given causes, not what follows.
struct ResendCorrelationTests {
    private static func options(fallback: String? = nil) -> DispatchOptions {
        DispatchOptions(
            route: Route(
                receiver: "hub", groupBy: .labels(["cluster"]), groupWait: .seconds(30), groupInterval: .seconds(300)),
            receivers: [
                .init(
                    name: "hub", integrations: [.init(.init(.alertmanager, 0), sendResolved: true, resend: .init())],
                    fallback: fallback),
                .init(name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)]),
            ])
    }

    private static let severities = [
        "PostgresDown": "high", "ReadFailing": "high", "ReplicaLag": "medium", "NoActiveNode": "critical",
        "Outage": "critical",
    ]

    private static func alert(_ name: String, _ seconds: Double, ended end: Double? = nil) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": "prod", "severity": severities[name] ?? ""],
            annotations: name == "PostgresDown" ? [:] : ["explained_by": "PostgresDown"], startsAt: at(seconds).wall,
            endsAt: end.map { at($0).wall }, updatedAt: at(end ?? seconds).wall)
    }

    /// What each integration is told, from one second to another, in steps of a quarter: `60 repeat:A/`.
    private static func run(_ d: inout Dispatcher, _ seconds: ClosedRange<Double>) -> [String] {
        var said: [String] = []
        for second in stride(from: seconds.lowerBound, through: seconds.upperBound, by: 0.25) {
            for summary in d.step(second) { said.append("\(second) \(summary)") }
        }
        return said
    }

    private static func receive(_ d: inout Dispatcher, _ seconds: Double, _ alerts: Alert...) {
        _ = d.receive(alerts, now: at(seconds))
    }

    @Test func aCauseLeavesAndItsConsequencesDoNot() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        #expect(Self.run(&d, 0...1) == ["0.0 first:PostgresDown/"])
        Self.receive(&d, 2, Self.alert("ReadFailing", 2), Self.alert("ReplicaLag", 2))
        #expect(Self.run(&d, 2...70) == ["60.0 repeat:PostgresDown/"])
        // They end with it: nothing that was never told ends.
        Self.receive(
            &d, 71, Self.alert("ReadFailing", 2, ended: 71), Self.alert("ReplicaLag", 2, ended: 71),
            Self.alert("PostgresDown", 0, ended: 71))
        #expect(Self.run(&d, 71...72) == ["71.0 resolved:/PostgresDown"])
        let echoes = Self.run(&d, 73...1400)
        #expect(echoes.allSatisfy { $0.hasSuffix("repeat:/PostgresDown") } && echoes.count == 14)
        #expect(d.alerts.isEmpty && d.groups.isEmpty && d.destinations.isEmpty && d.incidents.all.isEmpty)
    }

    /// What comes a moment before its cause waits for it, and leaves at once if there is none, or if the cause is well.
    @Test(arguments: [true, false]) func aConsequenceWaitsForItsCause(_ hasCause: Bool) {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.run(&d, 0...0.75) == [])
        if hasCause {
            Self.receive(&d, 0.8, Self.alert("PostgresDown", 0.8))
            #expect(Self.run(&d, 1...2) == ["1.0 first:PostgresDown/"])
        } else {
            #expect(Self.run(&d, 1...2) == ["1.0 first:ReadFailing/"])
        }
        var asked = Dispatcher(Self.options())
        Self.receive(&asked, 0, Self.alert("ReadFailing", 0))
        #expect(Self.run(&asked, 0...0.25) == [])
        asked.endSuspectWait(of: Self.alert("ReadFailing", 0).id)
        #expect(Self.run(&asked, 0.5...2) == ["0.5 first:ReadFailing/"])
    }

    /// The wait of a new alert holds up neither the resends of others for long nor a flush of the group.
    @Test func theRhythmOutlivesAWait() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReplicaLag", 0))
        #expect(Self.run(&d, 0...5) == ["1.0 first:ReplicaLag/"])
        Self.receive(&d, 60.8, Self.alert("ReadFailing", 60.8))
        #expect(
            Self.run(&d, 61...181.75) == [
                "62.0 changed:ReadFailing,ReplicaLag/", "122.0 repeat:ReadFailing,ReplicaLag/",
            ])
    }

    /// A cause that comes late is told as well; what was told goes on being told, or it would count as over.
    @Test func aCauseThatComesLate() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.run(&d, 0...2) == ["1.0 first:ReadFailing/"])
        Self.receive(&d, 10, Self.alert("PostgresDown", 10), Self.alert("ReplicaLag", 10))
        #expect(
            Self.run(&d, 10...75) == [
                "10.0 changed:PostgresDown,ReadFailing/", "70.0 repeat:PostgresDown,ReadFailing/",
            ])
    }

    /// A consequence that goes on when its cause ends is the cause from then on.
    @Test func aConsequenceThatOutlastsItsCause() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.run(&d, 0...2) == ["0.0 first:PostgresDown/"])
        Self.receive(&d, 10, Self.alert("PostgresDown", 0, ended: 10))
        #expect(Self.run(&d, 10...12) == ["10.0 changed:ReadFailing/PostgresDown"])
    }

    /// Of what is graver than the cause one alert leaves, so that the Alertmanager's routes page whom they should: the
    /// same one for both agents of a pair, whichever they saw first.
    @Test(arguments: [["NoActiveNode", "Outage"], ["Outage", "NoActiveNode"]])
    func theGravestConsequenceLeaves(_ order: [String]) {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        for name in order { Self.receive(&d, 0, Self.alert(name, 0)) }
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.run(&d, 0...2) == ["0.0 first:NoActiveNode,PostgresDown/"])
        // When it ends, the other takes its place.
        Self.receive(&d, 10, Self.alert("NoActiveNode", 0, ended: 10))
        #expect(Self.run(&d, 10...12) == ["10.0 changed:Outage,PostgresDown/NoActiveNode"])
    }

    /// Two nodes that fail at once are two causes of one outage, and the Alertmanager groups what has one name.
    @Test func everyCauseLeaves() {
        func down(_ server: String, ended end: Double? = nil) -> Alert {
            var alert = Self.alert("PostgresDown", 0, ended: end)
            alert.labels = Labels(alert.labels.dictionary.merging(["server": server]) { _, new in new })
            return alert
        }
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, down("pg-1"), down("pg-2"))
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(d.incidents.all.count == 1)
        #expect(Self.run(&d, 0...2) == ["0.0 first:PostgresDown,PostgresDown/"])
        // One of them is enough to explain what follows.
        Self.receive(&d, 10, down("pg-1", ended: 10))
        #expect(Self.run(&d, 10...12) == ["10.0 changed:PostgresDown/PostgresDown"])
        Self.receive(&d, 20, down("pg-2", ended: 20))
        // The end of the first is sent again along with this.
        #expect(Self.run(&d, 20...22) == ["20.0 changed:ReadFailing/PostgresDown,PostgresDown"])
    }

    /// `correlate: false`: it is given everything, and its own inhibit rules decide.
    @Test func withoutCorrelationEverythingLeaves() {
        var options = Self.options()
        options.correlates = false
        var d = Dispatcher(options)
        Self.receive(&d, 0, Self.alert("PostgresDown", 0), Self.alert("ReadFailing", 0))
        #expect(Self.run(&d, 0...2) == ["0.0 first:PostgresDown,ReadFailing/"])
    }

    /// A cause that is silenced here is not told; then what follows from it is.
    @Test func aSilencedCauseCoversNothing() throws {
        var d = Dispatcher(Self.options())
        let silence = Silence(
            matchers: [matcher("alertname=PostgresDown")], startsAt: at(0).wall, endsAt: at(9000).wall)
        _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(0))
        Self.receive(&d, 1, Self.alert("PostgresDown", 1), Self.alert("ReadFailing", 1))
        #expect(Self.run(&d, 1...3) == ["1.0 first:ReadFailing/"])
    }

    /// What was not given with its cause counts as accepted with it, and goes to no fallback.
    @Test func aConsequenceDoesNotEscalateForBeingLeftOut() {
        var d = Dispatcher(Self.options(fallback: "boss"))
        Self.receive(&d, 0, Self.alert("PostgresDown", 0), Self.alert("ReadFailing", 0))
        let said = Self.run(&d, 0...4000)
        #expect(said.allSatisfy { $0.hasSuffix(":PostgresDown/") }, "\(said)")
        #expect(d.groups.keys.allSatisfy { $0.receiver == "hub" })
    }

    /// One that accepts is enough, as for any receiver.
    @Test(arguments: [0, 1]) func whatNoneAcceptsGoesToTheFallback(_ accepting: Int) {
        var options = Self.options(fallback: "boss")
        options.receivers[0].integrations.append(.init(.init(.alertmanager, 1), sendResolved: true, resend: .init()))
        var d = Dispatcher(options)
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        for (index, outgoing) in d.advance(at(0)).send.enumerated() {
            #expect(d.beginAttempt(outgoing) != nil)
            if index < accepting {
                _ = d.recordAccepted(outgoing, now: at(0))
            } else {
                _ = d.recordFailed(outgoing, uncertain: false, now: at(0))
            }
        }
        #expect(d.advance(at(899)).send.allSatisfy { $0.notification.receiver == "hub" })
        let told = d.advance(at(901)).send.filter { $0.notification.receiver == "boss" }
        #expect(told.map(\.notification.summary) == (accepting == 0 ? ["escalated:PostgresDown/"] : []))
    }

    /// One Alertmanager that is down costs the other nothing.
    @Test func oneThatIsDownDelaysNoOther() {
        var options = Self.options()
        options.receivers[0].integrations.append(.init(.init(.alertmanager, 1), sendResolved: true, resend: .init()))
        var d = Dispatcher(options)
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        let first = d.advance(at(0)).send
        #expect(first.map(\.notification.integration) == [.init(.alertmanager, 0), .init(.alertmanager, 1)])
        // The second hangs; the first is told of the end meanwhile.
        for outgoing in first { #expect(d.beginAttempt(outgoing) != nil) }
        _ = d.recordAccepted(first[0], now: at(0))
        Self.receive(&d, 5, Self.alert("PostgresDown", 0, ended: 5))
        let ends = d.advance(at(5)).send
        #expect(ends.map(\.notification.integration) == [.init(.alertmanager, 0)])
        #expect(ends.map(\.notification.summary) == ["resolved:/PostgresDown"])
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// One fault, one place: what an alert explains is told with it.
struct IncidentTests {
    /// Critical alerts go to the pager and the channel, high ones to the channel, others by mail.
    private static func options(groupWait: Duration = .zero) -> DispatchOptions {
        func route(_ severity: String) -> Route {
            Route(
                receiver: severity, matchers: [matcher("severity=\(severity)")], groupWait: groupWait,
                groupInterval: .seconds(60))
        }
        return DispatchOptions(
            route: Route(
                receiver: "medium", groupBy: .labels(["alertname", "cluster"]), groupWait: groupWait,
                groupInterval: .seconds(60), repeatInterval: .seconds(3600),
                routes: [route("critical"), route("high")]),
            receivers: [
                .init(
                    name: "critical",
                    integrations: [
                        .init(.init(.pagerduty, 0), sendResolved: true, target: 1),
                        .init(.init(.slack, 0), sendResolved: true, target: 2),
                    ]),
                .init(name: "high", integrations: [.init(.init(.slack, 0), sendResolved: true, target: 2)]),
                .init(name: "medium", integrations: [.init(.init(.email, 0), sendResolved: true, target: 3)]),
            ])
    }

    private static let severities = [
        "PostgresDown": "critical", "PostgresNoPrimary": "critical", "NodeUnreachable": "high",
        "NoActiveNode": "critical", "ReadFailing": "high", "ReplicaLag": "medium",
    ]
    private static let causes = [
        "PostgresNoPrimary": "PostgresDown", "NoActiveNode": "PostgresDown PostgresNoPrimary NodeUnreachable",
        "ReadFailing": "NoActiveNode PostgresDown", "ReplicaLag": "PostgresDown",
    ]

    private static func alert(
        _ name: String, _ seconds: Double, cluster: String = "prod", ended end: Double? = nil
    ) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": cluster, "severity": severities[name] ?? "high"],
            annotations: causes[name].map { ["explained_by": $0] } ?? [:], startsAt: at(seconds).wall,
            endsAt: end.map { at($0).wall }, updatedAt: at(end ?? seconds).wall)
    }

    /// What each integration is told in one step: `slack changed:A,B/C`, its alerts in the order of their labels.
    private static func step(_ d: inout Dispatcher, _ seconds: Double) -> [String] {
        let now = at(seconds)
        return d.advance(now).send.map { outgoing in
            let notification = d.beginAttempt(outgoing)
            let incidents = notification.map { d.incidents(in: $0, now) } ?? []
            _ = d.recordAccepted(outgoing, now: now)
            let causes = incidents.map { "\($0.cause.name)>\($0.consequences.map(\.name).joined(separator: ","))" }
            return
                "\(outgoing.notification.integration.kind.rawValue) \(outgoing.notification.summary) \(causes.joined(separator: " "))"
        }.sorted()
    }

    private static func receive(_ d: inout Dispatcher, _ seconds: Double, _ alerts: Alert...) {
        _ = d.receive(alerts, now: at(seconds))
    }

    /// The cause first, then what follows from it: one incident at the pager, one thread, and every end once.
    @Test func consequencesJoinTheirCause() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        #expect(
            Self.step(&d, 0) == [
                "pagerduty first:PostgresDown/ PostgresDown>", "slack first:PostgresDown/ PostgresDown>",
            ])
        Self.receive(&d, 5, Self.alert("ReadFailing", 5), Self.alert("NoActiveNode", 5))
        #expect(Self.step(&d, 5) == [])
        let all = "NoActiveNode,PostgresDown,ReadFailing/ PostgresDown>ReadFailing,NoActiveNode"
        #expect(Self.step(&d, 60) == ["pagerduty changed:\(all)", "slack changed:\(all)"])
        #expect(Set(d.groups.keys.map(\.key)).count == 1)
        Self.receive(
            &d, 100, Self.alert("ReadFailing", 5, ended: 100), Self.alert("NoActiveNode", 5, ended: 100),
            Self.alert("PostgresDown", 0, ended: 100))
        let ends = "resolved:/NoActiveNode,PostgresDown,ReadFailing PostgresDown>ReadFailing,NoActiveNode"
        #expect(Self.step(&d, 120) == ["pagerduty \(ends)", "slack \(ends)"])
        #expect(d.alerts.isEmpty && d.groups.isEmpty && d.incidents.all.isEmpty)
    }

    /// A consequence that is graver than its cause raises the incident: the pager is told, and the channel, which knows of
    /// it, is told once more and in the same place.
    @Test func aGraverConsequenceRaisesTheIncident() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("NodeUnreachable", 0))
        #expect(Self.step(&d, 0) == ["slack first:NodeUnreachable/ NodeUnreachable>"])
        Self.receive(&d, 20, Self.alert("NoActiveNode", 20))
        #expect(
            Self.step(&d, 20) == [
                "pagerduty first:NoActiveNode/ NodeUnreachable>NoActiveNode",
                "slack changed:NoActiveNode,NodeUnreachable/ NodeUnreachable>NoActiveNode",
            ])
        // Somebody has taken over: the page ends, the dead node goes on.
        Self.receive(&d, 30, Self.alert("NoActiveNode", 20, ended: 30))
        #expect(
            Self.step(&d, 80) == [
                "pagerduty resolved:/NoActiveNode NodeUnreachable>",
                "slack changed:NodeUnreachable/NoActiveNode NodeUnreachable>",
            ])
        Self.receive(&d, 90, Self.alert("NodeUnreachable", 0, ended: 90))
        // The last message tells the whole.
        #expect(Self.step(&d, 140) == ["slack resolved:/NodeUnreachable NodeUnreachable>NoActiveNode"])
        #expect(d.alerts.isEmpty && d.incidents.all.isEmpty)
    }

    /// What comes before its cause waits a moment for it, and is then told with it, by its key.
    @Test func aCauseThatComesWithinTheWait() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.step(&d, 0.5) == [])
        Self.receive(&d, 0.8, Self.alert("PostgresDown", 0.8))
        let all = "first:PostgresDown,ReadFailing/ PostgresDown>ReadFailing"
        #expect(Self.step(&d, 0.8) == ["pagerduty \(all)", "slack \(all)"])
        #expect(
            d.groups.keys.map(\.key) == ["{}/{severity=\"critical\"}:{alertname=\"PostgresDown\", cluster=\"prod\"}"])
        #expect(Self.step(&d, 200) == [])
    }

    /// Without a cause the wait ends after a second, or once everything that may explain the alert was asked.
    @Test(arguments: [true, false]) func theWaitEnds(_ isAsked: Bool) {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.step(&d, 0.2) == [])
        if isAsked { d.endSuspectWait(of: Self.alert("ReadFailing", 0).id) }
        #expect(Self.step(&d, 0.3) == (isAsked ? ["slack first:ReadFailing/ ReadFailing>"] : []))
        #expect(Self.step(&d, 1) == (isAsked ? [] : ["slack first:ReadFailing/ ReadFailing>"]))
    }

    /// A cause that comes late is told where its consequence was told, at once, and as the cause.
    @Test func aCauseThatComesLate() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("ReadFailing", 0))
        #expect(Self.step(&d, 1) == ["slack first:ReadFailing/ ReadFailing>"])
        Self.receive(&d, 10, Self.alert("PostgresDown", 10))
        #expect(
            Self.step(&d, 10) == [
                "pagerduty first:PostgresDown/ PostgresDown>ReadFailing",
                "slack changed:PostgresDown,ReadFailing/ PostgresDown>ReadFailing",
            ])
        // The cause ends, its consequence goes on and is the cause from now on.
        Self.receive(&d, 20, Self.alert("PostgresDown", 10, ended: 20))
        #expect(
            Self.step(&d, 70) == [
                "pagerduty resolved:/PostgresDown ReadFailing>", "slack changed:ReadFailing/PostgresDown ReadFailing>",
            ])
    }

    /// Another cluster's fault, and one that begins while another lasts, are told as their own.
    @Test func faultsOfTheirOwn() {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0), Self.alert("ReadFailing", 0, cluster: "test"))
        #expect(Self.step(&d, 0).count == 2)
        #expect(Self.step(&d, 1) == ["slack first:ReadFailing/ ReadFailing>"])
        Self.receive(&d, 2, Self.alert("NodeUnreachable", 2))
        #expect(Self.step(&d, 2) == ["slack first:NodeUnreachable/ NodeUnreachable>"])
    }

    /// A silenced cause hides nothing that follows from it.
    @Test func aSilencedCauseHidesNothing() throws {
        var d = Dispatcher(Self.options())
        _ = try d.setSilence(
            Silence(matchers: [matcher("alertname=PostgresDown")], startsAt: at(0).wall, endsAt: at(1000).wall),
            random: SeededRandom(seed: 1), now: at(0))
        Self.receive(&d, 0, Self.alert("PostgresDown", 0), Self.alert("ReadFailing", 0))
        #expect(
            Self.step(&d, 0) == ["pagerduty first:ReadFailing/ ReadFailing>", "slack first:ReadFailing/ ReadFailing>"])
    }

    /// An address that was told of the incident before it became graver has accepted what is grave, too: nothing goes to
    /// the fallback.
    @Test func whatTheSameAddressAcceptedDoesNotEscalate() {
        var options = Self.options()
        options.receivers[0].integrations.removeFirst()
        options.receivers[0].fallback = "medium"
        options.receivers[0].responseTime = .seconds(100)
        var d = Dispatcher(options)
        Self.receive(&d, 0, Self.alert("NodeUnreachable", 0))
        #expect(Self.step(&d, 0).count == 1)
        Self.receive(&d, 20, Self.alert("NoActiveNode", 20))
        #expect(
            Self.step(&d, 20) == [
                "slack changed:NoActiveNode,NodeUnreachable/ NodeUnreachable>NoActiveNode"
            ])
        for seconds in stride(from: 30.0, to: 600, by: 10) {
            #expect(d.advance(at(seconds)).escalated.isEmpty)
        }
    }

    /// What is critical does not hide in a critical incident of yesterday, which somebody has acknowledged.
    @Test(arguments: [600.0, 3600]) func aCriticalAlertPagesAnew(_ seconds: Double) {
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, Self.alert("PostgresDown", 0))
        #expect(Self.step(&d, 0).count == 2)
        Self.receive(&d, seconds, Self.alert("NoActiveNode", seconds))
        _ = Self.step(&d, seconds + 1)
        Self.receive(&d, seconds + 5, Self.alert("ReadFailing", seconds + 5))
        _ = Self.step(&d, seconds + 70)
        #expect(d.incidents(at(seconds + 70)).count == (seconds > 900 ? 2 : 1))
        #expect(d.groups.count == (seconds > 900 ? 2 : 1))
    }

    /// A restart changes nothing, at any point of an incident.
    @Test func aRestartChangesNothing() {
        for cut in 0..<4 {
            var d = Dispatcher(Self.options())
            func restart(_ step: Int, _ seconds: Double) {
                guard step == cut else { return }
                let saved = d.saved
                d = Dispatcher(Self.options())
                let decisions = d.restore(saved, now: at(seconds))
                #expect(decisions.send.isEmpty && decisions.withdrawn.isEmpty)
            }
            Self.receive(&d, 0, Self.alert("NodeUnreachable", 0))
            #expect(Self.step(&d, 0).count == 1)
            restart(0, 10)
            Self.receive(&d, 20, Self.alert("NoActiveNode", 20))
            #expect(Self.step(&d, 20).count == 2, "cut \(cut)")
            restart(1, 21)
            Self.receive(&d, 22, Self.alert("ReadFailing", 22))
            restart(2, 23)
            #expect(
                Self.step(&d, 90) == [
                    "slack changed:NoActiveNode,NodeUnreachable,ReadFailing/ NodeUnreachable>NoActiveNode,ReadFailing"
                ], "cut \(cut)")
            restart(3, 91)
            Self.receive(
                &d, 100, Self.alert("NodeUnreachable", 0, ended: 100), Self.alert("NoActiveNode", 20, ended: 100),
                Self.alert("ReadFailing", 22, ended: 100))
            #expect(Self.step(&d, 160).map { $0.prefix { $0 != ":" } } == ["pagerduty resolved", "slack resolved"])
            #expect(Self.step(&d, 300) == [] && d.alerts.isEmpty && d.incidents.all.isEmpty)
        }
    }

    /// What has ended is kept for the message about the end: of many alerts the first and the last, and no long texts.
    @Test func whatHasEndedIsKeptWithinBounds() throws {
        var incident = Incident(id: 1, labels: ["alertname": "A"], severities: [], members: [7], startsAt: at(0).wall)
        let before = try incident.encoded()
        #expect(try Incident(encoded: before) == incident)
        for number in 0..<100 {
            incident.keep(
                Alert(
                    labels: ["alertname": "A\(number)"],
                    annotations: [
                        "summary": "\(number)", "explained_by": String(repeating: "x", count: 2000), "action": "none",
                    ], startsAt: at(Double(number)).wall, endsAt: at(200).wall, updatedAt: at(200).wall))
        }
        incident.keep(Alert(labels: ["alertname": "goes on"], startsAt: at(0).wall, updatedAt: at(0).wall))
        #expect(incident.past.map(\.labels["alertname"]) == (Array(0..<15) + Array(85..<100)).map { "A\($0)" })
        #expect(incident.past.allSatisfy { $0.annotations.keys.elementsEqual(["summary"]) })
        #expect(incident.past.last?.alert.endsAt == at(200).wall)
        #expect(try Incident(encoded: incident.encoded()) == incident)
    }

    /// A cause that came after its first consequences is still there for the message about the end.
    @Test func aLateCauseIsKeptAmongManyThatHaveEnded() {
        var incident = Incident(id: 1, labels: ["alertname": "A"], severities: [], members: [7], startsAt: at(0).wall)
        for number in 0..<100 {
            incident.keep(
                Alert(
                    labels: ["alertname": "A\(number)"],
                    annotations: number == 20 ? [:] : ["explained_by": "A20"], startsAt: at(Double(number)).wall,
                    endsAt: at(200).wall, updatedAt: at(200).wall))
        }
        let names = (Array(0..<15) + [20] + Array(86..<100)).map { "A\($0)" }
        #expect(incident.past.map { $0.labels["alertname"] ?? "" } == names)
    }

    /// Rules that explain each other: one incident, and no circle.
    @Test func aCircle() {
        func alert(_ name: String, _ cause: String) -> Alert {
            Alert(
                labels: ["alertname": name, "cluster": "prod", "severity": "high"],
                annotations: ["explained_by": cause], startsAt: at(0).wall, updatedAt: at(0).wall)
        }
        var d = Dispatcher(Self.options())
        Self.receive(&d, 0, alert("A", "B"), alert("B", "C"), alert("C", "A"))
        #expect(Self.step(&d, 1) == ["slack first:A,B,C/ B>A,C"])
    }

    @Test func withoutCorrelationEachAlertIsToldByItself() {
        var options = Self.options()
        options.correlates = false
        var d = Dispatcher(options)
        Self.receive(&d, 0, Self.alert("PostgresDown", 0), Self.alert("ReadFailing", 0))
        #expect(Self.step(&d, 0).count == 3)
    }

    @Test func theListOfCauses() throws {
        #expect(
            try Explanation.parse("PostgresDown, VaultSealed(cluster, node)\n VaultwatchBlind()") == [
                Explanation(alertName: "PostgresDown"),
                Explanation(alertName: "VaultSealed", equal: ["cluster", "node"]),
                Explanation(alertName: "VaultwatchBlind", equal: []),
            ])
        #expect(try Explanation.parse(" ").isEmpty)
        for (text, error) in [
            ("A(", "the parenthesis after A is not closed"), ("A A", "A is named twice"),
            ("A-B", "\"-B\" is not the name of an alert"), ("A(x y,z w$)", "\"w$\" is not the name of a label"),
            ("(x)", "\"(x)\" is not the name of an alert"),
        ] {
            #expect(throws: Explanation.ParseError(error)) { try Explanation.parse(text) }
        }
    }

    /// Of several nodes that are down the last one has led to what is new; and what somebody was told of a moment ago is
    /// where the rest is told.
    @Test func ofSeveralCausesTheOneThatBeganWithTheLastIsTaken() {
        func node(_ name: String, _ seconds: Double) -> Alert {
            Alert(
                labels: ["alertname": "NodeUnreachable", "cluster": "prod", "node": name, "severity": "high"],
                startsAt: at(seconds).wall, updatedAt: at(seconds).wall)
        }
        for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "a", "c"]] {
            var d = Dispatcher(Self.options())
            // Down for hours, and told.
            _ = d.receive([node(order[0], 0)], now: at(0))
            _ = Self.step(&d, 0)
            // A new fault: the first of it is told a moment before the second.
            _ = d.receive([node(order[1], 7200)], now: at(7200))
            _ = Self.step(&d, 7200)
            _ = d.receive([node(order[2], 7201), Self.alert("NoActiveNode", 7201)], now: at(7201))
            _ = Self.step(&d, 7201)
            let incident = d.incidents(at(7201)).first { $0.consequences.contains { $0.name == "NoActiveNode" } }
            #expect(incident?.cause.labels["node"] == order[1], "\(order)")
        }
    }

    /// All nodes of a cluster go down within moments, and one of them is told before what follows from all: the rest is
    /// told there, whatever the order in which it came.
    @Test func whatHasLedToOneThingTogetherIsOneIncident() {
        func node(_ name: String) -> Alert {
            Alert(
                labels: ["alertname": "NodeUnreachable", "cluster": "prod", "node": name, "severity": "high"],
                startsAt: at(0.1).wall, updatedAt: at(0.1).wall)
        }
        for first in ["a", "b", "c"] {
            var d = Dispatcher(Self.options(groupWait: .milliseconds(200)))
            _ = d.receive([node(first)], now: at(0.1))
            let later = ["a", "b", "c"].filter { $0 != first }.map(node)
            _ = d.receive(later + [Self.alert("NoActiveNode", 0.2)], now: at(0.2))
            let told = [0.2, 0.3, 0.4, 0.5].flatMap { Self.step(&d, $0) }
            #expect(
                told.count == 2 && told.allSatisfy { $0.contains("NodeUnreachable,NodeUnreachable,NodeUnreachable") },
                "\(told)")
            #expect(d.incidents(at(0.5)).count == 1)
        }
    }
}

import Alerts
import Platform
import Samples
import Testing
import Text

@testable import Dispatching

/// Drills mark the alerts that they cause, and nothing else; what outlasts one is told as real.
struct DrillTests {
    private static func labels(_ name: String, _ cluster: String = "prod") -> [String: String] {
        ["alertname": name, "cluster": cluster]
    }

    private static func alert(_ name: String, _ seconds: Double, _ cluster: String = "prod") -> Alert {
        var alert = firing(labels(name, cluster), seconds)
        alert.annotations = ["summary": "\(name) is down"]
        return alert
    }

    private static func drill(
        _ seconds: Double, until end: Double, _ cluster: String = "prod", scenario: String = "vault_failure",
        others: [String] = []
    ) -> Drill {
        Drill(
            scenario: scenario, cluster: cluster, others: others.map { [matcher($0)] }, startsAt: at(seconds).wall,
            endsAt: at(end).wall, createdBy: "ann")
    }

    private static let options = oneReceiver(
        Route(
            receiver: "ops", groupBy: .labels(["alertname"]), groupWait: .zero, groupInterval: .seconds(60),
            repeatInterval: .seconds(3600)))

    private func summary(_ d: Dispatcher, _ name: String) -> String? {
        d.alertStatuses(at(0)).first { $0.alert.name == name }?.alert.annotations["summary"]
    }

    /// What each message says of its alerts, as it leaves.
    private func told(_ d: inout Dispatcher, _ seconds: Double) -> [String] {
        d.advance(at(seconds)).send.compactMap { outgoing in
            guard let notification = d.beginAttempt(outgoing) else { return nil }
            _ = d.recordAccepted(outgoing, now: at(seconds))
            return notification.alerts.map { "\(notification.reason.rawValue) \($0.annotations["summary"] ?? "")" }
                .joined(separator: ", ")
        }.sorted()
    }

    @Test func onlyWhatTheDrillCausesIsMarked() throws {
        var d = Dispatcher(Self.options)
        _ = d.receive([Self.alert("Before", 0)], now: at(0))
        #expect(told(&d, 0) == ["first Before is down"])
        try d.startDrill(Self.drill(10, until: 600, others: ["service=mail"]), now: at(10))
        // It was pending when the drill began.
        var pending = Self.alert("Pending", 20)
        pending.activeAt = at(5).wall
        var mail = firing(["alertname": "Mail", "service": "mail"], 20)
        mail.annotations = ["summary": "mail is down"]
        _ = d.receive(
            [Self.alert("Before", 0), Self.alert("Down", 20), Self.alert("Else", 20, "test"), pending, mail],
            now: at(20))
        #expect(
            told(&d, 20) == [
                "first DRILL: Down is down", "first DRILL: mail is down", "first Else is down", "first Pending is down",
            ])
        // The labels, and so the alert's identity for every receiver, are the same.
        #expect(d.alertStatuses(at(20)).allSatisfy { $0.alert.labels["drill"] == nil })
        // A rule that sends it again does not take the mark away.
        _ = d.receive([Self.alert("Down", 20)], now: at(60))
        #expect(summary(d, "Down") == "DRILL: Down is down")
        var over = ended(Self.labels("Down"), since: 20, 80)
        over.annotations = ["summary": "Down is down"]
        _ = d.receive([over], now: at(80))
        #expect(told(&d, 80) == ["resolved DRILL: Down is down"])
    }

    @Test(arguments: [true, false]) func whatOutlastsTheDrillIsToldAtOnceAsReal(_ isEnded: Bool) throws {
        var d = Dispatcher(Self.options)
        try d.startDrill(Self.drill(0, until: 100), now: at(0))
        _ = d.receive([Self.alert("Down", 10), Self.alert("Brief", 10)], now: at(10))
        #expect(told(&d, 10).count == 2)
        _ = d.receive([ended(Self.labels("Brief"), since: 10, 20)], now: at(20))
        _ = told(&d, 80)
        if isEnded {
            let over = d.endDrill(cluster: "prod", now: at(90))
            let (drill, decisions) = try #require(over)
            #expect(drill.scenario == "vault_failure")
            #expect(decisions.unmarked.map(\.name) == ["Down"])
            #expect(decisions.endedDrills.count == 1)
            #expect(told(&d, 90) == ["changed Down is down"])
        } else {
            #expect(told(&d, 99).isEmpty)
            #expect(told(&d, 100) == ["changed Down is down"])
        }
        #expect(d.allDrills.isEmpty)
        #expect(summary(d, "Down") == "Down is down")
        // It is told once.
        #expect(told(&d, 200).isEmpty && told(&d, 400).isEmpty)
        let none = d.endDrill(cluster: "prod", now: at(500))
        #expect(none?.drill == nil)
    }

    /// A message that is on its way when the drill ends may say DRILL: it is told again.
    @Test func aMessageOnItsWay() throws {
        var d = Dispatcher(Self.options)
        try d.startDrill(Self.drill(0, until: 100), now: at(0))
        _ = d.receive([Self.alert("Down", 10)], now: at(10))
        let decided = d.advance(at(10)).send
        let sent = try #require(decided.first)
        let leaving = d.beginAttempt(sent)
        #expect(leaving?.alerts.first?.annotations["drill"] == "vault_failure")
        _ = d.endDrill(cluster: "prod", now: at(11))
        let after = d.recordAccepted(sent, now: at(12)).send
        let next = try #require(after.first)
        let again = d.beginAttempt(next)
        #expect(again?.alerts.first?.annotations == ["summary": "Down is down"])
    }

    /// Its end is sent again for a while, also after the drill.
    @Test func theEndOfAnAlertKeepsItsMark() throws {
        var d = Dispatcher(Self.options)
        try d.startDrill(Self.drill(0, until: 100), now: at(0))
        _ = d.receive([Self.alert("Down", 10)], now: at(10))
        _ = told(&d, 10)
        var over = ended(Self.labels("Down"), since: 10, 20)
        over.annotations = ["summary": "Down is down"]
        _ = d.receive([over], now: at(20))
        _ = d.endDrill(cluster: "prod", now: at(30))
        _ = d.receive([over], now: at(40))
        #expect(told(&d, 80) == ["resolved DRILL: Down is down"])
        // Firing anew it is another matter.
        _ = d.receive([Self.alert("Down", 90)], now: at(90))
        #expect(told(&d, 150).contains { $0.hasSuffix(" Down is down") && !$0.contains("DRILL") })
    }

    @Test func limits() throws {
        var d = Dispatcher(Self.options)
        let day = Drill.spanLimit.seconds
        for wrong in [
            Self.drill(0, until: 0), Self.drill(0, until: day + 1), Self.drill(0, until: 10, ""),
            Self.drill(0, until: 10, scenario: String(repeating: "x", count: 129)),
            Self.drill(0, until: 10, others: ["a=~\".*\""]),
            Self.drill(0, until: 10, others: (0...Drill.matcherLimit).map { "a=\"\($0)\"" }),
        ] {
            #expect(throws: DrillError.self) { try d.startDrill(wrong, now: at(0)) }
        }
        try d.startDrill(Self.drill(0, until: 10), now: at(0))
        #expect(throws: DrillError.busy(scenario: "vault_failure", by: "ann")) {
            try d.startDrill(Self.drill(1, until: 10), now: at(1))
        }
        for number in 1..<Drill.countLimit {
            try d.startDrill(Self.drill(5, until: 500, "c\(number)"), now: at(5))
        }
        #expect(throws: DrillError.tooMany) { try d.startDrill(Self.drill(5, until: 500, "more"), now: at(5)) }
    }

    @Test func aRestartKeepsIt() throws {
        var d = Dispatcher(Self.options)
        try d.startDrill(Self.drill(0, until: 100, others: ["service=mail"]), now: at(0))
        _ = d.receive([Self.alert("Down", 10)], now: at(10))
        _ = told(&d, 10)
        var saved = d.saved
        saved.drills = try saved.drills.map { try Drill(encoded: $0.encoded()) }
        #expect(saved.drills == d.allDrills)
        var next = Dispatcher(Self.options)
        _ = next.restore(saved, now: at(50))
        #expect(next.allDrills == d.allDrills)
        _ = next.receive([Self.alert("Other", 60)], now: at(60))
        #expect(told(&next, 60) == ["first DRILL: Other is down"])
        // Its time was over while nothing ran.
        var late = Dispatcher(Self.options)
        _ = late.restore(saved, now: at(1000))
        _ = told(&late, 1000)
        #expect(late.allDrills.isEmpty && summary(late, "Down") == "Down is down")
        // A start without the journal takes it over when that can be read.
        var blind = Dispatcher(Self.options)
        blind.beginWithoutPast(now: at(50))
        _ = blind.merge(saved, now: at(55))
        #expect(blind.allDrills == d.allDrills)
    }

    @Test func anAlertWithoutASummaryIsMarkedToo() {
        let bare = Drill.marked(firing(["alertname": "A"], 0), "x")
        #expect(bare.annotations == ["drill": "x", "summary": "DRILL: A"])
        var titled = firing(["alertname": "A"], 0)
        titled.annotations = ["title": "t"]
        #expect(Drill.marked(titled, "x").annotations["title"] == "DRILL: t")
        #expect(Drill.unmarked(Drill.marked(titled, "x")) == titled)
    }
}

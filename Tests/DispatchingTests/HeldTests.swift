import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// What the history says of alerts that are held back: by which silence, alert or time.
struct HeldTests {
    private static func holds(_ d: Dispatcher, _ seconds: Double) -> [String] {
        d.holds(at(seconds)).map { "\($0.alert.name): \($0.by)" }
    }

    @Test func eachIsNamed() throws {
        let rule = InhibitRule(
            sourceMatchers: [matcher("alertname=Down")], targetMatchers: [matcher("alertname=Slow")], equal: [])
        var route = Route(receiver: "ops", groupWait: .zero)
        route.routes = [Route(matchers: [matcher("severity=low")], muteTimeIntervals: ["nights"])]
        var d = Dispatcher(
            oneReceiver(
                route, inhibitRules: [rule], timeIntervals: ["nights": [TimeWindow(times: [.init(0, 360)])]]))
        _ = d.receive(
            [
                firing(["alertname": "Disk", "node": "a"], 0), firing(["alertname": "Down"], 0),
                firing(["alertname": "Late", "severity": "low"], 0), firing(["alertname": "Slow"], 0),
            ], now: at(0))
        let silence = Silence(
            matchers: [matcher("node=a")], startsAt: at(0).wall, endsAt: at(3600).wall, createdBy: "ann",
            comment: "upgrade")
        _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(0))
        _ = d.advance(at(0))
        #expect(
            HeldTests.holds(d, 0) == [
                "Disk: silenced by ann: upgrade", "Down: ", "Late: muted by nights", "Slow: inhibited by Down",
            ])
        // Each ends by itself: the silence, the night, and the alert that inhibits.
        _ = d.receive([ended(["alertname": "Down"], since: 0, 3601)], now: at(3601))
        _ = d.advance(at(3601))
        #expect(HeldTests.holds(d, 3601) == ["Disk: ", "Late: muted by nights", "Slow: "])
        _ = d.advance(at(6 * 3600))
        #expect(HeldTests.holds(d, 6 * 3600) == ["Disk: ", "Late: ", "Slow: "])
    }

    @Test func aConsequenceIsToldWithItsCause() {
        var d = Dispatcher(oneReceiver(Route(receiver: "ops", groupWait: .zero)))
        var consequence = firing(["alertname": "NoActiveNode", "severity": "high"], 1)
        consequence.annotations = ["explained_by": "PostgresDown()"]
        _ = d.receive([firing(["alertname": "PostgresDown", "severity": "high"], 0), consequence], now: at(1))
        _ = d.advance(at(1))
        #expect(
            HeldTests.holds(d, 1) == [
                "NoActiveNode: a consequence of PostgresDown, told with it", "PostgresDown: ",
            ])
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// When a silence or a mute time ends and the alert fires on, whoever knows of it is told; and silences that last until
/// their alerts are resolved.
struct UnsilencedTests {
    private static let a = ["alertname": "A"]
    private static let b = ["alertname": "B"]

    private func set(_ silence: Silence, _ d: inout Dispatcher, _ seconds: Double, seed: UInt64 = 1) throws -> String {
        let stored = try d.setSilence(silence, random: SeededRandom(seed: seed), now: at(seconds)).stored
        return try #require(stored.first?.id)
    }

    private func told(_ d: inout Dispatcher, _ seconds: StrideThrough<Double>) -> [String] {
        seconds.flatMap { second in d.step(second).map { "\(Int(second)) \($0)" } }
    }

    @Test func theEndOfASilenceIsToldOnceAndAtOnce() throws {
        for (isExpired, hasOther) in [(false, false), (true, false), (false, true)] {
            var d = Dispatcher(oneReceiver())
            _ = d.receive([firing(UnsilencedTests.a, 0)] + (hasOther ? [firing(UnsilencedTests.b, 0)] : []), now: at(0))
            _ = told(&d, stride(from: 30, through: 40, by: 10))
            let id = try set(
                Silence(matchers: [matcher("alertname=A")], startsAt: at(50).wall, endsAt: at(2000).wall), &d, 50)
            #expect(told(&d, stride(from: 60, through: 1500, by: 10)).isEmpty)
            if isExpired { _ = try d.expireSilence(id, now: at(1505)) }
            let after = told(&d, stride(from: 1510, through: 3000, by: 10))
            let alerts = hasOther ? "A,B" : "A"
            #expect(after == ["\(isExpired ? 1510 : 2000) unsilenced:\(alerts)/"])
        }
    }

    /// What still fires beside an end says until when it is silenced: by the silence that ends last, and by none that
    /// lasts as long as it.
    @Test func untilWhenAlertsAreSilenced() throws {
        var d = Dispatcher(oneReceiver())
        let alerts = [firing(UnsilencedTests.a, 0), firing(UnsilencedTests.b, 0)]
        _ = d.receive(alerts, now: at(0))
        #expect(d.silencedUntil(alerts).isEmpty)
        for end in [900.0, 2000, 1500] {
            let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(50).wall, endsAt: at(end).wall)
            _ = try set(silence, &d, 50, seed: UInt64(end))
        }
        #expect(d.silencedUntil(alerts) == [alerts[0].id: at(2000).wall])
        var silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(60).wall, endsAt: at(9000).wall)
        silence.untilResolved = true
        _ = try set(silence, &d, 60)
        #expect(d.silencedUntil(alerts).isEmpty)
    }

    @Test func whatEndedMeanwhileOrWasNeverToldIsNoReminder() throws {
        var d = Dispatcher(oneReceiver())
        _ = try set(Silence(matchers: [matcher("alertname=~A|B")], startsAt: at(0).wall, endsAt: at(900).wall), &d, 0)
        _ = d.receive([firing(UnsilencedTests.b, 5)], now: at(5))
        #expect(told(&d, stride(from: 5, through: 890, by: 10)).isEmpty)
        #expect(
            told(&d, stride(from: 900, through: 1200, by: 10)).map { $0.split(separator: " ").last } == ["first:B/"])
        var e = Dispatcher(oneReceiver())
        _ = e.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        _ = told(&e, stride(from: 30, through: 40, by: 10))
        _ = try set(Silence(matchers: [matcher("alertname=A")], startsAt: at(50).wall, endsAt: at(900).wall), &e, 50)
        _ = told(&e, stride(from: 60, through: 400, by: 10))
        _ = e.receive([ended(UnsilencedTests.a, since: 0, 400)], now: at(400))
        #expect(
            told(&e, stride(from: 400, through: 3000, by: 10)).map { $0.split(separator: " ").last } == ["resolved:/A"])
    }

    @Test func theEndOfAMuteTimeIsToldToo() throws {
        let night = TimeWindow(times: [try TimeWindow.times(start: "00:10", end: "00:40")])
        var route = Route(
            receiver: "ops", groupWait: .seconds(30), groupInterval: .seconds(300), repeatInterval: .seconds(90_000))
        route.muteTimeIntervals = ["night"]
        var d = Dispatcher(oneReceiver(route, timeIntervals: ["night": [night]]))
        _ = d.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        let all = told(&d, stride(from: 30, through: 9000, by: 10))
        #expect(all.map { $0.split(separator: " ").last } == ["first:A/", "unsilenced:A/"])
        let second = try #require(all.last?.split(separator: " ").first.flatMap { Int($0) })
        #expect((2400...2460).contains(second))
    }

    @Test func isLeftToTheRepeatWhereTheConfigurationSaysSo() throws {
        var options = oneReceiver()
        options.notifiesUnsilenced = false
        var d = Dispatcher(options)
        _ = d.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        _ = told(&d, stride(from: 30, through: 40, by: 10))
        _ = try set(Silence(matchers: [matcher("alertname=A")], startsAt: at(50).wall, endsAt: at(900).wall), &d, 50)
        #expect(told(&d, stride(from: 60, through: 3500, by: 10)).isEmpty)
    }

    /// The agent restarts while the silence holds.
    @Test func aRestartForgetsNoneOfIt() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        _ = told(&d, stride(from: 30, through: 40, by: 10))
        _ = try set(Silence(matchers: [matcher("alertname=A")], startsAt: at(50).wall, endsAt: at(2000).wall), &d, 50)
        _ = told(&d, stride(from: 60, through: 700, by: 10))
        var saved = d.saved
        saved.logEntries = try saved.logEntries.map { try NotificationLogEntry(encoded: $0.encoded()) }
        saved.silences = try saved.silences.map { try Silence(encoded: try $0.encoded()) }
        var next = Dispatcher(oneReceiver())
        _ = next.restore(saved, now: at(800))
        #expect(
            told(&next, stride(from: 810, through: 3000, by: 10)).map { $0.split(separator: " ").last } == [
                "unsilenced:A/"
            ])
    }

    // MARK: Until resolved

    private static var untilResolved: Silence {
        var silence = Silence(matchers: [matcher("alertname=~A|B")], startsAt: at(50).wall, endsAt: at(90_000).wall)
        silence.untilResolved = true
        return silence
    }

    @Test func aSilenceUntilResolvedEndsWithTheLastOfItsAlerts() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(UnsilencedTests.a, 0), firing(UnsilencedTests.b, 0)], now: at(0))
        _ = told(&d, stride(from: 30, through: 40, by: 10))
        let id = try set(UnsilencedTests.untilResolved, &d, 50)
        _ = d.receive([ended(UnsilencedTests.a, since: 0, 400)], now: at(400))
        _ = told(&d, stride(from: 400, through: 900, by: 10))
        #expect(d.silence(id)?.state(at: at(900).wall) == .active)
        _ = d.receive([ended(UnsilencedTests.b, since: 0, 1000)], now: at(1000))
        let decisions = d.advance(at(1000))
        #expect(decisions.endedSilences.map(\.id) == [id])
        #expect(d.silence(id)?.endsAt == at(1000).wall)
        // The next one is told.
        _ = d.receive([firing(UnsilencedTests.a, 2000)], now: at(2000))
        #expect(
            told(&d, stride(from: 2000, through: 2600, by: 10)).contains {
                $0.contains("first:A/") || $0.contains("changed:A")
            })
    }

    @Test func oneThatWouldSilenceNothingOrRecursIsRefused() throws {
        var d = Dispatcher(oneReceiver())
        #expect(throws: SilenceError.nothingFires) { try set(UnsilencedTests.untilResolved, &d, 50) }
        _ = d.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        var later = UnsilencedTests.untilResolved
        later.startsAt = at(500).wall
        #expect(throws: SilenceError.self) { try set(later, &d, 50) }
        // The clock of whoever makes it is ahead.
        later.startsAt = at(52).wall
        let id = try set(later, &d, 50)
        #expect(d.silence(id)?.startsAt == at(50).wall)
        var recurring = UnsilencedTests.untilResolved
        recurring.schedule = [TimeWindow(times: [try TimeWindow.times(start: "00:10", end: "00:40")])]
        #expect(throws: SilenceError.self) { try set(recurring, &d, 50) }
    }

    /// Its alerts ended while nobody looked.
    @Test func aRestartEndsOneWhoseAlertsAreGone() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(UnsilencedTests.a, 0)], now: at(0))
        _ = told(&d, stride(from: 30, through: 40, by: 10))
        let id = try set(UnsilencedTests.untilResolved, &d, 50)
        for fires in [true, false] {
            var saved = d.saved
            if !fires { saved.alerts = [] }
            saved.silences = try saved.silences.map { try Silence(encoded: try $0.encoded()) }
            var next = Dispatcher(oneReceiver())
            let decisions = next.restore(saved, now: at(800))
            #expect(decisions.endedSilences.map(\.id) == (fires ? [] : [id]))
        }
    }
}

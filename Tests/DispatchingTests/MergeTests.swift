import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// A run that started without its journal takes in what the one before it has left there.
struct MergeTests {
    private static let options = oneReceiver(
        Route(
            receiver: "ops", groupBy: .labels(["alertname"]), groupWait: .zero, groupInterval: .seconds(60),
            repeatInterval: .seconds(3600)))

    /// A first run, and a second one that begins 100 s later without it.
    private func runs(_ first: (inout Dispatcher) -> Void) -> (saved: Dispatcher.Saved, second: Dispatcher) {
        var d = Dispatcher(MergeTests.options)
        first(&d)
        var second = Dispatcher(MergeTests.options)
        second.beginWithoutPast(now: at(100))
        return (d.saved, second)
    }

    /// What only the first run notified of is known after the merge, and its end is notified.
    @Test func theEndOfWhatOnlyTheFirstRunNotifiedOf() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0), firing(["alertname": "B"], 0)], now: at(0))
            #expect(d.step(0).sorted() == ["first:A/", "first:B/"])
        }
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        #expect(d.step(100) == ["first:A/"])
        let decisions = d.merge(saved, now: at(110))
        #expect(decisions.send.isEmpty && decisions.withdrawn.isEmpty)
        // Both entries of the notification log are written again, so that the file has the union.
        #expect(Set(decisions.logEntries.map(\.groupLabels)) == [["alertname": "A"], ["alertname": "B"]])
        #expect(d.step(110) == [] && d.step(200) == [])
        for name in ["A", "B"] { _ = d.receive([ended(["alertname": name], since: 0, 300)], now: at(300)) }
        #expect((d.step(300) + d.step(360)).sorted() == ["resolved:/A", "resolved:/B"])
    }

    /// An undelivered message of the first run goes out under its own id; new messages have later ones.
    @Test func anUndeliveredMessage() {
        let (saved, second) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(0, sending: false) == ["first:A/"])
        }
        var d = second
        let decisions = d.merge(saved, now: at(110))
        #expect(decisions.withdrawn.isEmpty)
        // Where the log has no entry of the group, its labels are those of the message.
        #expect(decisions.logEntries.map(\.groupLabels) == [["alertname": "A"]])
        #expect(d.pending.map(\.id) == saved.outbox.map(\.id))
        let notification = d.beginAttempt(saved.outbox[0])
        #expect(notification?.summary == "first:A/")
        _ = d.recordAccepted(saved.outbox[0], now: at(110))
        #expect(d.step(200) == [])
        _ = d.receive([firing(["alertname": "B"], 200)], now: at(200))
        let new = d.advance(at(200)).send
        #expect(new.count == 1 && new[0].id > saved.outbox[0].id)
    }

    /// Where both runs have a message for one destination, the second run's is newer: the other one is withdrawn, and what an
    /// attempt may have told stays known.
    @Test func theNewerOfTwoMessages() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            let message = d.advance(at(0)).send[0]
            _ = d.beginAttempt(message)
        }
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        let newer = d.advance(at(100)).send.map(\.id)
        let decisions = d.merge(saved, now: at(110))
        #expect(decisions.withdrawn == saved.outbox.map(\.id))
        #expect(d.pending.map(\.id) == newer)
        #expect(d.saved.logEntries.first?.possiblyNotified.count == 1)
    }

    /// What the first run could not deliver is not sent where the second run has told it meanwhile.
    @Test func whatWasToldAgain() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(0, sending: false) == ["first:A/"])
        }
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        #expect(d.step(100) == ["first:A/"])
        let decisions = d.merge(saved, now: at(110))
        #expect(decisions.withdrawn == saved.outbox.map(\.id))
        #expect(d.pending.isEmpty && d.step(120) == [])
        _ = d.receive([ended(["alertname": "A"], since: 100, 150)], now: at(150))
        #expect(d.step(160) == ["resolved:/A"])
    }

    /// What the first run could not deliver speaks of two alerts, of which one has ended for good meanwhile: as it is, it
    /// would tell that the ended one fires, and nobody would ever hear its end.
    @Test func whatHasEndedMeanwhile() {
        let (one, two) = (["alertname": "A", "node": "1"], ["alertname": "A", "node": "2"])
        var (saved, d) = runs { d in
            _ = d.receive([firing(one, 0), firing(two, 0)], now: at(0))
            #expect(d.step(0, sending: false) == ["first:A,A/"])
        }
        _ = d.receive([firing(one, 100), firing(two, 100)], now: at(100))
        #expect(d.step(100) == ["first:A,A/"])
        _ = d.receive([ended(one, since: 100, 150)], now: at(150))
        #expect(d.step(160) == ["changed:A/A"])
        saved.alerts = saved.alerts.filter { $0.labels["node"] == "2" }
        let decisions = d.merge(saved, now: at(170))
        #expect(decisions.withdrawn == saved.outbox.map(\.id))
        #expect(d.pending.isEmpty && d.step(180) == [] && d.step(400) == [])
        _ = d.receive([ended(two, since: 100, 500)], now: at(500))
        #expect(d.step(520) == ["resolved:/A"])
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    /// What the first run notified of fires and ends in the second one before it is told: whoever heard of it then hears its
    /// end, for which its row must stay in the journal until that can be read.
    @Test func whatEndsBeforeItIsToldAgain() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(0) == ["first:A/"])
        }
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        let end = ended(["alertname": "A"], since: 100, 101)
        _ = d.receive([end], now: at(101))
        #expect(d.advance(at(102)).removedAlerts.isEmpty)
        #expect(d.alerts.isEmpty)
        // The journal has what was written last.
        saved.alerts = [end]
        let decisions = d.merge(saved, now: at(110))
        #expect((decisions.send.map(\.notification.summary) + d.step(111) + d.step(200)).sorted() == ["resolved:/A"])
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
    }

    /// The end that the first run could not deliver is not sent where the alert fires again.
    @Test func anEndThatIsNoLongerTrue() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            _ = d.step(0)
            _ = d.receive([ended(["alertname": "A"], since: 0, 50)], now: at(50))
            #expect(d.step(60, sending: false) == ["resolved:/A"])
        }
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        #expect(d.step(100) == ["first:A/"])
        let decisions = d.merge(saved, now: at(110))
        #expect(decisions.withdrawn == saved.outbox.map(\.id))
        #expect(d.pending.isEmpty)
        _ = d.receive([ended(["alertname": "A"], since: 100, 150)], now: at(150))
        #expect(d.step(160) == ["resolved:/A"])
        #expect(d.step(400) == [])
    }

    /// Silences hold again, the second run's own ones as they are.
    @Test func silences() throws {
        let random = SeededRandom(seed: 1)
        func silence(_ name: String) -> Silence {
            Silence(matchers: [matcher("alertname=\(name)")], startsAt: at(0).wall, endsAt: at(9000).wall)
        }
        var first = Dispatcher(MergeTests.options)
        let old = try first.setSilence(silence("A"), random: random, now: at(0)).stored
        var d = Dispatcher(MergeTests.options)
        d.beginWithoutPast(now: at(100))
        let own = try d.setSilence(silence("B"), random: random, now: at(100)).stored
        var stale = own[0]
        stale.endsAt = at(1).wall
        var saved = first.saved
        saved.silences.append(stale)
        _ = d.merge(saved, now: at(110))
        #expect(Set(d.allSilences) == Set(old + own))
        _ = d.receive([firing(["alertname": "A"], 120), firing(["alertname": "B"], 120)], now: at(120))
        #expect(d.step(120) == [])
    }

    /// An end that may have arrived in the first run is no reason to tell again what the second run has told since.
    @Test func aBeginningIsNotToldAgain() {
        var (saved, d) = runs { d in
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(0) == ["first:A/"])
            _ = d.receive([ended(["alertname": "A"], since: 0, 50)], now: at(50))
            for message in d.advance(at(60)).send {
                _ = d.beginAttempt(message)
                _ = d.recordFailed(message, uncertain: true, now: at(60))
            }
            // Begins anew: the end that waits is taken back, and the beginning waits in its place.
            _ = d.receive([firing(["alertname": "A"], 70)], now: at(70))
            for message in d.advance(at(120)).send {
                _ = d.beginAttempt(message)
                _ = d.recordFailed(message, uncertain: true, now: at(120))
            }
        }
        #expect(saved.logEntries.first?.possiblyResolved.isEmpty == false)
        _ = d.receive([firing(["alertname": "A"], 130)], now: at(130))
        #expect(d.step(130) == ["first:A/"])
        _ = d.merge(saved, now: at(140))
        #expect(d.step(200) == [] && d.step(400) == [])
    }
}

import Alerts
import Platform
import Samples
import Simulation
import Text
import Testing

@testable import Dispatching

struct DispatcherTests {
    @Test func groupWaitGathersABatch() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.nextDeadline == at(30).monotonic)
        _ = d.receive([firing(["alertname": "B"], 10)], now: at(10))
        #expect(d.step(29.9) == [])
        #expect(d.step(30) == ["first:A,B/"])
        #expect(d.nextDeadline == at(330).monotonic)
    }

    /// Its end was told to one receiver and is held for another that refuses: when it fires again, both are to hear.
    @Test func anAlertThatFiresAgainIsRoutedAgain() {
        let route = Route(
            receiver: "mail", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600),
            routes: [Route(receiver: "pager", continues: true), Route(receiver: "mail")])
        var d = Dispatcher(
            DispatchOptions(
                route: route,
                receivers: ["mail", "pager"].map {
                    .init(name: $0, integrations: [.init(.init(.webhook, 0), sendResolved: true)])
                }))
        func turn(_ seconds: Double, refusing: String? = nil) -> [String] {
            d.advance(at(seconds)).send.map { outgoing in
                let receiver = outgoing.notification.receiver
                if receiver != refusing, d.beginAttempt(outgoing) != nil {
                    _ = d.recordAccepted(outgoing, now: at(seconds))
                }
                return receiver + " " + outgoing.notification.summary
            }.sorted()
        }
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(turn(0) == ["mail first:A/", "pager first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 30)], now: at(30))
        #expect(turn(60, refusing: "pager") == ["mail resolved:/A", "pager resolved:/A"])
        _ = d.receive([firing(["alertname": "A"], 90)], now: at(90))
        #expect(turn(180).contains("mail first:A/"))
    }

    @Test func aNewAlertWaitsForTheGroupInterval() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([firing(["alertname": "B"], 40)], now: at(40))
        #expect(d.step(100) == [])
        #expect(d.step(330) == ["changed:A,B/"])
    }

    @Test func anAlertThatFiresForLongIsToldAtOnce() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(31))
        #expect(d.step(31) == ["first:A/"])
    }

    /// A watchdog's heartbeat: each turn is to repeat, and no wake-up is as late as another.
    @Test func repeatsThoughWakeUpsComeUnevenlyLate() {
        var d = Dispatcher(
            oneReceiver(
                Route(receiver: "ops", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(60))))
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(0.004) == ["first:A/"])
        for (turn, late) in [0.001, 0.003, 0.0005, 0.002, 0, 0.01].enumerated() {
            #expect(d.step(Double(turn + 1) * 60 + late) == ["repeat:A/"])
        }
    }

    /// A daily mail whose turn would fall into the same mute time every day.
    @Test func aMuteTimeDelaysAndNeverSwallows() {
        var route = Route(
            receiver: "ops", groupWait: .zero, groupInterval: .seconds(86400), repeatInterval: .seconds(86400))
        route.muteTimeIntervals = ["nights"]
        var d = Dispatcher(oneReceiver(route, timeIntervals: ["nights": [TimeWindow(times: [.init(0, 360)])]]))
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        for minute in 0..<360 { #expect(d.step(Double(minute) * 60) == []) }
        #expect(d.step(360 * 60) == ["first:A/"])
        // From then on its turns are a day apart.
        _ = d.receive([firing(["alertname": "B"], 400 * 60)], now: at(400 * 60))
        #expect(d.step(1799 * 60) == [])
        #expect(d.step(1800 * 60) == ["changed:A,B/"])
    }

    /// The first of two addresses is taken out while the second has not heard yet: it moves up, and is still to hear.
    @Test func aReloadTakesNoAddressForAnother() {
        func options(_ targets: [Int]) -> DispatchOptions {
            DispatchOptions(
                route: Route(
                    receiver: "ops", groupWait: .zero, groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
                receivers: [
                    .init(
                        name: "ops",
                        integrations: targets.enumerated().map {
                            .init(.init(.webhook, $0), sendResolved: true, target: $1)
                        })
                ])
        }
        func told(_ d: inout Dispatcher, _ seconds: Double, taking: Set<IntegrationID>) -> [String] {
            d.advance(at(seconds)).send.map { outgoing in
                let id = outgoing.notification.integration
                if taking.contains(id), d.beginAttempt(outgoing) != nil {
                    _ = d.recordAccepted(outgoing, now: at(seconds))
                }
                return "\(id) \(outgoing.notification.summary)"
            }.sorted()
        }
        var d = Dispatcher(options([1, 2, 3]))
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(told(&d, 0, taking: [.init(.webhook, 0), .init(.webhook, 2)]).count == 3)
        let decisions = d.reload(options([2, 3]), now: at(10))
        #expect(decisions.withdrawn.count == 1)
        #expect(decisions.logEntries.map(\.destination.integration) == [.init(.webhook, 1)])
        #expect(Set(decisions.removedLogEntries.map(\.integration)) == [.init(.webhook, 0), .init(.webhook, 2)])
        #expect(told(&d, 60, taking: [.init(.webhook, 0)]) == ["webhook/0 first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 70)], now: at(70))
        #expect(
            told(&d, 120, taking: [.init(.webhook, 0), .init(.webhook, 1)]) == [
                "webhook/0 resolved:/A", "webhook/1 resolved:/A",
            ])
    }

    @Test func repeatsExactlyAtTheRepeatInterval() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        // Accepted seconds after the decision: the repeat must not slip by a group interval for that.
        let sent = d.advance(at(30)).send
        #expect(sent.count == 1)
        _ = d.beginAttempt(sent[0])
        _ = d.recordAccepted(sent[0], now: at(34))
        for turn in 1..<12 { #expect(d.step(30 + Double(turn) * 300) == []) }
        #expect(d.step(30 + 3600) == ["repeat:A/"])
    }

    @Test func resolveFollowsAndTheGroupEnds() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let last = d.advance(at(330))
        #expect(last.send.map(\.notification.summary) == ["resolved:/A"])
        _ = d.beginAttempt(last.send[0])
        let after = d.recordAccepted(last.send[0], now: at(331))
        #expect(after.removedAlerts == [Labels(["alertname": "A"]).fingerprint])
        #expect(after.removedLogEntries.count == 1)
        #expect(after.withdrawn == [last.send[0].id])
        #expect(d.groups.isEmpty && d.destinations.isEmpty && d.alerts.isEmpty)
        _ = d.receive([firing(["alertname": "A"], 400)], now: at(400))
        #expect(d.step(430) == ["first:A/"])
    }

    /// A silence that comes while a message is under way: where the attempt fails, there is no other.
    @Test func aSilenceDuringAnAttemptStopsTheNextOne() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        _ = d.beginAttempt(sent[0])
        let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(31).wall, endsAt: at(9000).wall)
        #expect(try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(31)).decisions.withdrawn.isEmpty)
        #expect(d.recordFailed(sent[0], uncertain: false, now: at(32)).withdrawn == [sent[0].id])
        #expect(d.beginAttempt(sent[0]) == nil)
    }

    /// Whoever posts an end may say that it was years ago: it is told all the same.
    @Test func anEndThatLiesFarBackIsTold() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], external: true, now: at(0))
        #expect(d.step(30) == ["first:A/"])
        var end = ended(["alertname": "A"], since: -9_000_000, -8_000_000)
        end.updatedAt = at(60).wall
        _ = d.receive([end], external: true, now: at(60))
        #expect(d.step(330) == ["resolved:/A"])
    }

    @Test func partOfAGroupResolves() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0), firing(["alertname": "B"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A,B/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        #expect(d.step(330) == ["changed:B/A"])
        #expect(d.step(630) == [])
    }

    @Test func whoWantsNoResolvesGetsNoneButTheRefire() {
        var d = Dispatcher(oneReceiver(sendResolved: false))
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let decisions = d.advance(at(330))
        #expect(decisions.send.isEmpty)
        #expect(decisions.removedLogEntries.count == 1)
        _ = d.receive([firing(["alertname": "A"], 400)], now: at(400))
        #expect(d.step(430) == ["first:A/"])
    }

    @Test func endedBeforeAnybodyHeardIsDropped() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        _ = d.receive([ended(["alertname": "A"], since: 0, 10)], now: at(10))
        let decisions = d.advance(at(30))
        #expect(decisions.send.isEmpty)
        #expect(decisions.removedAlerts.count == 1)
        #expect(d.groups.isEmpty)
    }

    @Test func undeliveredTriggerIsWithdrawnWhenItsAlertEnds() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        _ = d.beginAttempt(sent[0])
        _ = d.recordFailed(sent[0], uncertain: false, now: at(31))
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let decisions = d.advance(at(330))
        #expect(decisions.send.isEmpty)
        #expect(decisions.withdrawn == [sent[0].id])
        #expect(d.beginAttempt(sent[0]) == nil)
        #expect(d.groups.isEmpty)
    }

    @Test func anUnansweredTriggerCountsAsHeard() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        _ = d.beginAttempt(sent[0])
        _ = d.recordFailed(sent[0], uncertain: true, now: at(31))
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let decisions = d.advance(at(330))
        #expect(decisions.withdrawn == [sent[0].id])
        #expect(decisions.send.map(\.notification.summary) == ["resolved:/A"])
    }

    @Test func whatIsInFlightDecidesWhatComesNext() {
        for isAccepted in [true, false] {
            var d = Dispatcher(oneReceiver())
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            let sent = d.advance(at(30)).send
            _ = d.beginAttempt(sent[0])
            _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
            let meanwhile = d.advance(at(330))
            #expect(meanwhile.send.isEmpty && meanwhile.withdrawn.isEmpty && meanwhile.logEntries.isEmpty)
            let then =
                isAccepted
                ? d.recordAccepted(sent[0], now: at(340))
                : d.recordFailed(sent[0], uncertain: false, now: at(340))
            #expect(then.send.map(\.notification.summary) == (isAccepted ? ["resolved:/A"] : []))
            #expect(then.withdrawn == [sent[0].id])
        }
    }

    @Test func aNewerMessageReplacesAnOlderOne() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let first = d.advance(at(30)).send
        _ = d.receive([firing(["alertname": "B"], 60)], now: at(60))
        let second = d.advance(at(330))
        #expect(second.withdrawn == [first[0].id])
        #expect(second.send.map(\.notification.summary) == ["first:A,B/"])
        // Unchanged, it stays as it is.
        #expect(d.advance(at(630)).isEmpty)
        #expect(d.pending.map(\.id) == second.send.map(\.id))
    }

    @Test func aRefireBeforeTheResolveWasSentTakesItBack() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let resolve = d.advance(at(330)).send
        #expect(resolve.count == 1)
        // At once: the next attempt must not tell an end that is none.
        _ = d.receive([firing(["alertname": "A"], 400)], now: at(400))
        let decisions = d.advance(at(400))
        #expect(decisions.withdrawn == [resolve[0].id])
        #expect(decisions.send.isEmpty)
    }

    /// An attempt at telling the end went unanswered: who may have heard it hears that it is none.
    @Test func aRefireAfterADoubtfulResolveIsToldAtOnce() {
        for isInFlight in [false, true] {
            var d = Dispatcher(oneReceiver())
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(30) == ["first:A/"])
            _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
            let resolve = d.advance(at(330)).send
            _ = d.beginAttempt(resolve[0])
            if isInFlight {
                _ = d.receive([firing(["alertname": "A"], 400)], now: at(400))
                let meanwhile = d.advance(at(400))
                #expect(meanwhile.send.isEmpty && meanwhile.withdrawn.isEmpty && meanwhile.logEntries.isEmpty)
            }
            let answer = d.recordFailed(resolve[0], uncertain: true, now: at(401))
            _ = d.receive([firing(["alertname": "A"], 402)], now: at(402))
            let decisions = isInFlight ? answer : d.advance(at(402))
            #expect(decisions.withdrawn == [resolve[0].id])
            #expect(decisions.send.map(\.notification.summary) == ["changed:A/"])
        }
    }

    @Test func silenceKeepsQuietButNeverAResolve() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        let silence = Silence(
            matchers: [matcher("alertname=~\"A|B\"")], startsAt: at(40).wall, endsAt: at(4000).wall, createdBy: "me",
            comment: "c")
        let made = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(40))
        #expect(made.stored.count == 1)
        _ = d.receive([firing(["alertname": "B"], 50)], now: at(50))
        let quiet = d.advance(at(330))
        #expect(quiet.send.isEmpty)
        #expect(quiet.suppressed[.silenced] == 2)
        _ = d.receive([ended(["alertname": "A"], since: 0, 400)], now: at(400))
        #expect(d.step(630) == ["resolved:/A"])
        _ = try d.expireSilence(made.stored[0].id, now: at(700))
        #expect(d.step(930) == ["first:B/"])
    }

    /// vault-2 and vault-3 are one incident; vault-3 is silenced. The end of vault-2 must not close the incident.
    @Test func anIncidentStaysOpenWhileASilencedAlertOfItFires() throws {
        for (kind, told) in [(IntegrationKind.pagerduty, "changed:B/A"), (.webhook, "resolved:/A")] {
            var options = oneReceiver()
            options.receivers[0].integrations = [.init(.init(kind, 0), sendResolved: true)]
            var d = Dispatcher(options)
            _ = d.receive([firing(["alertname": "A"], 0), firing(["alertname": "B"], 0)], now: at(0))
            #expect(d.step(30) == ["first:A,B/"])
            let silence = Silence(matchers: [matcher("alertname=B")], startsAt: at(40).wall, endsAt: at(9000).wall)
            _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(40))
            _ = d.receive([ended(["alertname": "A"], since: 0, 50)], now: at(50))
            #expect(d.step(330) == [told], "\(kind)")
            // Nothing more is said of what is silenced, however long it lasts.
            for second in stride(from: 400.0, through: 7800, by: 60) { #expect(d.step(second).isEmpty) }
            _ = d.receive([ended(["alertname": "B"], since: 0, 7810)], now: at(7810))
            #expect(d.step(8200) == ["resolved:/B"], "\(kind)")
        }
    }

    /// The same while the attempt is under way: its failure is not followed by another.
    @Test func aSilenceDuringAnAttemptStopsTheNext() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        #expect(sent.count == 1)
        _ = d.beginAttempt(sent[0])
        let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(31).wall, endsAt: at(4000).wall)
        let set = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(31))
        #expect(set.decisions.withdrawn.isEmpty)
        #expect(d.recordFailed(sent[0], uncertain: true, now: at(40)).withdrawn == [sent[0].id])
        #expect(d.beginAttempt(sent[0]) == nil)
    }

    /// A message waits for its next attempt when a silence that was made earlier begins.
    @Test func aSilenceThatBeginsTakesBackWhatWaits() throws {
        var d = Dispatcher(oneReceiver())
        let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(60).wall, endsAt: at(4000).wall)
        _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(0))
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        #expect(sent.count == 1)
        _ = d.beginAttempt(sent[0])
        _ = d.recordFailed(sent[0], uncertain: false, now: at(31))
        #expect(d.advance(at(59)).withdrawn.isEmpty)
        #expect(d.advance(at(61)).withdrawn == [sent[0].id])
        #expect(d.beginAttempt(sent[0]) == nil)
    }

    /// One silence is bounded in its texts, and all of them in their texts and compiled expressions.
    @Test func silencesAreBoundedInBytes() throws {
        var d = Dispatcher(oneReceiver())
        func set(_ matchers: [Matcher], comment: String = "") throws(SilenceError) -> Silence {
            try d.setSilence(
                Silence(matchers: matchers, startsAt: at(0).wall, endsAt: at(9000).wall, comment: comment),
                random: SeededRandom(seed: 1), now: at(0)
            ).stored[0]
        }
        let long = String(repeating: "x", count: 33 << 10)
        #expect(throws: SilenceError.invalid("larger than 32 KiB; use fewer or shorter matchers")) {
            try set([Matcher("a", equals: long)])
        }
        let random = SeededRandom(seed: 7)
        let expression = try Silence.matcher("a", .matches, String(repeating: "ab?", count: 500))
        let one = Silence(matchers: [expression], startsAt: at(0).wall, endsAt: at(9000).wall)
        let fitting = Silences.bytesLimit / (one.sizeBytes + 100)
        #expect(fitting < 1000)
        for _ in 0..<fitting { _ = try d.setSilence(one, random: random, now: at(0)) }
        #expect(throws: SilenceError.tooManyBytes(Silences.bytesLimit)) {
            for _ in 0..<20 { _ = try d.setSilence(one, random: random, now: at(0)) }
        }
        // What is kept for the next start is as bounded then.
        var restarted = Dispatcher(oneReceiver())
        _ = restarted.restore(d.saved, now: at(0))
        #expect(restarted.allSilences.count == d.allSilences.count)
        // An expression may not need more memory than a silence's has.
        #expect(throws: RegularExpression.SyntaxError.self) {
            try Silence.matcher("a", .matches, "(x{500}){2}[^y]{500}")
        }
    }

    @Test func silencedMessageThatWaitsIsWithdrawn() throws {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        let silence = Silence(matchers: [matcher("alertname=A")], startsAt: at(40).wall, endsAt: at(400).wall)
        #expect(
            try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(40)).decisions.withdrawn == [sent[0].id])
        #expect(d.step(630) == ["first:A/"])
    }

    @Test func recurringSilenceHoldsInItsWindowsOnly() throws {
        var d = Dispatcher(
            oneReceiver(
                Route(receiver: "ops", groupWait: .zero, groupInterval: .seconds(600), repeatInterval: .seconds(86400)))
        )
        let window = TimeWindow(times: [try TimeWindow.times(start: "00:00", end: "01:00")])
        let silence = Silence(
            matchers: [matcher("alertname=A")], startsAt: at(0).wall, endsAt: at(10 * 86400).wall, schedule: [window])
        _ = try d.setSilence(silence, random: SeededRandom(seed: 1), now: at(0))
        _ = d.receive([firing(["alertname": "A"], 1)], now: at(1))
        #expect(d.step(1) == [])
        #expect(d.step(601) == [])
        #expect(d.step(3601) == ["first:A/"])
    }

    @Test func inhibitionByEqualLabels() {
        let rule = InhibitRule(
            sourceMatchers: [matcher("severity=critical")], targetMatchers: [matcher("severity=low")],
            equal: ["cluster"])
        var d = Dispatcher(oneReceiver(inhibitRules: [rule]))
        _ = d.receive(
            [
                firing(["alertname": "Down", "severity": "critical", "cluster": "a"], 0),
                firing(["alertname": "Slow", "severity": "low", "cluster": "a"], 0),
                firing(["alertname": "Lag", "severity": "low", "cluster": "b"], 0),
            ], now: at(0))
        #expect(d.step(30) == ["first:Down,Lag/"])
        let suppressed = d.alertStatuses(at(31)).filter { $0.state == .suppressed }
        #expect(suppressed.map(\.alert.name) == ["Slow"])
        #expect(suppressed.first?.inhibitedBy.count == 1)
        _ = d.receive(
            [ended(["alertname": "Down", "severity": "critical", "cluster": "a"], since: 0, 60)], now: at(60))
        #expect(d.step(330) == ["changed:Lag,Slow/Down"])
    }

    @Test func muteAndActiveTimes() throws {
        let night = ["night": [TimeWindow(times: [try TimeWindow.times(start: "00:00", end: "06:00")])]]
        for isMute in [true, false] {
            let child = Route(
                groupWait: .zero, groupInterval: .seconds(3600), muteTimeIntervals: isMute ? ["night"] : [],
                activeTimeIntervals: isMute ? [] : ["night"])
            var d = Dispatcher(oneReceiver(Route(receiver: "ops", routes: [child]), timeIntervals: night))
            _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
            #expect(d.step(0) == (isMute ? [] : ["first:A/"]))
            for hour in 1..<6 { #expect(d.step(Double(hour) * 3600) == (isMute || hour % 4 != 0 ? [] : ["repeat:A/"])) }
            #expect(d.step(6 * 3600) == (isMute ? ["first:A/"] : []))
            // A resolve passes at any time.
            _ = d.receive([ended(["alertname": "A"], since: 0, 86400)], now: at(isMute ? 86400 : 8 * 3600))
            #expect(d.step(isMute ? 86400 : 8 * 3600) == ["resolved:/A"])
        }
    }

    @Test func everyIntegrationHearsOnItsOwn() {
        let options = DispatchOptions(
            route: Route(receiver: "ops", groupWait: .zero),
            receivers: [
                .init(
                    name: "ops",
                    integrations: [
                        .init(.init(.email, 0), sendResolved: true), .init(.init(.slack, 0), sendResolved: true),
                    ])
            ])
        var d = Dispatcher(options)
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(0)).send
        #expect(sent.map(\.notification.integration) == [.init(.email, 0), .init(.slack, 0)])
        _ = d.beginAttempt(sent[0])
        _ = d.recordAccepted(sent[0], now: at(0))
        _ = d.receive([ended(["alertname": "A"], since: 0, 10)], now: at(10))
        let then = d.advance(at(300))
        // Only email has heard of it.
        #expect(then.send.map(\.notification.integration) == [.init(.email, 0)])
        #expect(then.withdrawn == [sent[1].id])
    }

    @Test func aClockThatStepsBackBringsNothingBack() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([ended(["alertname": "A"], since: 0, 60)], now: at(60))
        let later = Moment(monotonic: at(330).monotonic, wall: at(-7200).wall)
        let sent = d.advance(later).send
        #expect(sent.map(\.notification.summary) == ["resolved:/A"])
        #expect(sent.first?.notification.status == .resolved)
    }

    @Test func alertsFromOutsideEndByThemselves() {
        var d = Dispatcher(oneReceiver())
        let receipt = d.receive([firing(["alertname": "A"], 0)], external: true, now: at(0))
        #expect(receipt.accepted.first?.endsAt == at(300).wall)
        #expect(d.step(30) == ["first:A/"])
        #expect(d.step(330) == ["resolved:/A"])
    }

    @Test func boundsRefuseNewAlertsAndShareGroups() {
        var options = oneReceiver(Route(receiver: "ops", groupBy: .all))
        options.alertLimit = 5
        options.groupLimit = 3
        var d = Dispatcher(options)
        let receipt = d.receive((0..<8).map { firing(["alertname": "A\($0)"], 0) }, now: at(0))
        #expect(receipt.refused == [.limit: 3])
        #expect(d.groups.count == 4)
        #expect(d.step(30).count == 4)
    }

    /// Texts without end, from a rule whose template repeats what a target says, cost the texts and no alert.
    @Test func alertsBeyondTheirBytesAreToldWithoutTheirTexts() {
        var options = oneReceiver(Route(receiver: "ops", groupBy: .all))
        options.alertBytesLimit = 10_000
        var d = Dispatcher(options)
        func alert(_ number: Int) -> Alert {
            var alert = firing(["alertname": "A\(number)"], 0)
            alert.annotations = ["summary": String(repeating: "x", count: 4000)]
            return alert
        }
        let receipt = d.receive((0..<4).map(alert), now: at(0))
        #expect(receipt.refused.isEmpty && receipt.shortened == 2)
        #expect(receipt.accepted.map(\.annotations.isEmpty) == [false, false, true, true])
        #expect(d.step(30).count == 4)
        #expect(d.counts(at(30)).ownBytes < 10_000)
        // What ends makes room, and what is told again gets its texts.
        var end = alert(0)
        end.endsAt = at(40).wall
        _ = d.receive([end], now: at(40))
        _ = d.step(400)
        #expect(d.receive([alert(2)], now: at(400)).accepted.map(\.annotations.isEmpty) == [false])
    }

    @Test func abandonedMessageIsDecidedAnew() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let sent = d.advance(at(30)).send
        _ = d.beginAttempt(sent[0])
        #expect(d.recordRefused(sent[0], now: at(40)).withdrawn == [sent[0].id])
        #expect(d.step(330) == ["first:A/"])
    }

    /// Alertmanager renders each attempt of a new flush anew; ours says at each attempt what is true then.
    @Test func aMessageThatWaitsLeavesWithItsAlertsAsTheyThenStand() {
        var d = Dispatcher(oneReceiver())
        var alert = firing(["alertname": "A"], 0)
        alert.annotations = ["summary": "1 of 3 is down"]
        _ = d.receive([alert], now: at(0))
        let sent = d.advance(at(30)).send
        alert.annotations = ["summary": "2 of 3 are down"]
        alert.updatedAt = at(60).wall
        _ = d.receive([alert], now: at(60))
        let left = d.beginAttempt(sent[0])
        #expect(left?.alerts.map { $0.annotations["summary"] } == ["2 of 3 are down"])
    }

    /// What waits for a receiver that is down does not go out in a mute time that has begun meanwhile, over a restart
    /// neither; it does afterwards.
    @Test(arguments: [false, true]) func aMuteTimeTakesWaitingMessagesBack(_ isRestarted: Bool) throws {
        let options = oneReceiver(
            Route(
                receiver: "ops", groupWait: .zero, groupInterval: .seconds(300), repeatInterval: .seconds(3600),
                muteTimeIntervals: ["night"]),
            timeIntervals: ["night": [TimeWindow(times: [try TimeWindow.times(start: "01:00", end: "02:00")])]])
        var d = Dispatcher(options)
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        let message = try #require(d.advance(at(0)).send.first)
        #expect(d.beginAttempt(message) != nil)
        _ = d.recordFailed(message, uncertain: false, now: at(10))
        if isRestarted {
            let saved = d.saved
            d = Dispatcher(options)
            #expect(d.restore(saved, now: at(3601)).withdrawn == [message.id])
        } else {
            #expect(d.advance(at(3601)).withdrawn == [message.id])
        }
        #expect(d.beginAttempt(message) == nil)
        #expect(d.step(5000) == [])
        #expect(d.step(7300).map { $0.prefix { $0 != ":" } } == [isRestarted ? "changed" : "first"])
    }
}

import Alerts
import Platform
import Samples
import Testing

@testable import Dispatching

/// Alerts that come through the API beside those of our own rules.
struct ExternalAlertTests {
    private func posted(_ labels: [String: String], _ seconds: Double, end: Double? = nil, text: Int = 0) -> Alert {
        Alert(
            labels: Labels(labels), annotations: text > 0 ? ["text": String(repeating: "x", count: text)] : [:],
            startsAt: at(seconds).wall, endsAt: end.map { at($0).wall }, updatedAt: at(seconds).wall)
    }

    private let far = 1e8

    @Test func ourOwnFindTheirPlacesWhateverIsPosted() {
        var options = oneReceiver(Route(receiver: "ops", groupBy: .all))
        options.alertLimit = 2
        options.groupLimit = 2
        options.external.count = 3
        var d = Dispatcher(options)
        let flood = d.receive((0..<5).map { posted(["alertname": "P\($0)"], 0, end: far) }, external: true, now: at(0))
        #expect(flood.refused == [.limit: 2])
        let own = d.receive((0..<3).map { firing(["alertname": "A\($0)"], 0) }, now: at(0))
        #expect(own.refused == [.limit: 1])
        #expect(own.accepted.count == 2)
        // Each has the group of its own labels.
        #expect(
            d.groups.keys.filter { !$0.isExternal }.map(\.key).sorted() == [
                "{}:{alertname=\"A0\"}", "{}:{alertname=\"A1\"}",
            ])
        #expect(d.counts(at(1)).external.count == 3)
    }

    @Test func theyAreBoundedInBytes() {
        var options = oneReceiver()
        options.external.bytes = 10_000
        options.external.alertBytes = 4000
        var d = Dispatcher(options)
        func post(_ name: String, _ text: Int, end: Double = 1e8) -> [AlertRefusal: Int] {
            d.receive([posted(["alertname": name], 0, end: end, text: text)], external: true, now: at(0)).refused
        }
        #expect(post("A", 5000) == [.size: 1])
        #expect(post("A", 3500) == [:])
        #expect(post("B", 3500) == [:])
        #expect(post("C", 3500) == [.bytes: 1])
        // Changed, an alert counts once.
        #expect(post("B", 3600) == [:])
        #expect(d.external.count == 2)
        #expect(d.external.bytes < 10_000)
        _ = d.step(30)
        // An end is taken however large; it says what the start said.
        #expect(post("A", 100_000, end: -1) == [:])
        #expect(d.external.bytes < 10_000)
        #expect(d.step(330) == ["changed:B/A"])
        #expect(d.external.count == 1)
        #expect(post("C", 3500) == [:])
        #expect(d.external.bytes == d.alerts.values.reduce(0) { $0 + $1.alert.sizeBytes })
    }

    /// Posted with the labels of a firing alert of ours, an end is no end of it, and another start no other text.
    @Test func ourOwnAreNeitherEndedNorReplaced() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([firing(["alertname": "A"], 0)], now: at(0))
        #expect(d.step(30) == ["first:A/"])
        let end = d.receive([posted(["alertname": "A"], 0, end: 60)], external: true, now: at(60))
        let start = d.receive([posted(["alertname": "A"], 60, end: far, text: 10)], external: true, now: at(60))
        #expect(end.accepted.isEmpty && end.refused.isEmpty && start.accepted.isEmpty && start.refused.isEmpty)
        #expect(d.step(400) == [])
        #expect(d.alertStatuses(at(400)).map(\.alert.annotations) == [[:]])
        // Until its end is told: then the labels are anybody's.
        _ = d.receive([ended(["alertname": "A"], since: 0, 500)], now: at(500))
        #expect(d.receive([posted(["alertname": "A"], 500, end: far)], external: true, now: at(500)).accepted.isEmpty)
        #expect(d.step(700) == ["resolved:/A"])
        #expect(
            d.receive([posted(["alertname": "A"], 701, end: far)], external: true, now: at(701)).accepted.count == 1)
        #expect(d.step(740) == ["first:A/"])
    }

    /// One posted in advance keeps ours from nobody, and its end is not told while ours fires.
    @Test func oneThatWasThereBeforeOursHidesNothing() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([posted(["alertname": "A"], 0, end: 500)], external: true, now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.receive([firing(["alertname": "A"], 100)], now: at(100))
        #expect(d.step(130) == ["first:A/"])
        for seconds in stride(from: 200.0, to: 2000, by: 100) { #expect(d.step(seconds) == [], "\(seconds)") }
        // A restart changes nothing of that.
        let saved = d.saved
        d = Dispatcher(oneReceiver())
        _ = d.restore(saved, now: at(2000))
        for seconds in stride(from: 2000.0, to: 3000, by: 100) { #expect(d.step(seconds) == [], "\(seconds)") }
        _ = d.receive([ended(["alertname": "A"], since: 100, 3000)], now: at(3000))
        #expect(d.step(3300) == ["resolved:/A", "resolved:/A"])
        #expect(d.step(4000) == [])
        #expect(d.alerts.isEmpty && d.groups.isEmpty && d.external == ExternalAlerts() && d.externalGroups == 0)
    }

    /// Ended, with its end still to be told, it is not told either while ours fires.
    @Test func anEndThatWaitsIsHeldBack() {
        var d = Dispatcher(oneReceiver())
        _ = d.receive([posted(["alertname": "A"], 0, end: 100)], external: true, now: at(0))
        #expect(d.step(30) == ["first:A/"])
        _ = d.step(110)
        _ = d.receive([firing(["alertname": "A"], 120)], now: at(120))
        #expect(d.step(150) == ["first:A/"])
        #expect(d.step(500) == [])
        _ = d.receive([ended(["alertname": "A"], since: 120, 600)], now: at(600))
        #expect(d.step(1000).sorted() == ["resolved:/A", "resolved:/A"])
    }

    /// A receiver that keeps one incident a group key tells the two apart.
    @Test func groupsAreApart() {
        var d = Dispatcher(oneReceiver(Route(receiver: "ops", groupBy: .labels(["alertname"]), groupWait: .zero)))
        _ = d.receive([posted(["alertname": "A", "from": "outside"], 0, end: far)], external: true, now: at(0))
        _ = d.receive([firing(["alertname": "A", "from": "inside"], 0)], now: at(0))
        let sent = d.advance(at(0)).send.map(\.notification)
        #expect(sent.map(\.groupKey).sorted() == ["{}:{alertname=\"A\"}", "{}:{alertname=\"A\"}/external"])
        #expect(sent.allSatisfy { $0.alerts.count == 1 })
    }

    @Test func theyInhibitOursOnlyWhereTheRuleSaysSo() {
        for isAllowed in [false, true] {
            let rule = InhibitRule(
                sourceMatchers: [matcher("severity=critical")], targetMatchers: [matcher("severity=low")],
                external: isAllowed)
            var d = Dispatcher(oneReceiver(inhibitRules: [rule]))
            _ = d.receive(
                [posted(["alertname": "P", "severity": "critical"], 0, end: far)], external: true, now: at(0))
            _ = d.receive([posted(["alertname": "Q", "severity": "low"], 0, end: far)], external: true, now: at(0))
            _ = d.receive([firing(["alertname": "A", "severity": "low"], 0)], now: at(0))
            let suppressed = d.alertStatuses(at(0)).filter { !$0.inhibitedBy.isEmpty }.map(\.alert.name)
            #expect(suppressed == (isAllowed ? ["A", "Q"] : ["Q"]))
            #expect(d.step(30).sorted() == (isAllowed ? ["first:P/"] : ["first:A/", "first:P/"]))
            // Ours inhibit those from outside, as any others.
            _ = d.receive(
                [posted(["alertname": "P", "severity": "critical"], 0, end: 40)], external: true, now: at(40))
            _ = d.receive([firing(["alertname": "B", "severity": "critical"], 40)], now: at(40))
            #expect(
                d.alertStatuses(at(41)).filter { !$0.inhibitedBy.isEmpty }.map(\.alert.name) == ["A", "Q"])
        }
    }

    /// A restart takes all of ours, and of the others no more than may be held: the last updated ones.
    @Test func aRestartStaysWithinTheLimits() {
        var options = oneReceiver()
        options.external.count = 10
        var d = Dispatcher(options)
        _ = d.receive(
            (0..<10).map { posted(["alertname": "P\($0)"], Double($0), end: far) }, external: true, now: at(10))
        _ = d.receive((0..<10).map { firing(["alertname": "A\($0)"], 0) }, now: at(10))
        let saved = d.saved
        options.external.count = 4
        options.alertLimit = 5
        d = Dispatcher(options)
        let decisions = d.restore(saved, now: at(20))
        #expect(decisions.removedAlerts.count == 6)
        #expect(
            d.alertStatuses(at(20)).map(\.alert.name)
                == (0..<10).map { "A\($0)" } + ["P6", "P7", "P8", "P9"])
        #expect(d.external.count == 4)
    }
}

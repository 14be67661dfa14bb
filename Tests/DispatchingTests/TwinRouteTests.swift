import Alerts
import Platform
import Samples
import Testing

@testable import Dispatching

/// Sibling routes with equal matchers, over reloads and restarts while their alerts fire: a receiver keeps one incident a
/// group key, so that a key that moves to another route orphans it.
struct TwinRouteTests {
    private static func twin(_ receiver: String, repeats: Int = 3600) -> Route {
        Route(
            receiver: receiver, matchers: [matcher("severity=critical")], continues: true, groupWait: .seconds(1),
            groupInterval: .seconds(10), repeatInterval: .seconds(repeats))
    }

    private static func options(_ routes: [Route]) -> DispatchOptions {
        DispatchOptions(
            route: Route(receiver: "root", routes: routes),
            receivers: ["root", "a", "b", "c"].map { name in
                .init(name: name, integrations: [.init(.init(.pagerduty, 0), sendResolved: true)])
            })
    }

    private static let labels = ["alertname": "X", "severity": "critical"]

    /// One step in which all messages are accepted; `receiver reason key` of each.
    private static func step(_ d: inout Dispatcher, _ seconds: Double) -> [String] {
        accept(d.advance(at(seconds)), &d, seconds)
    }

    private static func accept(_ decisions: Decisions, _ d: inout Dispatcher, _ seconds: Double) -> [String] {
        decisions.send.compactMap { outgoing -> String? in
            guard d.beginAttempt(outgoing) != nil else { return nil }
            _ = d.recordAccepted(outgoing, now: at(seconds))
            let one = outgoing.notification
            return "\(one.receiver) \(one.reason.rawValue) \(one.groupKey)"
        }.sorted()
    }

    private static func firing(_ routes: [Route]) -> (Dispatcher, [String]) {
        var d = Dispatcher(options(routes))
        _ = d.receive([alert()], now: at(0))
        let sent = step(&d, 2)
        return (d, sent)
    }

    private static func alert() -> Alert {
        Alert(labels: Labels(labels), startsAt: at(0).wall, updatedAt: at(0).wall)
    }

    private static let first = #"{}/{severity="critical"}:{}"#
    private static let second = #"{}/{severity="critical"}#2:{}"#

    private static func restarted(_ d: Dispatcher, _ routes: [Route], _ seconds: Double) -> Dispatcher {
        var next = Dispatcher(options(routes))
        _ = next.restore(d.saved, now: at(seconds))
        return next
    }

    @Test(arguments: [false, true]) func theFirstIsDeleted(overARestart: Bool) {
        var (d, sent) = Self.firing([Self.twin("a"), Self.twin("b")])
        #expect(sent == ["a first \(Self.first)", "b first \(Self.second)"])
        let left = [Self.twin("b")]
        if overARestart {
            d = Self.restarted(d, left, 5)
        } else {
            _ = d.reload(Self.options(left), now: at(5))
        }
        // The receiver of the deleted one is told; that of the other has nothing new.
        let told = (6...40).flatMap { Self.step(&d, Double($0)) }
        #expect(told == ["a resolved \(Self.first)"] || told == [], "\(told)")
        _ = d.receive([ended(Self.labels, since: 0, 50)], now: at(50))
        // A group whose route is gone is flushed every 5 min after a restart.
        let ends = (50...400).flatMap { Self.step(&d, Double($0)) }
        #expect(ends.filter { $0.hasPrefix("b") } == ["b resolved \(Self.second)"], "\(ends)")
        #expect((told + ends).filter { $0.hasPrefix("a") } == ["a resolved \(Self.first)"], "\(told + ends)")
    }

    @Test func oneIsInsertedBefore() {
        var (d, _) = Self.firing([Self.twin("a"), Self.twin("b")])
        _ = d.reload(Self.options([Self.twin("c"), Self.twin("a"), Self.twin("b")]), now: at(5))
        let told = (6...40).flatMap { Self.step(&d, Double($0)) }
        #expect(told == [#"c first {}/{severity="critical"}#3:{}"#], "\(told)")
    }

    @Test(arguments: [false, true]) func theyChangePlaces(overARestart: Bool) {
        var (d, _) = Self.firing([Self.twin("a"), Self.twin("b")])
        let swapped = [Self.twin("b"), Self.twin("a")]
        if overARestart {
            d = Self.restarted(d, swapped, 5)
        } else {
            _ = d.reload(Self.options(swapped), now: at(5))
        }
        #expect((6...40).flatMap { Self.step(&d, Double($0)) } == [])
        _ = d.receive([ended(Self.labels, since: 0, 50)], now: at(50))
        let ends = (50...80).flatMap { Self.step(&d, Double($0)) }
        #expect(ends.sorted() == ["a resolved \(Self.first)", "b resolved \(Self.second)"], "\(ends)")
    }

    /// Twins of one receiver are told apart by what else they say.
    @Test func twinsOfOneReceiver() {
        var (d, sent) = Self.firing([Self.twin("a", repeats: 100), Self.twin("a", repeats: 7200)])
        #expect(sent == ["a first \(Self.second)", "a first \(Self.first)"])
        _ = d.reload(Self.options([Self.twin("a", repeats: 7200)]), now: at(5))
        let told = (6...40).flatMap { Self.step(&d, Double($0)) }
        #expect(told == [] || told == ["a resolved \(Self.first)"], "\(told)")
        #expect(d.tree.nodes[1].key == #"{}/{severity="critical"}#2"#)
    }

    /// The routes below a twin have its key in theirs.
    @Test func childrenOfTwins() {
        func parent(_ receiver: String) -> Route {
            var route = Self.twin(receiver)
            route.routes = [Route(matchers: [matcher("alertname=X")])]
            return route
        }
        var (d, sent) = Self.firing([parent("a"), parent("b")])
        #expect(sent.last == #"b first {}/{severity="critical"}#2/{alertname="X"}:{}"#)
        d = Self.restarted(d, [parent("b")], 5)
        #expect((6...40).flatMap { Self.step(&d, Double($0)) }.filter { $0.hasPrefix("b") } == [])
    }

    @Test func withoutAPastTheOrderDecides() {
        let tree = RouteTree(Self.options([Self.twin("a"), Self.twin("b"), Self.twin("a")]).route)
        #expect(
            tree.nodes.dropFirst().map(\.key)
                == ["", "#2", "#3"].map { #"{}/{severity="critical"}"# + $0 })
    }
}

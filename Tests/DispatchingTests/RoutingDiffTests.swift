import Platform
import Samples
import Testing

@testable import Dispatching

/// Who hears of what under another configuration.
struct RoutingDiffTests {
    private static func tree(_ critical: String, wait: Duration = .seconds(10), continues: Bool = false) -> RouteTree {
        RouteTree(
            Route(
                receiver: "mail", groupWait: .seconds(30),
                routes: [
                    Route(
                        receiver: critical, matchers: [matcher("severity=critical")], continues: continues,
                        groupWait: wait),
                    Route(receiver: "audit", matchers: [matcher("alertname=~Sealed.*")]),
                ]))
    }

    private static let alerts: [Labels] = [
        ["alertname": "Sealed", "severity": "critical"], ["alertname": "Lag", "severity": "low"],
        ["alertname": "Sealed", "severity": "critical"],
    ]

    private func lines(_ old: RouteTree, _ new: RouteTree) -> [String] {
        RoutingDiff(from: old, to: new, over: RoutingDiffTests.alerts).changes.map(\.description)
    }

    @Test func namesWhoHearsAndWhenWhereThatDiffers() {
        let old = RoutingDiffTests.tree("pager")
        #expect(lines(old, old).isEmpty)
        #expect(RoutingDiff(from: old, to: old, over: RoutingDiffTests.alerts).count == 2)
        #expect(lines(old, RoutingDiffTests.tree("ops")) == [#"Sealed{severity="critical"}: pager → ops"#])
        #expect(
            lines(old, RoutingDiffTests.tree("pager", continues: true)) == [
                #"Sealed{severity="critical"}: pager → pager, audit"#
            ])
        #expect(
            lines(old, RoutingDiffTests.tree("pager", wait: .zero)) == [
                #"Sealed{severity="critical"}: pager (group_wait 10s) → pager (group_wait 0s)"#
            ])
    }
}

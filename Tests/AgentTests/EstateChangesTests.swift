import Delivery
import Samples
import Testing

@testable import Agent
@testable import Probes

/// What PagerDuty calls changes: failovers, unseals, upgrades.
struct EstateChangesTests {
    private static let at = Timestamp(year: 2026, month: 1, day: 5)

    private static func result(_ samples: [(String, [String: String], Double)]) -> ProbeResult {
        ProbeResult(
            target: ProbeTarget(.vaultNode, "prod/v1"),
            samples: samples.map { name, labels, value in
                Sample(Labels(name: name, labels.merging(["cluster": "prod"]) { own, _ in own }), value, at: at)
            }, isDerived: false, failure: nil, duration: .zero, status: TargetStatus(.ok, "active"), timestamp: at)
    }

    private static func node(_ name: String, sealed: Bool, _ version: String) -> ProbeResult {
        result([
            ("vault_node_sealed", ["node": name], sealed ? 1 : 0),
            ("vault_node_info", ["node": name, "version": version], 1),
        ])
    }

    @Test func isWhatDiffersFromBefore() {
        let changes = EstateChanges()
        func seen(_ results: ProbeResult...) -> [String] { changes.observe(results).map(\.summary) }
        #expect(seen(Self.node("v1", sealed: true, "1.15.2"), Self.node("v2", sealed: false, "1.15.2")).isEmpty)
        #expect(seen(Self.node("v1", sealed: true, "1.15.2")).isEmpty)
        #expect(seen(Self.node("v1", sealed: false, "1.15.2")) == ["prod: v1 was unsealed"])
        // That it is sealed is an alert.
        #expect(seen(Self.node("v2", sealed: true, "1.15.2")).isEmpty)
        #expect(seen(Self.node("v1", sealed: false, "1.16.0")) == ["prod: v1 runs Vault 1.16.0 now, before 1.15.2"])
        // A node that is down says nothing of its version.
        #expect(seen(Self.result([("vault_node_up", ["node": "v1"], 0)])).isEmpty)
        #expect(seen(Self.node("v1", sealed: false, "1.16.0")).isEmpty)
    }

    @Test func aFailoverIsOneWhoeverLedBefore() {
        let changes = EstateChanges()
        func seen(_ active: [String], _ outage: Double? = nil) -> [ChangeEvent] {
            changes.observe([
                Self.result(
                    active.map { ("vault_cluster_active_info", ["node": $0], 1) }
                        + (outage.map { [("vault_cluster_last_failover_duration_seconds", [:], $0)] } ?? []))
            ])
        }
        #expect(seen(["v1"]).isEmpty && seen([]).isEmpty && seen(["v1"]).isEmpty)
        let failover = seen(["v2"], 4.2)
        #expect(failover.map(\.summary) == ["prod: v2 is the active node now, after v1; none was active for 4 seconds"])
        #expect(failover.first?.details["before"] == "v1")
        // A duration that is no number is no trap.
        #expect(seen(["v3"], .infinity).count == 1)
        #expect(seen(["v1"], .nan).count == 1)
    }
}

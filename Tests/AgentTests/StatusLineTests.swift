import Platform

import Samples
import Testing

@testable import Agent
@testable import Probes

struct StatusLineTests {
    private func result(
        _ kind: ProbeTarget.Kind, _ name: String, _ health: TargetStatus.Health = .ok, _ state: String = "active",
        answers: Bool = true
    ) -> ProbeResult {
        ProbeResult(
            target: ProbeTarget(kind, name), samples: [],
            isDerived: kind == .vaultCluster || kind == .postgresCluster,
            failure: answers ? nil : ProbeFailure("connect", "refused"),
            status: TargetStatus(answers ? health : .critical, answers ? state : "unreachable"),
            timestamp: Timestamp(milliseconds: 0))
    }

    private func line(_ results: [ProbeResult], awaiting: [ProbeTarget] = []) -> String {
        StatusLine.text(results, targets: results.filter { !$0.isDerived }.map(\.target) + awaiting)
    }

    @Test func theStart() {
        let targets = (1...6).map { ProbeTarget(.vaultNode, "c/\($0)") }
        #expect(StatusLine.text([], targets: []) == "No targets: only vaultwatch itself is monitored")
        #expect(StatusLine.text([], targets: targets) == "Starting: waiting for 6 of 6 targets")
        let some = (1...4).map { result(.vaultNode, "c/\($0)") }
        #expect(StatusLine.text(some, targets: targets) == "Starting: waiting for 2 of 6 targets")
        #expect(StatusLine.text([], targets: [targets[0]]) == "Starting: waiting for 1 of 1 target")
        // Reading a backup whole is not waited for.
        #expect(
            StatusLine.text(some, targets: targets.prefix(4) + [ProbeTarget(.backupContent, "b")])
                == "All well: 4 of 4 Vault nodes")
    }

    @Test func allWell() {
        let nodes = (1...3).map { result(.vaultNode, "c/\($0)") }
        let servers = (1...2).map { result(.postgres, "c/\($0)") }
        #expect(
            line(nodes + servers + [result(.backupSet, "daily"), result(.vaultCluster, "c")])
                == "All well: 3 of 3 Vault nodes, 2 of 2 PostgreSQL servers, 1 of 1 backup set")
    }

    @Test func nothingAnswers() {
        let nodes = (1...3).map { result(.vaultNode, "c/\($0)", answers: false) }
        #expect(line(nodes) == "0 of 3 Vault nodes answer")
        let servers = [result(.postgres, "c/1"), result(.postgres, "c/2", answers: false)]
        #expect(line(servers + nodes) == "0 of 3 Vault nodes answer; 1 of 2 PostgreSQL servers answers")
        #expect(line([result(.postgres, "c/1", answers: false)]) == "0 of 1 PostgreSQL server answers")
    }

    @Test func theWorstIsFirst() {
        let nodes = [result(.vaultNode, "c/1"), result(.vaultNode, "c/2", .warning, "behind")]
        let servers = (1...2).map { result(.postgres, "c/\($0)", answers: $0 > 2) }
        let set = result(.backupSet, "daily", .critical, "overdue")
        #expect(
            line(nodes + servers + [set, result(.records, "r")])
                == "0 of 2 PostgreSQL servers answer; 0 of 1 backup set well: daily overdue; "
                + "1 of 2 Vault nodes well: c/2 behind; well: 1 of 1 record folder")
    }

    /// What asks questions of its own is named as what it is, beside the nodes that it asks.
    @Test func aCanaryIsNoNode() {
        let others = [
            result(.vaultCanary, "c/active_node"), result(.vaultCanary, "c/load_balancer"),
            result(.vaultTelemetry, "c/1"),
        ]
        #expect(
            line([result(.vaultNode, "c/1")] + others)
                == "All well: 1 of 1 Vault node, 2 of 2 canaries, 1 of 1 telemetry page")
    }

    /// Nodes that answer and serve nobody are not well, whatever else is.
    @Test(arguments: [ProbeTarget.Kind.vaultNode, .vaultLoadBalancer, .vaultCanary, .postgres, .backupSet, .records])
    func nothingUsableIsNeverWell(_ kind: ProbeTarget.Kind) {
        let sealed = (1...3).map { result(kind, "c/\($0)", .critical, "sealed") }
        let dead = (1...3).map { result(kind, "c/\($0)", answers: false) }
        for unusable in [sealed, dead] {
            let line = line(unusable + [result(.vaultTelemetry, "c/1")])
            #expect(!line.hasPrefix("All well") && line.hasPrefix("0 of 3"), "\(line)")
        }
    }

    @Test func severalOfAKind() {
        let nodes = [
            result(.vaultNode, "c/1", .warning, "old"), result(.vaultNode, "c/2", .critical, "sealed"),
            result(.vaultNode, "c/3"),
        ]
        #expect(line(nodes) == "1 of 3 Vault nodes well: c/2 sealed and 1 more")
        #expect(
            line([result(.vaultNode, "c/1"), result(.vaultCluster, "c", .critical, "no active node")])
                == "0 of 1 Vault cluster well: c no active node; well: 1 of 1 Vault node")
    }
}

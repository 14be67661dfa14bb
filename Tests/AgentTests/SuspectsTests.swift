import Alerts
import Logging
import Platform
import Samples
import Simulation
import Store
import Synchronization
import Telemetry
import Testing
import YAML

@testable import Agent
@testable import Probes
@testable import Rules

/// Which targets are asked when an alert begins that others may explain, and when its message waits no longer.
struct SuspectsTests {
    private final class Seen: Sendable {
        let probed = Mutex<[ProbeTarget]>([])
        let answered = Mutex<[UInt64]>([])
        /// To be called when the rules have been evaluated.
        let evaluations = Mutex<[@Sendable () -> Void]>([])

        func evaluate() {
            let waiting = evaluations.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            for then in waiting { then() }
        }
    }

    private let time = VirtualTime()
    private let seen = Seen()
    private let suspects: Suspects
    private let appender: Appender

    init() throws {
        let registry = Registry()
        let rules = """
            groups:
            - name: a
              rules:
              - {alert: PostgresDown, expr: postgres_up == 0}
              - {alert: VaultwatchBlind, expr: 'sum(vault_node_up) == 0'}
            """
        let platform = Platform(
            time: time, random: SeededRandom(seed: 1), files: MemoryFiles(["/r.yml": rules]),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let store = Store(options: StoreOptions(), registry: registry)
        appender = Appender(
            store: store, clock: ClockStepDetector(store: store, platform: platform, registry: registry))
        for (cluster, server) in [("prod", "pg-1"), ("prod", "pg-2"), ("test", "pg-9")] {
            _ = appender.append([SuspectsTests.result(cluster, server, time.wall())])
        }
        suspects = Suspects(
            appender: appender, time: time, limit: .seconds(1),
            probe: { [seen] target in seen.probed.withLock { $0.append(target) } },
            evaluated: { [seen] then in seen.evaluations.withLock { $0.append(then) } },
            answered: { [seen] id in seen.answered.withLock { $0.append(id) } })
        let errors = ErrorList()
        suspects.setRules(RuleSet.load(["/r.yml"], files: platform.files, errors: errors))
        try #require(errors.isEmpty)
        time.move(to: time.monotonic() + .seconds(4))
    }

    private static func result(
        _ cluster: String, _ server: String, _ time: Timestamp, kind: ProbeTarget.Kind = .postgres
    ) -> ProbeResult {
        ProbeResult(
            target: ProbeTarget(kind, "\(cluster)/\(server)"),
            samples: [
                Sample(Labels(["__name__": "postgres_up", "cluster": cluster, "server": server]), 1, at: time)
            ], status: TargetStatus(.ok, ""), timestamp: time)
    }

    private func answer(_ cluster: String, _ server: String) {
        _ = appender.append([SuspectsTests.result(cluster, server, time.wall())])
    }

    private func alert(_ causes: String) -> Alert {
        Alert(
            labels: ["alertname": "A", "cluster": "prod"], annotations: ["explained_by": causes],
            startsAt: time.wall(), updatedAt: time.wall())
    }

    private var probed: [String] { seen.probed.withLock { $0.map(\.name).sorted() } }
    private var answered: Int { seen.answered.withLock(\.count) }

    @Test func theTargetsOfTheSameClusterAreAskedAndAllMustAnswer() {
        suspects.ask([alert("PostgresDown")])
        #expect(probed == ["prod/pg-1", "prod/pg-2"] && answered == 0)
        suspects.note(ProbeTarget(.postgres, "prod/pg-1"))
        time.move(to: time.monotonic() + .milliseconds(200))
        #expect(answered == 0)
        suspects.note(ProbeTarget(.postgres, "prod/pg-2"))
        // Rules say first what the answer means.
        #expect(answered == 0)
        seen.evaluate()
        #expect(answered == 1)
        time.move(to: time.monotonic() + .seconds(5))
        #expect(answered == 1)
    }

    /// A wrong guess: what answers is not the cause, and the message can say so.
    @Test func whoAnswersIsWell() {
        answer("prod", "pg-1")
        #expect(suspects.answering(alert("PostgresDown")) == ["postgres prod/pg-1", "postgres prod/pg-2"])
        #expect(suspects.answering(alert("")).isEmpty && suspects.answering(alert("Other")).isEmpty)
        // What was said long ago says nothing.
        time.move(to: time.monotonic() + .seconds(100))
        #expect(suspects.answering(alert("PostgresDown")).isEmpty)
        answer("prod", "pg-2")
        #expect(suspects.answering(alert("PostgresDown")) == ["postgres prod/pg-2"])
    }

    /// A server that has just been asked has said what it knows, as the target of the alert itself has.
    @Test func whoHasJustAnsweredIsNotAskedAgain() {
        answer("prod", "pg-1")
        time.move(to: time.monotonic() + .milliseconds(500))
        suspects.ask([alert("PostgresDown")])
        #expect(probed == ["prod/pg-2"] && answered == 0)
        answer("prod", "pg-2")
        suspects.ask([alert("PostgresDown PostgresDown(cluster)")])
        #expect(probed == ["prod/pg-2"] && answered == 1)
    }

    /// Telemetry of a node that hangs does not come.
    @Test func telemetryIsNotWaitedFor() {
        _ = appender.append([SuspectsTests.result("prod", "vault-1", time.wall(), kind: .vaultTelemetry)])
        time.move(to: time.monotonic() + .seconds(5))
        suspects.ask([alert("PostgresDown")])
        #expect(probed == ["prod/pg-1", "prod/pg-2"])
    }

    @Test func whatNothingCanExplainDoesNotWait() {
        suspects.ask([alert("Unknown"), alert("VaultwatchBlind()")])
        #expect(probed.isEmpty && answered == 2)
    }

    @Test func aSuspectThatDoesNotAnswerIsWaitedForASecond() {
        suspects.ask([alert("PostgresDown")])
        time.move(to: time.monotonic() + .seconds(2))
        for name in ["prod/pg-1", "prod/pg-2"] { suspects.note(ProbeTarget(.postgres, name)) }
        seen.evaluate()
        time.move(to: time.monotonic() + .seconds(2))
        #expect(answered == 0)
    }

    @Test func anyLabelsWillDoWhereTheRuleSaysSo() {
        suspects.ask([alert("PostgresDown()")])
        #expect(probed == ["prod/pg-1", "prod/pg-2", "test/pg-9"])
    }
}

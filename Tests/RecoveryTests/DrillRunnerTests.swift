import Alerts
import Platform
import Probes
import Samples
import Simulation
import Synchronization
import Testing
import Text
import YAML

@testable import Recovery

/// Whole drills in virtual time, with a scripted agent and scripted programs.
struct DrillRunnerTests {
    /// What the agent and the operator do, and what they were asked.
    private final class Script: Sendable {
        struct State {
            /// What holds, by expression, as a function of the seconds since the fault; what is not listed holds.
            var conditions: [String: @Sendable (Double) -> Bool] = [:]
            /// By the program's name.
            var programs: [String: DrillOperator.End] = [:]
            /// How long each takes, in seconds; longer than the timeout is a timeout.
            var durations: [String: Double] = [:]
            var answers: [DrillOperator.Question: DrillOperator.Answer] = [:]
            /// How long the operator thinks, in seconds.
            var thinks: Int64 = 0
            /// Programs that do not exist.
            var missing: Set<String> = []
            var history: [HistoryEntry] = []
            var refusesAnnouncement = false
            var refusesQueries = false
            var clockAhead = Duration.zero
            var fault: Timestamp?
            var log: [String] = []
            var interruptsAt: String?
        }

        let state = Mutex(State())
        let interrupt = DrillInterrupt()
        var log: [String] { state.withLock(\.log) }
    }

    private let time = VirtualTime(wall: Timestamp(milliseconds: 1_795_671_000_000))
    private let script = Script()

    private static let text = """
        name: vault_failure
        description: The active node fails.
        objective: {rto: 1m, rpo: 1h, paged: 1m}
        served: served
        data_loss: loss
        silence: ['alertname="Noise"']
        preconditions:
          - {check: ready, otherwise: "Mend ${cluster} first."}
        steps:
          - {name: "Kill ${active}", run: ["${hooks}/stop", "${active}"], harms: true, timeout: 1m}
          - {name: Takeover, wait: takeover, timeout: 1m}
          - {name: Right, check: right}
        finally:
          - {name: Start, run: [/start], timeout: 1m}
          - {name: Unsealed, confirm: "Is ${active} unsealed?", timeout: 1m}
        """

    /// The agent: what the script says, at the virtual time.
    private func agent() -> DrillAgent {
        let (script, time) = (script, time)
        let note = { @Sendable (text: String) in script.state.withLock { $0.log.append(text) } }
        return DrillAgent(
            query: { (expression) async throws(DrillAgent.Failure) -> DrillAgent.Value in
                let now = time.wall()
                let state = script.state.withLock {
                    (refuses: $0.refusesQueries, fault: $0.fault, ahead: $0.clockAhead)
                }
                if state.refuses { throw DrillAgent.Failure("nothing listens there") }
                if expression == "time()" {
                    return .init([.init(value: (now + state.ahead).seconds)], isScalar: true)
                }
                if expression.hasPrefix("vault_cluster_active_info") {
                    return .init([.init(labels: ["node": "vault-1"], value: 1)])
                }
                if expression.hasPrefix("vault_node_standby") {
                    return .init([
                        .init(labels: ["node": "vault-3"], value: 1), .init(labels: ["node": "vault-2"], value: 1),
                    ])
                }
                if expression == "loss" { return .init([.init(value: 600)]) }
                let since = state.fault.map { (now - $0).seconds } ?? -1
                let holds = script.state.withLock { $0.conditions[expression] }?(since) ?? true
                return .init(holds ? [.init(value: 0)] : [])
            },
            times: { (expression, start, end, step) async throws(DrillAgent.Failure) -> Set<Timestamp> in
                let (holds, fault) = script.state.withLock { ($0.conditions[expression], $0.fault) }
                var times: Set<Timestamp> = []
                var at = start
                while at <= end {
                    if holds?(fault.map { (at - $0).seconds } ?? -1) ?? true { times.insert(at) }
                    at = at + step
                }
                return times
            },
            history: { (from, to) async throws(DrillAgent.Failure) -> [HistoryEntry] in
                script.state.withLock { $0.history }.filter { $0.at >= from && $0.at <= to }
            },
            announce: { (drill) async throws(DrillAgent.Failure) in
                if script.state.withLock({ $0.refusesAnnouncement }) { throw DrillAgent.Failure("not allowed") }
                note("announce \(drill.scenario) \(drill.cluster)")
            },
            end: { (cluster) async throws(DrillAgent.Failure) in note("end \(cluster)") },
            silence: { (matchers, _, _) async throws(DrillAgent.Failure) -> String in
                note("silence \(matchers)")
                return "s1"
            },
            expire: { (id) async throws(DrillAgent.Failure) in note("expire \(id)") })
    }

    private func operators() -> DrillOperator {
        let (script, time) = (script, time)
        return DrillOperator(
            obstacle: { program in
                script.state.withLock { $0.missing.contains(program) } ? "No such file or directory" : nil
            },
            run: { arguments, _, timeout in
                let name = arguments.joined(separator: " ")
                let program = arguments.first ?? ""
                let (end, seconds, interrupts) = script.state.withLock { state in
                    state.log.append("run \(name)")
                    if program == "/h/stop" { state.fault = state.fault ?? time.wall() }
                    return (
                        state.programs[program] ?? .exited(0), state.durations[program] ?? 1,
                        state.interruptsAt == program
                    )
                }
                if interrupts { script.interrupt.raise() }
                try? await time.sleep(for: min(.milliseconds(Int64(seconds * 1000)), timeout))
                if Task.isCancelled { return .interrupted }
                return seconds > timeout.seconds ? .timedOut : end
            },
            ask: { question in
                let thinks = script.state.withLock(\.thinks)
                if thinks > 0 { try? await time.sleep(for: .seconds(thinks)) }
                return script.state.withLock { state in
                    state.log.append("ask")
                    return state.answers[question] ?? .yes
                }
            }, show: { _ in })
    }

    private func drill(_ text: String = DrillRunnerTests.text) throws -> DrillReport {
        let errors = ErrorList()
        let scenario = try #require(
            DrillScenario.parse(Array(text.utf8), file: "d.yml", errors: errors), "\(errors.errors)")
        let runner = DrillRunner(
            scenario, cluster: "prod", id: "DR-1", hooks: "/h", agent: agent(), operators: operators(), time: time,
            interrupt: script.interrupt)
        let execution = try #require(SerialExecution(random: SeededRandom(seed: 1)))
        let box = Box()
        execution.use {
            _ = Task.detached {
                let report = await runner.run()
                box.report.withLock { $0 = report }
            }
        }
        execution.run(time, until: time.monotonic() + .seconds(20_000))
        return try #require(box.report.withLock { $0 }, "the drill did not end")
    }

    private final class Box: Sendable {
        let report = Mutex<DrillReport?>(nil)
    }

    private func change(_ body: (inout Script.State) -> Void) { script.state.withLock { body(&$0) } }

    /// The alert fires 3 s after the fault, and is accepted 5 s after it; the service is away from 2 s to 14 s.
    private func takeover() {
        change { state in
            state.conditions["takeover"] = { $0 >= 14 }
            state.conditions["served"] = { $0 < 2 || $0 >= 14 }
        }
    }

    private func writeHistory(_ report: [(Double, HistoryEntry.Kind, String, [Int])]) {
        let fault = time.wall()
        change { state in
            state.history = report.map { offset, kind, subject, incidents in
                HistoryEntry(
                    at: fault + .milliseconds(Int64(offset * 1000)), kind: kind, subject: subject,
                    receiver: kind == .sent ? "ops" : "", incidents: incidents)
            }
        }
    }

    private static let alert = #"{alertname="VaultNodeUnreachable", cluster="prod", node="vault-1"}"#

    private func page() {
        writeHistory([
            (-60, .firing, #"{alertname="Old", cluster="prod"}"#, [1]), (1, .sent, "{}:{alertname=\"Old\"}", [1]),
            (2, .firing, #"{alertname="Elsewhere", cluster="test"}"#, [2]), (2, .sent, "x", [2]),
            (3, .firing, DrillRunnerTests.alert, [3]), (5, .sent, "{}:{}", [3]),
            (20, .ended, DrillRunnerTests.alert, [3]),
        ])
    }

    @Test func aDrillThatPasses() throws {
        takeover()
        page()
        let report = try drill()
        #expect(report.outcome == .passed, "\(report.issues)")
        #expect(report.issues.isEmpty)
        #expect(
            script.log == [
                "announce vault_failure prod", #"silence alertname="Noise""#, "ask", "run /h/stop vault-1",
                "run /start",
                "ask", "end prod", "expire s1",
            ])
        #expect(report.steps.map(\.name) == ["Kill vault-1", "Takeover", "Right", "Start", "Unsealed"])
        #expect(report.steps.map(\.isFinal) == [false, false, false, true, true])
        #expect(report.steps.allSatisfy { $0.outcome == .passed })
        #expect(report.measured("rto") == 14)
        #expect(report.measured("rpo") == 600)
        #expect(report.measured("paged") == 5)
        let fault = try #require(report.faultAt.flatMap { Timestamp(rfc3339: $0) })
        #expect(report.knownAt == (fault + .seconds(3)).rfc3339)
        #expect(report.interruptedAt == (fault + .seconds(2)).rfc3339)
        #expect(report.timeline.contains { $0.what == "paged" && $0.offset == 5 })
        // What fired before, or elsewhere, is not of the drill.
        #expect(!report.timeline.contains { $0.what.contains("Old") || $0.what.contains("Elsewhere") })
    }

    /// What the last step saw counts, although it lies between two of the times that are asked for.
    @Test func aServiceThatCameBackJustBeforeTheEndIsBack() throws {
        change { state in
            state.durations["/h/stop"] = 0.5
            state.conditions["takeover"] = { $0 >= 13.2 }
            state.conditions["served"] = { $0 < 2 || $0 >= 13.2 }
        }
        page()
        let report = try drill()
        #expect(report.outcome == .passed, "\(report.issues)")
        #expect(report.measured("rto") == 13.5)
    }

    @Test func aServiceThatWasNeverAwayIsBackAtOnce() throws {
        page()
        let report = try drill()
        #expect(report.measured("rto") == 0)
        #expect(report.interruptedAt == nil)
        #expect(report.markdown.contains("never seen away"))
    }

    @Test func missedObjectivesFail() throws {
        change { state in
            state.conditions["takeover"] = { $0 >= 50 }
            state.conditions["served"] = { $0 < 2 || $0 >= 100 }
        }
        let report = try drill()
        #expect(report.outcome == .failed)
        #expect(
            report.issues == [
                "the service was not back, promised within 1 min", "nobody was paged, promised within 1 min",
            ])
        #expect(report.objectives.map(\.isMet) == [false, true, false])
        // It waited for the page as long as it was promised, and not longer.
        #expect(report.steps.allSatisfy { $0.outcome == .passed })
    }

    @Test func aPreconditionThatDoesNotHoldRefuses() throws {
        change { $0.conditions["ready"] = { _ in false } }
        let report = try drill()
        #expect(report.outcome == .refused)
        #expect(report.issues == ["Mend prod first."])
        #expect(script.log.isEmpty)
        #expect(report.record(at: time.wall()) == nil)
    }

    @Test func anAgentThatDoesNotAnswerRefuses() throws {
        change { $0.refusesQueries = true }
        let report = try drill()
        #expect(report.outcome == .refused)
        #expect(report.issues == ["the agent that measures the drill does not answer: nothing listens there"])
    }

    @Test func aDrillThatCannotBeAnnouncedIsNotBegun() throws {
        change { $0.refusesAnnouncement = true }
        let report = try drill()
        #expect(report.outcome == .refused)
        #expect(report.issues == ["the drill could not be announced: not allowed"])
        // Nor is the drill ended that somebody else has announced.
        #expect(script.log.isEmpty)
    }

    /// What a step names and nobody knows is missed before anything is harmed.
    @Test func aServiceThatNobodyNamedRefuses() throws {
        let report = try drill(
            DrillRunnerTests.text.replacing("check: right", with: "check: 'right{s=\"${service}\"}'"))
        #expect(report.outcome == .refused)
        #expect(report.issues == ["Right: the scenario needs a service; name it with --service"])
    }

    @Test func aProgramThatDoesNotExistRefuses() throws {
        change { $0.missing = ["/start"] }
        let report = try drill()
        #expect(report.outcome == .refused)
        #expect(report.issues == ["/start: No such file or directory"])
    }

    @Test(
        arguments: [
            (DrillOperator.End.exited(3), "Kill vault-1: /h/stop ended with status 3"),
            (.signalled(9), "Kill vault-1: /h/stop was killed by signal 9"),
            (.notStarted("no such file"), "Kill vault-1: /h/stop: no such file"),
        ]) func aProgramThatFails(_ end: DrillOperator.End, _ issue: String) throws
    {
        change { $0.programs["/h/stop"] = end }
        let report = try drill()
        #expect(report.outcome == .failed)
        #expect(report.issues.first == issue)
        #expect(report.steps.map(\.outcome) == [.failed, .skipped, .skipped, .passed, .passed])
        #expect(script.log.contains("run /start") && script.log.last == "expire s1")
    }

    @Test func aProgramThatDoesNotEnd() throws {
        change { $0.durations["/h/stop"] = 100 }
        let report = try drill()
        #expect(report.steps.first?.outcome == .timedOut)
        #expect(report.issues.first == "Kill vault-1: /h/stop did not end within 1 min")
    }

    @Test func aWaitThatIsNotFulfilled() throws {
        change { $0.conditions["takeover"] = { _ in false } }
        let report = try drill()
        #expect(report.steps.map(\.outcome) == [.passed, .timedOut, .skipped, .passed, .passed])
        #expect(report.issues.first == "Takeover: after 1 min: it does not hold: takeover")
        let seconds = try #require(report.steps[1].seconds)
        #expect(seconds >= 60 && seconds < 62)
    }

    @Test func aCheckThatDoesNotHold() throws {
        change { $0.conditions["right"] = { _ in false } }
        let report = try drill()
        #expect(report.steps.map(\.outcome) == [.passed, .passed, .failed, .passed, .passed])
        #expect(report.outcome == .failed)
    }

    /// Nothing was done, so nothing is put back.
    @Test(arguments: [DrillOperator.Answer.no, .nobody("run it at a terminal")])
    func whoeverDeclinesLeavesAllAsItWas(_ answer: DrillOperator.Answer) throws {
        change { $0.answers[.harm(step: "Kill vault-1", action: "/h/stop vault-1")] = answer }
        let report = try drill()
        #expect(report.outcome == .aborted)
        #expect(report.steps.map(\.outcome) == [.declined, .skipped, .skipped, .skipped, .skipped])
        #expect(!script.log.contains { $0.hasPrefix("run") })
        // It says nothing about the procedure.
        #expect(report.record(at: time.wall()) == nil)
        #expect(script.log.suffix(2) == ["end prod", "expire s1"])
    }

    /// He agreed to what stood an hour ago: the quorum may be gone since.
    @Test func aLateAnswerIsToWhatStillStands() throws {
        let (time, start) = (time, time.wall())
        change { state in
            state.thinks = 600
            state.conditions["ready"] = { _ in time.wall() < start + .seconds(60) }
        }
        let report = try drill()
        #expect(report.outcome == .aborted)
        #expect(report.steps.first?.reason == "a precondition no longer holds: Mend prod first.")
        #expect(!script.log.contains { $0.hasPrefix("run") })
        #expect(script.log.suffix(2) == ["end prod", "expire s1"])
    }

    @Test func aLateAnswerCountsIfNothingChanged() throws {
        takeover()
        change { $0.thinks = 600 }
        #expect(try drill().steps.first?.outcome == .passed)
    }

    @Test func ctrlCStillPutsEverythingBack() throws {
        change { $0.interruptsAt = "/h/stop" }
        let report = try drill()
        #expect(report.outcome == .aborted)
        #expect(report.steps.map(\.outcome) == [.interrupted, .skipped, .skipped, .passed, .passed])
        #expect(script.log.suffix(4) == ["run /start", "ask", "end prod", "expire s1"])
        #expect(report.record(at: time.wall())?.kind == .drillFailed)
    }

    /// A second one ends the step of `finally` that is under way, and no other.
    @Test func ctrlCInFinallyEndsThatStepAlone() throws {
        takeover()
        page()
        change { $0.interruptsAt = "/start" }
        let report = try drill()
        #expect(report.steps.map(\.outcome) == [.passed, .passed, .passed, .interrupted, .passed])
        #expect(report.outcome == .aborted)
        #expect(script.log.last == "expire s1")
    }

    @Test func whatFailsInFinallyFailsTheDrill() throws {
        takeover()
        page()
        change { $0.programs["/start"] = .exited(1) }
        let report = try drill()
        #expect(report.outcome == .failed)
        #expect(report.issues == ["finally: Start: /start ended with status 1"])
        #expect(report.steps.last?.outcome == .passed)
    }

    @Test func anotherClockIsCorrectedFor() throws {
        takeover()
        page()
        change { state in
            state.clockAhead = .seconds(100)
            state.history = state.history.map { entry in
                var entry = entry
                entry.at = entry.at + .seconds(100)
                return entry
            }
        }
        let report = try drill()
        #expect(report.measured("paged") == 5)
        #expect(report.issues.first?.contains("ahead of this machine's") == true)
    }

    @Test func theRecordIsWhatTheRulesWatch() throws {
        takeover()
        page()
        let record = try #require(try drill().record(at: time.wall()))
        #expect(record.kind == .drillCompleted)
        #expect(record.details.scenario == "vault_failure" && record.details.success == true)
        #expect(record.details.duration == 14_000 && record.details.rtoMet == true)
        #expect(record.details.paged == 5000 && record.details.dataLoss == 600_000)
    }
}

import Platform
import Samples
import Text

/// The counters and the last outcome of a target's probes.
struct ProbeTally: Sendable {
    private(set) var runs = 0
    private(set) var failures: [String: Int] = [:]
    private(set) var lastSuccess: Timestamp?
    private(set) var lastFailure: ProbeFailure?
    private(set) var lastState: String?
    /// Those of the last run, for `SampleSet`.
    private(set) var series = SeriesOfRun()

    /// A change in the outcome that is worth a log line.
    enum Change: Sendable, Hashable {
        case none
        case failed(ProbeFailure)
        case recovered
        case state(from: String?, to: String)
    }

    mutating func record(_ report: ProbeReport, at now: Timestamp) -> Change {
        runs += 1
        let stateBefore = lastState
        let failureBefore = lastFailure
        lastState = report.status.state
        lastFailure = report.failure
        if let failure = report.failure {
            failures[failure.reason, default: 0] += 1
            return failureBefore?.reason == failure.reason ? .none : .failed(failure)
        }
        lastSuccess = now
        if failureBefore != nil { return .recovered }
        return stateBefore == report.status.state ? .none : .state(from: stateBefore, to: report.status.state)
    }

    mutating func add(
        to set: inout SampleSet, success: Bool, duration: Duration, turns: ProbeTurns, target: ProbeTarget
    ) {
        set.add("vaultwatch_probe_success", success)
        set.add("vaultwatch_probe_duration_seconds", duration.seconds)
        set.add("vaultwatch_probe_last_success_timestamp_seconds", lastSuccess)
        set.add("vaultwatch_probe_runs_total", runs)
        if let lastFailure { set.add("vaultwatch_probe_failure", 1, ["reason": lastFailure.reason]) }
        for (reason, count) in failures.sorted(by: { $0.key < $1.key }) {
            set.add("vaultwatch_probe_failures_total", count, ["reason": reason])
        }
        set.add("vaultwatch_probe_confirmations_total", turns.confirmations(target))
        set.add("vaultwatch_probe_missed_turns_total", turns.missed(target))
        series.keep(set.samples)
    }
}

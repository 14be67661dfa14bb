import Alerts
import Platform
import Probes
import Rules
import Samples
import Synchronization

/// Probes the targets that may explain a new alert at once rather than at their next turn, and reports when all have
/// answered: the alert's first message waits for that, at most `DispatchOptions.suspectWait`.
///
/// An alert's suspects are the targets whose last results have metrics that the explaining rules read, and that agree
/// with the alert in the labels which the explanation requires to be equal.
final class Suspects: Sendable {
    private struct Wait {
        /// Targets that have not answered yet.
        var targets: Set<ProbeTarget>
        var timer: TimerID
    }

    private struct State {
        /// What rules read, by alert.
        var metrics: [String: (names: Set<String>, selection: Catalogue.Selection)] = [:]
        var waits: [UInt64: Wait] = [:]
    }

    /// Maximum number of alerts that wait at once; messages of further ones wait for the full time.
    private static let waitLimit = 64
    /// Maximum number of targets probed per alert: when everything fails, everything is probed soon anyway.
    private static let targetLimit = 16
    /// A result that is younger is not requested again.
    private static let freshness = Duration.seconds(1)
    private let appender: Appender
    private let time: any TimeSource
    private let limit: Duration
    private let probe: @Sendable (ProbeTarget) -> Void
    private let evaluated: @Sendable (_ then: @escaping @Sendable () -> Void) -> Void
    private let answered: @Sendable (UInt64) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - limit: the maximum time that an alert waits.
    ///   - probe: requests an immediate run of a target.
    ///   - evaluated: calls back when the rules that read what targets have answered so far have been evaluated.
    ///   - answered: called once for each alert, when its suspects have answered and the rules that read the results
    ///     have been evaluated; not if they have not answered within `limit`.
    init(
        appender: Appender, time: any TimeSource, limit: Duration, probe: @escaping @Sendable (ProbeTarget) -> Void,
        evaluated: @escaping @Sendable (_ then: @escaping @Sendable () -> Void) -> Void,
        answered: @escaping @Sendable (UInt64) -> Void
    ) {
        self.appender = appender
        self.time = time
        self.limit = limit
        self.probe = probe
        self.evaluated = evaluated
        self.answered = answered
    }

    /// Takes the rules that may explain alerts.
    func setRules(_ rules: RuleSet) {
        var metrics: [String: Set<String>] = [:]
        for rule in rules.groups.flatMap(\.rules) where rule.kind == .alerting {
            // A rule that may read any metric identifies no target.
            metrics[rule.name, default: []].formUnion(rule.metricNames ?? [])
        }
        let selections = metrics.mapValues { ($0, Catalogue.Selection(seriesNames: $0)) }
        state.withLock { $0.metrics = selections }
    }

    /// Probes the suspects of these alerts, which have begun to fire and which nothing explains yet.
    func ask(_ alerts: [Alert]) {
        // A target that was just probed, such as the alert's own, need not be probed again.
        let now = time.wall()
        let results = appender.resultsWithLayout.filter { now - $0.result.timestamp >= Suspects.freshness }
        for alert in alerts {
            let targets = suspects(of: alert, results)
            guard !targets.isEmpty else {
                answered(alert.id)
                continue
            }
            let isWaiting = state.withLock { state in
                guard state.waits.count < Suspects.waitLimit, state.waits[alert.id] == nil else { return false }
                let timer = time.schedule(at: time.monotonic() + limit) { [weak self] in self?.forget(alert.id) }
                state.waits[alert.id] = Wait(targets: targets, timer: timer)
                return true
            }
            if isWaiting { for target in targets { probe(target) } }
        }
    }

    /// Maximum age of a result that shows that a target is well.
    private static let answerAge = Duration.seconds(60)

    /// The suspects of an alert that have answered and are well: none of them is the cause.
    func answering(_ alert: Alert) -> [String] {
        if alert.explanations.isEmpty { return [] }
        let now = time.wall()
        let results = appender.resultsWithLayout
        let targets = suspects(of: alert, results)
        return results.lazy.map(\.result).filter { result in
            targets.contains(result.target) && result.failure == nil && result.status.health == .ok
                && now - result.timestamp <= Suspects.answerAge
        }.map { "\($0.target)" }
    }

    private func suspects(
        of alert: Alert, _ results: [(result: ProbeResult, layout: Catalogue.Layout)]
    ) -> Set<ProbeTarget> {
        let metrics = state.withLock(\.metrics)
        var targets: Set<ProbeTarget> = []
        for explanation in alert.explanations {
            guard let (names, selection) = metrics[explanation.alertName] else { continue }
            for (result, layout) in results where Suspects.canTell(result) {
                guard targets.count < Suspects.targetLimit else { break }
                let isRead = selection.samples(layout).contains { index in
                    let labels = result.samples[index].labels
                    guard let name = labels.name, names.contains(name) else { return false }
                    return explanation.equal.allSatisfy { (labels[$0] ?? "") == (alert.labels[$0] ?? "") }
                }
                if isRead { targets.insert(result.target) }
            }
        }
        return targets
    }

    /// Telemetry is large, and that of a hung node times out: it would delay every message about such a node.
    private static func canTell(_ result: ProbeResult) -> Bool {
        !result.isDerived && result.target.kind != .vaultTelemetry
    }

    /// A target has been probed.
    func note(_ target: ProbeTarget) {
        let done = state.withLock { state -> [(UInt64, TimerID)] in
            var done: [(UInt64, TimerID)] = []
            for id in state.waits.keys where state.waits[id]?.targets.remove(target) != nil {
                guard let wait = state.waits[id], wait.targets.isEmpty else { continue }
                state.waits[id] = nil
                done.append((id, wait.timer))
            }
            return done
        }
        for (id, timer) in done {
            time.cancel(timer)
            evaluated { [answered] in answered(id) }
        }
    }

    private func forget(_ id: UInt64) { state.withLock { $0.waits[id] = nil } }
}

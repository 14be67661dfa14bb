package import Alerts
import PromQL
package import Samples

/// The result of one evaluation of a group.
package struct GroupResult: Sendable {
    /// For the store: results, `ALERTS`, `ALERTS_FOR_STATE`, and stale markers of series that ended.
    package var samples: [Sample] = []
    /// For the dispatcher: alerts that began, ended, or are due to be re-sent.
    package var alerts: [Alert] = []
    /// Number of evaluated rules, including failed ones.
    package var evaluations = 0
    /// Rules that failed: their names and errors.
    package var failures: [(rule: String, error: String)] = []
    /// Alerts whose `for` has begun to run, or that went before it had passed.
    package var pending: [PendingChange] = []
    /// Whether an alert came, went or changed its state, so that the state should be saved.
    package var isChanged = false

    /// An empty result.
    package init() {}
}

/// An alert has become pending, or has gone without having fired.
package struct PendingChange: Sendable, Hashable {
    /// With the external labels, as the alert would be sent.
    package let labels: Labels
    /// The annotation `summary`; empty if there is none.
    package let summary: String
    /// When its expression first held.
    package let since: Timestamp
    /// How long it must hold: the rule's `for`.
    package let hold: Duration
    /// Whether it has gone.
    package let isOver: Bool
}

/// One group and the state of its rules: a value; the time is passed in.
/// Source of the semantics: prometheus/prometheus, rules/group.go and rules/alerting.go.
package struct GroupEvaluator: Sendable {
    /// Whether a rule's last evaluation succeeded, in the words of Prometheus' API.
    package enum Health: String, Sendable, Hashable {
        case unknown, ok, err
    }

    /// A rule's state between evaluations.
    package struct RuleState: Sendable {
        /// `unknown` before the first evaluation.
        package internal(set) var health = Health.unknown
        /// Why the last evaluation failed; nil if it did not.
        package internal(set) var lastError: String?
        /// When the rule was last evaluated.
        package internal(set) var lastEvaluation: Timestamp?
        /// Number of series that the last evaluation of the expression read.
        package internal(set) var seriesRead = 0
        /// Number of samples that the last evaluation of the expression read.
        package internal(set) var samplesRead = 0
        /// Whether the last evaluation succeeded but its selectors matched no series; never for an expression without
        /// selectors, or one that tests for absence.
        package internal(set) var readsNothing = false
        /// By labels.
        package internal(set) var alerts: [Labels: ActiveAlert] = [:]
        /// Series of the last evaluation.
        var series: Set<Labels> = []
        /// The last result of the expression, where it is known what changes it.
        var result: KnownResult?
    }

    /// The group in its current version.
    package internal(set) var group: RuleGroup
    /// One state for each of the group's rules.
    package internal(set) var rules: [RuleState]
    /// Rules that a reload has removed, whose series and alerts the next evaluation ends.
    var removed: [RuleState] = []
    /// The external labels of the last evaluation, with which its alerts were sent.
    var externalLabels = Labels.empty

    /// A group that has not been evaluated yet.
    package init(_ group: RuleGroup) {
        self.group = group
        rules = group.rules.map { _ in RuleState() }
    }

    /// The inputs for the evaluation of one rule.
    struct Turn {
        /// When the evaluation began: for the states of alerts.
        let now: Timestamp
        /// The time of the samples: earlier by the group's `query_offset`.
        let time: Timestamp
        let source: OverlaySource
        let context: RuleContext
        /// Includes the rule's own deadline.
        let limits: EvaluationLimits

        func checkTime() throws(EvaluationError) {
            if limits.isOverdue() { throw EvaluationError(.timeout, "rule timed out in expanding its templates") }
        }
    }

    /// Evaluates all rules in order, each seeing the results of those before it. A rule that fails keeps its alerts.
    package mutating func evaluate(at now: Timestamp, _ context: RuleContext) -> GroupResult {
        var result = GroupResult()
        let time = now - (group.queryOffset ?? .zero)
        let overlay = OverlaySource(context.source)
        externalLabels = context.externalLabels
        endRemoved(now: now, time: time, &result)
        for index in group.rules.indices {
            let rule = group.rules[index]
            var limits = context.limits
            limits.isOverdue = context.startRule()
            let turn = Turn(now: now, time: time, source: overlay, context: context, limits: limits)
            result.evaluations += 1
            rules[index].lastEvaluation = now
            let counting = CountingSource(overlay)
            var known: KnownResult?
            defer {
                let read = known?.read ?? counting.read
                (rules[index].seriesRead, rules[index].samplesRead) = (read.series, read.samples)
                rules[index].readsNothing =
                    read.samples == 0 && rule.query.needsData && rules[index].health == .ok
            }
            do {
                // Read first: what changes during the evaluation is a change after it.
                let changes = rule.query.inputs.flatMap { overlay.changes(of: $0) }
                known = rules[index].result.flatMap { $0.holds(changes, at: time) ? $0 : nil }
                let elements: [VectorSample]
                if let known {
                    elements = known.elements
                } else {
                    rules[index].result = nil
                    elements = try GroupEvaluator.elements(
                        try Evaluator(source: counting, limits: limits).instant(
                            rule.query.expression, at: time, lookback: context.lookback))
                    rules[index].result = KnownResult(
                        elements, changes, counting.read, at: time, lookback: context.lookback)
                }
                let samples: [Sample]
                switch rule.kind {
                case .recording: samples = try recorded(rule, elements, at: time)
                case .alerting: samples = try alerted(rule, &rules[index], elements, turn, &result)
                }
                rules[index].health = .ok
                rules[index].lastError = nil
                let series = Set(samples.lazy.map(\.labels))
                let ended = rules[index].series.subtracting(series).map { Sample($0, StaleMarker.value, at: time) }
                rules[index].series = series
                overlay.add(ended + samples)
                result.samples += ended + samples
            } catch {
                rules[index].health = .err
                rules[index].lastError = "\(error)"
                result.failures.append((rule.name, "\(error)"))
            }
        }
        return result
    }

    /// Stale markers for all series of the last evaluation, for a group that is removed.
    package func ending(at now: Timestamp) -> [Sample] {
        (rules + removed).flatMap { $0.series.map { Sample($0, StaleMarker.value, at: now) } }
    }

    private static func elements(_ value: Value) throws(EvaluationError) -> [VectorSample] {
        switch value {
        case .vector(let elements): return elements
        case .scalar(let number): return [VectorSample(labels: .empty, value: number)]
        default: throw EvaluationError(.execution, "rule result is not a vector or scalar")
        }
    }

    private func recorded(_ rule: Rule, _ elements: [VectorSample], at time: Timestamp) throws(EvaluationError)
        -> [Sample]
    {
        var seen: Set<Labels> = []
        var samples: [Sample] = []
        for element in elements {
            let labels = element.labels.merging(rule.labels).setting(Labels.metricName, to: rule.name)
            guard seen.insert(labels).inserted else {
                throw EvaluationError(
                    .execution, "vector contains metrics with the same labelset after applying rule labels")
            }
            samples.append(Sample(labels, element.value, at: time))
        }
        if group.limit > 0, samples.count > group.limit {
            throw EvaluationError(.limit, "exceeded limit of \(group.limit) with \(samples.count) series")
        }
        return samples
    }
}

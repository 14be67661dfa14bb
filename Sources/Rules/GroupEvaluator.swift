import Alerts
import PromQL
import Samples

/// What one turn of a group gave.
package struct GroupResult: Sendable {
    /// For the store: results, `ALERTS`, `ALERTS_FOR_STATE`, and stale markers of what is no more.
    package var samples: [Sample] = []
    /// For the dispatcher: what began, ended, or is due to be told again.
    package var alerts: [Alert] = []
    package var evaluations = 0
    /// Rules that failed: their names and why.
    package var failures: [(rule: String, error: String)] = []
    /// Whether an alert came, went or changed its state, so that the state is worth saving.
    package var isChanged = false

    package init() {}
}

/// One group and the state of its rules: a value that is given the time.
/// Source of the semantics: prometheus/prometheus, rules/group.go and rules/alerting.go.
package struct GroupEvaluator: Sendable {
    package enum Health: String, Sendable, Hashable {
        case unknown, ok, err
    }

    package struct RuleState: Sendable {
        package internal(set) var health = Health.unknown
        package internal(set) var lastError: String?
        package internal(set) var lastEvaluation: Timestamp?
        /// By labels.
        package internal(set) var alerts: [Labels: ActiveAlert] = [:]
        /// Series that the rule gave last time.
        var series: Set<Labels> = []
    }

    package internal(set) var group: RuleGroup
    package internal(set) var rules: [RuleState]
    /// Of rules that a reload took out: what the next turn has yet to end.
    var leftovers: [RuleState] = []
    /// Under which alerts went out last.
    var externalLabels = Labels.empty

    package init(_ group: RuleGroup) {
        self.group = group
        rules = group.rules.map { _ in RuleState() }
    }

    /// Evaluates all rules in order, each seeing the results of those before it.
    package mutating func evaluate(at now: Timestamp, _ context: RuleContext) -> GroupResult {
        var result = GroupResult()
        let time = now - (group.queryOffset ?? .zero)
        let overlay = OverlaySource(context.source)
        let evaluator = Evaluator(source: overlay, limits: context.limits)
        externalLabels = context.externalLabels
        endLeftovers(now: now, time: time, &result)
        for index in group.rules.indices {
            let rule = group.rules[index]
            result.evaluations += 1
            rules[index].lastEvaluation = now
            do {
                let elements = try GroupEvaluator.elements(
                    try evaluator.instant(rule.query.expression, at: time, lookback: context.lookback))
                let samples: [Sample]
                switch rule.kind {
                case .recording: samples = try recorded(rule, elements, at: time)
                case .alerting:
                    samples = try alerted(
                        rule, &rules[index], elements, now: now, time: time, overlay, context, &result)
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

    /// Stale markers for everything that the group gave, when it is no more.
    package func ending(at now: Timestamp) -> [Sample] {
        rules.flatMap { $0.series.map { Sample($0, StaleMarker.value, at: now) } }
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

    // MARK: Alerts

    private func alerted(
        _ rule: Rule, _ state: inout RuleState, _ elements: [VectorSample], now: Timestamp, time: Timestamp,
        _ source: OverlaySource,
        _ context: RuleContext, _ result: inout GroupResult
    ) throws(EvaluationError) -> [Sample] {
        let functions = context.functions(source, at: time)
        var found: [Labels: (annotations: [String: String], value: Double)] = [:]
        for element in elements {
            let plain = element.labels.withoutName()
            let data = RuleTemplates.Data(
                labels: element.labels, value: element.value, externalLabels: context.externalLabels,
                externalURL: context.externalURL)
            let (labels, annotations) = rule.templates.expand(data, functions: functions)
            let all = plain.merging(labels).setting("alertname", to: rule.name)
            guard found.updateValue((annotations, element.value), forKey: all) == nil else {
                throw EvaluationError(
                    .execution, "vector contains metrics with the same labelset after applying alert labels")
            }
        }
        lazy var evidence = DataEvidence(rule.query.expression, source, at: time)
        if rule.noData == .alert, found.isEmpty, evidence.isMissing(for: nil, except: []) {
            let labels = Labels(rule.labels.filter { !$0.value.contains("{{") }).setting("alertname", to: rule.name)
            found[labels] = (
                [
                    "summary": "No data for \(rule.name)",
                    "description": "The series that the rule reads are gone: \(rule.query.text)",
                ], .nan
            )
        }
        // What has fired stays as it is: too much to look at is no recovery.
        if group.limit > 0, found.count > group.limit {
            throw EvaluationError(.limit, "exceeded limit of \(group.limit) with \(found.count) alerts")
        }
        for (labels, news) in found {
            if state.alerts[labels].map({ $0.state != .inactive }) == true {
                state.alerts[labels]?.value = news.value
                state.alerts[labels]?.annotations = news.annotations
                state.alerts[labels]?.keepFiringSince = nil
                state.alerts[labels]?.restoredUntil = nil
            } else {
                state.alerts[labels] = ActiveAlert(
                    labels: labels.dictionary, annotations: news.annotations, value: news.value, activeAt: now)
                result.isChanged = true
            }
        }
        let ownLabels = Set(rule.labels.keys)
        for labels in state.alerts.keys.sorted() {
            let isFound = found[labels] != nil
            let isActive = state.alerts[labels].map { $0.state != .inactive } ?? false
            let isBlind =
                rule.noData != .resolve && !isFound && isActive && evidence.isMissing(for: labels, except: ownLabels)
            // Restored, and its data are back: its end need not wait.
            if !isFound, state.alerts[labels]?.restoredUntil.map({ now.milliseconds < $0 }) == true,
                evidence.isComplete(for: labels, except: ownLabels)
            {
                state.alerts[labels]?.restoredUntil = nil
            }
            advance(rule, labels, isFound: isFound, isBlind: isBlind, &state, now, context, &result)
        }
        var samples: [Sample] = []
        for (labels, alert) in state.alerts.sorted(by: { $0.key < $1.key }) where alert.state != .inactive {
            samples.append(
                Sample(
                    labels.setting(Labels.metricName, to: "ALERTS").setting("alertstate", to: alert.state.rawValue), 1,
                    at: time))
            samples.append(
                Sample(
                    labels.setting(Labels.metricName, to: "ALERTS_FOR_STATE"), Double(alert.activeAt / 1000), at: time))
        }
        return samples
    }

    /// One alert's step: pending → firing → inactive → forgotten; and whether it is to be told now.
    private func advance(
        _ rule: Rule, _ labels: Labels, isFound: Bool, isBlind: Bool, _ state: inout RuleState, _ now: Timestamp,
        _ context: RuleContext,
        _ result: inout GroupResult
    ) {
        guard var alert = state.alerts[labels] else { return }
        let before = alert.state
        if isFound {
            if alert.state == .pending, now.milliseconds.subtractingSaturated(alert.activeAt) >= rule.hold.milliseconds
            {
                alert.state = .firing
                alert.firedAt = now.milliseconds
            }
        } else if alert.state == .inactive {
            if let resolvedAt = alert.resolvedAt,
                now.milliseconds.subtractingSaturated(resolvedAt)
                    > context.resolvedRetention.milliseconds
            {
                state.alerts[labels] = nil
                result.isChanged = true
                return
            }
        } else if isBlind || alert.restoredUntil.map({ now.milliseconds < $0 }) == true {
            // Nothing is known: it stays as it is.
        } else if alert.state == .pending {
            state.alerts[labels] = nil
            result.isChanged = true
            return
        } else {
            let since = alert.keepFiringSince ?? now.milliseconds
            if rule.keepFiring > .zero { alert.keepFiringSince = since }
            if rule.keepFiring == .zero || now.milliseconds.subtractingSaturated(since) >= rule.keepFiring.milliseconds
            {
                alert.state = .inactive
                alert.resolvedAt = now.milliseconds
            }
        }
        if alert.state != before { result.isChanged = true }
        if alert.needsSending(at: now, resendDelay: context.resendDelay) {
            var out = alert.alert(updatedAt: now, generatorURL: context.generatorURL(rule.query.text))
            out.labels = withExternalLabels(out.labels)
            result.alerts.append(out)
            alert.lastSentAt = now.milliseconds
        }
        state.alerts[labels] = alert
    }
}

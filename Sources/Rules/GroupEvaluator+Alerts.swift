import Alerts
import PromQL
import Samples
import Text

/// Alerting rules: turns the elements of an expression's result into alerts and their states.
extension GroupEvaluator {
    /// An element of the result, for its alert.
    private struct Candidate {
        let annotations: [String: String]
        let value: Double
    }

    /// - Returns: `ALERTS` and `ALERTS_FOR_STATE`.
    func alerted(
        _ rule: Rule, _ state: inout RuleState, _ elements: [VectorSample], _ turn: Turn, _ result: inout GroupResult
    ) throws(EvaluationError) -> [Sample] {
        lazy var evidence = DataEvidence(rule.query.expression, turn.source, at: turn.time)
        var found = try candidates(rule, elements, turn)
        if rule.noData == .alert, found.isEmpty, evidence.isMissing(for: nil, except: []) {
            let labels = rule.fixedLabels
            found[labels] = GroupEvaluator.noDataCandidate(rule)
        }
        // Over the limit the rule fails; its alerts stay as they are.
        if group.limit > 0, found.count > group.limit {
            throw EvaluationError(.limit, "exceeded limit of \(group.limit) with \(found.count) alerts")
        }
        let new = GroupEvaluator.update(&state, found, turn.now)
        if !new.isEmpty { result.isChanged = true }
        let ownLabels = Set(rule.labels.keys)
        for labels in state.alerts.keys.sorted() {
            let isFound = found[labels] != nil
            let isActive = state.alerts[labels].map { $0.state != .inactive } ?? false
            let lacksData =
                rule.noData != .resolve && !isFound && isActive && evidence.isMissing(for: labels, except: ownLabels)
            // A restored alert whose data is back may end at once.
            if !isFound, state.alerts[labels]?.restoredUntil.map({ turn.now.milliseconds < $0 }) == true,
                evidence.isComplete(for: labels, except: ownLabels)
            {
                state.alerts[labels]?.restoredUntil = nil
            }
            let before = state.alerts[labels]
            advance(rule, labels, isFound: isFound, lacksData: lacksData, &state, turn, &result)
            let isPending = state.alerts[labels]?.state == .pending
            if let before, before.state == .pending, new.contains(labels) ? isPending : state.alerts[labels] == nil {
                result.pending.append(
                    PendingChange(
                        labels: withExternalLabels(labels), summary: before.annotations["summary"] ?? "",
                        since: Timestamp(milliseconds: before.activeAt), hold: rule.hold, isOver: !isPending))
            }
        }
        return GroupEvaluator.samples(state, at: turn.time)
    }

    private func candidates(_ rule: Rule, _ elements: [VectorSample], _ turn: Turn) throws(EvaluationError)
        -> [Labels: Candidate]
    {
        let context = turn.context
        let functions = context.functions(turn.source, turn.limits, at: turn.time)
        var found: [Labels: Candidate] = [:]
        for element in elements {
            try turn.checkTime()
            let data = RuleTemplates.Data(
                labels: element.labels, value: element.value, externalLabels: context.externalLabels,
                externalURL: context.externalURL)
            let (labels, annotations) = rule.templates.expand(data, functions: functions)
            let all = element.labels.withoutName().merging(labels).setting("alertname", to: rule.name)
            let candidate = Candidate(annotations: annotations, value: element.value)
            guard found.updateValue(candidate, forKey: all) == nil else {
                throw EvaluationError(
                    .execution, "vector contains metrics with the same labelset after applying alert labels")
            }
        }
        return found
    }

    private static func noDataCandidate(_ rule: Rule) -> Candidate {
        Candidate(
            annotations: [
                "summary": "No data for \(rule.name)",
                "description": "The series that the rule reads are gone: \(rule.query.text)",
            ], value: .nan)
    }

    /// Applies the current result.
    /// - Returns: the labels of new alerts.
    private static func update(
        _ state: inout RuleState, _ found: [Labels: Candidate], _ now: Timestamp
    ) -> Set<Labels> {
        var new: Set<Labels> = []
        for (labels, candidate) in found {
            if state.alerts[labels].map({ $0.state != .inactive }) == true {
                state.alerts[labels]?.value = candidate.value
                state.alerts[labels]?.annotations = candidate.annotations
                state.alerts[labels]?.keepFiringSince = nil
                state.alerts[labels]?.restoredUntil = nil
            } else {
                state.alerts[labels] = ActiveAlert(
                    labels: labels.dictionary, annotations: candidate.annotations, value: candidate.value,
                    activeAt: now)
                new.insert(labels)
            }
        }
        return new
    }

    private static func samples(_ state: RuleState, at time: Timestamp) -> [Sample] {
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

    /// Advances one alert: pending → firing → inactive → forgotten; sends it when due.
    /// - Parameter lacksData: it is unknown whether the condition holds, so that the alert stays.
    private func advance(
        _ rule: Rule, _ labels: Labels, isFound: Bool, lacksData: Bool, _ state: inout RuleState, _ turn: Turn,
        _ result: inout GroupResult
    ) {
        guard var alert = state.alerts[labels] else { return }
        let (now, context) = (turn.now.milliseconds, turn.context)
        let before = alert.state
        if isFound {
            if alert.state == .pending, now.subtractingSaturated(alert.activeAt) >= rule.hold.milliseconds {
                alert.state = .firing
                alert.firedAt = now
            }
        } else if alert.state == .inactive {
            if let resolvedAt = alert.resolvedAt,
                now.subtractingSaturated(resolvedAt) > context.resolvedRetention.milliseconds
            {
                state.alerts[labels] = nil
                result.isChanged = true
                return
            }
        } else if lacksData || alert.restoredUntil.map({ now < $0 }) == true {
            // Unchanged.
        } else if alert.state == .pending {
            state.alerts[labels] = nil
            result.isChanged = true
            return
        } else {
            let since = alert.keepFiringSince ?? now
            if rule.keepFiring > .zero { alert.keepFiringSince = since }
            if rule.keepFiring == .zero || now.subtractingSaturated(since) >= rule.keepFiring.milliseconds {
                alert.state = .inactive
                alert.resolvedAt = now
            }
        }
        if alert.state != before { result.isChanged = true }
        if alert.needsSending(at: turn.now, resendDelay: context.resendDelay) {
            var out = alert.alert(updatedAt: turn.now, generatorURL: context.generatorURL(rule.query.text))
            out.labels = withExternalLabels(out.labels)
            result.alerts.append(out)
            alert.lastSentAt = now
        }
        state.alerts[labels] = alert
    }
}

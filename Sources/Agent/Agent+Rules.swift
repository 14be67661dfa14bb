import Alerts
import Rules
import Samples
import Text
import Web

/// Rule groups as the API and the pages show them.
extension Agent {
    static func view(_ group: RuleManager.GroupStatus) -> RuleGroupView {
        let evaluator = group.evaluator
        var view = RuleGroupView(
            name: evaluator.group.name, file: evaluator.group.file, interval: group.interval,
            limit: evaluator.group.limit,
            rules: zip(evaluator.group.rules, evaluator.rules).enumerated().map { index, pair in
                // After a reload that added rules the last evaluation had fewer.
                let isTimed = group.ruleSeconds.count == evaluator.rules.count
                return Agent.view(pair.0, pair.1, seconds: isTimed ? group.ruleSeconds[index] : group.lastDuration)
            },
            evaluationTime: group.lastDuration, lastEvaluation: group.lastEvaluation)
        view.lateness = group.lateness.seconds
        return view
    }

    private static func view(_ rule: Rule, _ state: GroupEvaluator.RuleState, seconds: Double) -> RuleView {
        let kind: RuleView.Kind
        switch rule.kind {
        case .recording: kind = .recording
        case .alerting:
            kind = .alerting(
                .init(
                    hold: rule.hold, keepFiring: rule.keepFiring, annotations: rule.annotations,
                    alerts: state.alerts.values.filter { $0.state != .inactive }.map { alert in
                        AlertView(
                            labels: Labels(alert.labels), annotations: alert.annotations,
                            state: alert.state == .firing ? .firing : .pending,
                            activeAt: Timestamp(milliseconds: alert.activeAt), value: alert.value,
                            keepFiringSince: alert.keepFiringSince.map { Timestamp(milliseconds: $0) })
                    }.sorted { $0.labels < $1.labels }))
        }
        var view = RuleView(
            name: rule.name, query: rule.query.text, labels: rule.labels, kind: kind,
            health: .init(rawValue: state.health.rawValue) ?? .unknown, lastError: state.lastError,
            evaluationTime: seconds, lastEvaluation: state.lastEvaluation)
        (view.series, view.samples, view.readsNothing) = (state.seriesRead, state.samplesRead, state.readsNothing)
        return view
    }
}

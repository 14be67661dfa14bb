import Alerts
import Dispatching
import Probes
import Rules
import Samples
import Text

/// Finds rules that are valid but probably not as intended.
struct RuleLint {
    var pollInterval: Duration = .seconds(5)
    /// For groups without an `interval`.
    var evaluationInterval: Duration = .seconds(15)
    /// Nil to check severities against the shipped configuration.
    var routes: RouteTree?

    /// - Parameter recorded: the metrics that recording rules of all files produce.
    func findings(_ set: RuleSet, recorded: Set<String>) -> [RuleSet.Finding] {
        set.groups.flatMap { group in group.rules.map { (group, $0) } }.flatMap { group, rule in
            var found: [String] = []
            for name in (rule.metricNames ?? []).sorted() where !recorded.contains(name) && !RuleLint.isExported(name) {
                found.append("\(rule.name) reads \(name), which no probe exports")
            }
            if let problem = holdProblem(rule, group) { found.append("\(rule.name): \(problem)") }
            for text in rule.query.unionsWithoutNames {
                found.append(
                    "\(rule.name): both sides of \"or\" have lost their metric's name, so that the right side is hidden wherever the left side has the same labels: \(text); compare each side, add them, or add a label to one side with label_replace"
                )
            }
            let names = rule.labels.keys.sorted() + (rule.kind == .recording ? [rule.name] : [])
            for name in names where !RuleLint.isClassic(name) {
                found.append(
                    "\(rule.name): the name \(name.quotedAsInGo) must be quoted in PromQL")
            }
            if rule.kind == .alerting, let problem = severityProblem(rule) { found.append("\(rule.name): \(problem)") }
            if rule.kind == .alerting, let problem = wordsProblem(rule) { found.append("\(rule.name): \(problem)") }
            return rule.templateFindings + found.map { RuleSet.Finding(position: rule.position, message: $0) }
        }
    }

    /// A single lost or late answer must not decide: a `for` must cover two evaluations, which happen with each poll of
    /// what the rule reads. A group that is evaluated that often may confirm once.
    private func holdProblem(_ rule: Rule, _ group: RuleGroup) -> String? {
        guard rule.hold > .zero else { return nil }
        let hold = rule.hold.prometheusDescription
        if rule.hold < pollInterval {
            return "for \(hold) is shorter than the poll interval, \(pollInterval.prometheusDescription)"
        }
        guard group.interval ?? evaluationInterval > pollInterval, rule.hold < pollInterval * 2 else { return nil }
        return
            "for \(hold) is shorter than two evaluations, which come with each poll, every \(pollInterval.prometheusDescription); write at least \((pollInterval * 2).prometheusDescription), or 0"
    }

    /// Whether the probes or the agent export a metric. The agent's own metrics share a prefix.
    static func isExported(_ name: String) -> Bool {
        Catalogue.entry(forSeries: name) != nil || name.hasPrefix("vaultwatch_") || name.hasPrefix("process_")
            || name == "ALERTS" || name == "ALERTS_FOR_STATE"
    }

    /// Whether PromQL accepts a name without quotes: letters, digits (not first), underscores and colons.
    private static func isClassic(_ name: String) -> Bool {
        name.first?.isNumber != true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
    }

    /// Whoever is woken reads first what users lose, and why: pages and messages begin with these two annotations.
    private func wordsProblem(_ rule: Rule) -> String? {
        guard Severity(label: rule.labels["severity"]) >= .high else { return nil }
        let missing = ["impact", "because"].filter { name in
            rule.annotations[name]?.contains { !$0.isWhitespace } != true
        }
        guard !missing.isEmpty else { return nil }
        return
            "no annotation \(missing.joined(separator: " and no ")): write in a sentence each what users lose (impact) and the evidence for it (because), with which pages and messages begin"
    }

    private func severityProblem(_ rule: Rule) -> String? {
        // The result of a template is not known.
        let labels = rule.labels.filter { !$0.value.contains("{{") }
        guard let severity = labels["severity"], !severity.isEmpty else {
            // It may be a template, or a label of what the expression reads.
            let isElsewhere = rule.labels["severity"]?.contains("{{") == true || rule.query.text.contains("severity")
            return isElsewhere ? nil : "no severity: routes, escalation and the default receivers depend on it"
        }
        guard let routes else {
            return Severity(label: severity) != .unknown
                ? nil
                : "severity \(severity.quotedAsInGo) is not one of those routed by default: critical, high, medium, low"
        }
        let isRouted = routes.matching(Labels(labels.merging(["alertname": rule.name]) { _, name in name })).contains {
            $0.index != routes.root.index
        }
        let asksForSeverity = routes.nodes.contains { $0.matchers.contains { $0.name == "severity" } }
        return isRouted || !asksForSeverity
            ? nil
            : "severity \(severity.quotedAsInGo) has no route; only the root receiver \(routes.root.receiver.quotedAsInGo) would be notified"
    }
}
